"""Every pair of state and event, lawful or not, and what a fold of events may look like."""

import itertools

import pytest

from catalog.domain.items import ItemStatus
from circulation.domain import states
from circulation.domain.states import (
    CRATE_TRANSITIONS,
    ITEM_TRANSITIONS,
    LOAN_TRANSITIONS,
    MOVE_TRANSITIONS,
    OPEN_REQUEST_STATES,
    PLAN_TRANSITIONS,
    REQUEST_TRANSITIONS,
    TRANSIT_TRANSITIONS,
    CrateEvent,
    CrateState,
    IllegalTransition,
    ItemEventKind,
    LoanEvent,
    LoanState,
    MoveEvent,
    MoveState,
    PlanEvent,
    PlanState,
    RequestEvent,
    RequestState,
    TransitEvent,
    TransitState,
    advance,
)

TABLES = [
    (ITEM_TRANSITIONS, ItemStatus, ItemEventKind),
    (LOAN_TRANSITIONS, LoanState, LoanEvent),
    (REQUEST_TRANSITIONS, RequestState, RequestEvent),
    (TRANSIT_TRANSITIONS, TransitState, TransitEvent),
    (CRATE_TRANSITIONS, CrateState, CrateEvent),
    (MOVE_TRANSITIONS, MoveState, MoveEvent),
    (PLAN_TRANSITIONS, PlanState, PlanEvent),
]
PAIRS = [
    pytest.param(table, state, event, id=f"{state.name}-{event.name}")
    for table, all_states, all_events in TABLES
    for state, event in itertools.product(all_states, all_events)
]


@pytest.mark.parametrize(("table", "state", "event"), PAIRS)
def test_every_pair_either_leads_to_a_state_or_is_an_error(table, state, event):
    if (state, event) in table:
        assert type(advance(table, state=state, event=event)) is type(state)
    else:
        with pytest.raises(IllegalTransition, match=state.name):
            advance(table, state=state, event=event)


@pytest.mark.parametrize("status", list(ItemStatus))
def test_a_return_leads_somewhere_from_every_status(status):
    """CI-1."""
    after = advance(ITEM_TRANSITIONS, state=status, event=ItemEventKind.CHECKED_IN)

    expected = ItemStatus.WITHDRAWN if status == ItemStatus.WITHDRAWN else ItemStatus.AVAILABLE
    assert after == expected


@pytest.mark.parametrize("status", list(ItemStatus))
def test_every_status_can_be_reached_by_some_event(status):
    assert status in {*ITEM_TRANSITIONS.values(), ItemStatus.RESHELVING, ItemStatus.ON_ORDER}


def test_ended_requests_and_transits_are_ended():
    ended = set(RequestState) - set(OPEN_REQUEST_STATES)

    assert not [pair for pair in REQUEST_TRANSITIONS if pair[0] in ended]
    assert not [
        pair
        for pair in TRANSIT_TRANSITIONS
        if pair[0] in (TransitState.RECEIVED, TransitState.CANCELLED)
    ]


def test_the_tables_name_only_their_own_kinds():
    for table, state_type, event_type in TABLES:
        for (state, event), after in table.items():
            assert isinstance(state, state_type), (state, event)
            assert isinstance(event, event_type), (state, event)
            assert isinstance(after, state_type), (state, event)


def test_no_table_of_states_is_left_untested():
    named = {id(table) for name, table in vars(states).items() if name.endswith("_TRANSITIONS")}

    assert named == {id(table) for table, _states, _events in TABLES}
