"""CI-: a copy is in our hands; what closes, and where does it go next?"""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.items import ItemStatus
from circulation.domain.checkin import (
    Accepted,
    CheckinFacts,
    Oddity,
    ToHoldShelf,
    ToShelf,
    ToStaff,
    ToTransit,
    decide_checkin,
)
from circulation.domain.facts import MoveFacts, RequestFacts, TransitFacts
from circulation.domain.policies import LoanRule
from circulation.domain.scans import Ambiguous, Candidate, Unknown, settle_return
from circulation.domain.states import (
    ReturnPolicy,
    TransitEvent,
    TransitReason,
    TransitState,
)
from tests.circulation.domain.examples import (
    ELSEWHERE,
    HOME,
    NOW,
    THIRD,
    copy,
    desk,
    open_loan,
    terms,
)

ON_LOAN = copy(status=ItemStatus.ON_LOAN, loan=open_loan())
WAITS_HERE = RequestFacts(id=51, patron_id=8, pickup_id=ELSEWHERE)
WAITS_AT_HOME = RequestFacts(id=52, patron_id=9, pickup_id=HOME)
MOVE = MoveFacts(id=60, destination_id=THIRD)
ROAD = TransitFacts(
    id=70, state=TransitState.DISPATCHED, reason=TransitReason.TO_HOME, destination_id=HOME
)


def accept(*, at=ELSEWHERE, policy=ReturnPolicy.HOLD_FIRST, rules=(), **given) -> Accepted:
    facts = {
        "copy": ON_LOAN,
        "desk": desk(branch_id=at),
        "terms": terms(*rules, LoanRule(code="p", owner="CD", return_policy=policy)),
        "now": NOW,
        **given,
    }
    return decide_checkin(CheckinFacts(**facts))


def test_the_loan_closes_and_the_copy_stays_at_home():
    """CI-1, CI-8."""
    accepted = accept(at=HOME)

    assert (accepted.closes_loan, accepted.next) == (900, ToShelf())
    assert (accepted.fee, accepted.days_late, accepted.oddities) == (0, 0, ())


def test_away_from_home_the_policy_of_the_owner_decides():
    """CI-8."""
    home = ToTransit(reason=TransitReason.TO_HOME, destination_id=HOME)

    assert accept(policy=ReturnPolicy.FLOAT).next == ToShelf()
    assert accept(policy=ReturnPolicy.HOME).next == home
    assert accept(policy=ReturnPolicy.HOLD_FIRST).next == home


def test_a_reader_who_collects_here_comes_first():
    """CI-4."""
    accepted = accept(queue=(WAITS_HERE, WAITS_AT_HOME))

    assert accepted.next == ToHoldShelf(request_id=51)


def test_a_reader_who_collects_elsewhere_is_sent_the_copy():
    """CI-5."""
    accepted = accept(queue=(WAITS_AT_HOME,), policy=ReturnPolicy.FLOAT)

    assert accepted.next == ToTransit(
        reason=TransitReason.TO_PICKUP, destination_id=HOME, request_id=52
    )


def test_the_queue_is_kept_whoever_is_nearer():
    """CI-5, RQ-6."""
    earlier = replace(WAITS_AT_HOME, id=40)

    assert accept(queue=(WAITS_HERE, earlier)).next.request_id == 40


def test_under_policy_home_the_queue_is_served_from_the_home_branch_only():
    """CI-4."""
    away = accept(queue=(WAITS_HERE,), policy=ReturnPolicy.HOME)
    at_home = accept(at=HOME, queue=(WAITS_HERE,), policy=ReturnPolicy.HOME)

    assert away.next == ToTransit(reason=TransitReason.TO_HOME, destination_id=HOME)
    assert at_home.next.request_id == 51


@pytest.mark.parametrize(
    "kept",
    [
        {"copy": replace(ON_LOAN, owner_is_suspended=True)},
        {"copy": replace(ON_LOAN, is_lendable=False)},
        {"rules": (LoanRule(code="r", owner="JJ", is_lendable=False),)},
    ],
)
def test_a_copy_that_may_not_be_lent_serves_nobody_but_is_taken_back(kept):
    """CI-4, CI-1."""
    accepted = accept(queue=(WAITS_HERE,), **kept)

    assert accepted.closes_loan == 900
    assert accepted.next == ToTransit(reason=TransitReason.TO_HOME, destination_id=HOME)


def test_a_request_for_one_copy_is_not_served_by_another():
    """RQ-6."""
    other = replace(WAITS_HERE, item_id=101)
    this = replace(WAITS_HERE, id=53, item_id=100)

    assert accept(queue=(other,)).next == ToTransit(
        reason=TransitReason.TO_HOME, destination_id=HOME
    )
    assert accept(queue=(other, this)).next == ToHoldShelf(request_id=53)


def test_the_reader_a_copy_was_set_aside_for_keeps_it():
    """CI-5, RQ-8: whoever else asked meanwhile."""
    shelf = copy(status=ItemStatus.ON_HOLD_SHELF, assigned=WAITS_HERE)

    accepted = accept(copy=shelf, queue=(replace(WAITS_AT_HOME, id=1),))

    assert accepted.next == ToHoldShelf(request_id=51)
    assert accepted.releases_request is None


def test_an_approved_plan_takes_the_copy_when_nobody_waits():
    """CI-7."""
    accepted = accept(move=MOVE)

    assert accepted.next == ToTransit(
        reason=TransitReason.REBALANCE, destination_id=THIRD, move_id=60
    )
    assert accepted.drops_move is None


def test_a_waiting_reader_beats_the_plan():
    """CI-7."""
    accepted = accept(move=MOVE, queue=(WAITS_HERE,))

    assert (accepted.next, accepted.drops_move) == (ToHoldShelf(request_id=51), 60)


def test_a_copy_that_came_by_plan_stays_unless_somebody_waits():
    """CI-6."""
    came = copy(
        status=ItemStatus.IN_TRANSIT,
        transit=replace(ROAD, reason=TransitReason.REBALANCE, destination_id=ELSEWHERE),
    )

    stays = accept(copy=came, policy=ReturnPolicy.HOME)
    serves = accept(copy=came, queue=(WAITS_HERE,))

    assert (stays.next, stays.transit_event) == (ToShelf(), TransitEvent.RECEIVED)
    assert serves.next == ToHoldShelf(request_id=51)


def test_a_transit_is_received_at_its_destination_and_cancelled_anywhere_else():
    """CI-11."""
    travelling = copy(status=ItemStatus.IN_TRANSIT, current_id=THIRD, transit=ROAD)

    assert accept(at=HOME, copy=travelling).transit_event == TransitEvent.RECEIVED
    astray = accept(at=ELSEWHERE, copy=travelling)
    assert astray.transit_event == TransitEvent.CANCELLED
    assert astray.next == ToTransit(reason=TransitReason.TO_HOME, destination_id=HOME)


def test_a_second_scan_where_it_was_set_aside_changes_nothing():
    """CI-11."""
    pending = replace(ROAD, state=TransitState.PENDING)
    waiting = copy(status=ItemStatus.IN_TRANSIT, current_id=ELSEWHERE, transit=pending)

    again = accept(copy=waiting)
    changed = accept(copy=waiting, queue=(WAITS_HERE,))

    assert again.transit_event is None
    assert again.next == ToTransit(reason=TransitReason.TO_HOME, destination_id=HOME)
    assert changed.transit_event == TransitEvent.CANCELLED
    assert changed.next == ToHoldShelf(request_id=51)


@pytest.mark.parametrize(
    ("status", "oddity"),
    [
        ("lost", Oddity.WAS_LOST),
        ("missing", Oddity.WAS_MISSING),
        ("claimed_returned", Oddity.WAS_CLAIMED),
        ("on_order", Oddity.WAS_NOT_PROCESSED),
        ("in_process", Oddity.WAS_NOT_PROCESSED),
    ],
)
def test_an_odd_state_is_accepted_and_shown_to_staff(status, oddity):
    """CI-3."""
    accepted = accept(at=HOME, copy=copy(status=ItemStatus(status)))

    assert (accepted.oddities, accepted.next) == ((oddity,), ToShelf())


def test_a_withdrawn_copy_goes_to_staff_whoever_waits():
    """CI-3."""
    accepted = accept(copy=copy(status=ItemStatus.WITHDRAWN), queue=(WAITS_HERE,), move=MOVE)

    assert accepted.next == ToStaff()
    assert accepted.oddities == (Oddity.WAS_WITHDRAWN,)
    assert accepted.drops_move == 60


def test_a_late_return_owes_the_fee_of_the_loans_rules():
    """CI-9, CI-10."""
    late = replace(ON_LOAN, loan=open_loan(due_in_days=-3))
    rule = LoanRule(code="fee", owner="JJ", fee_per_day=Decimal("0.2"), fee_cap=Decimal(30))

    accepted = accept(at=HOME, copy=late, rules=(rule,))

    assert (accepted.days_late, accepted.fee) == (3, Decimal("0.60"))


def test_a_copy_that_was_not_on_loan_owes_nothing():
    """CI-1."""
    accepted = accept(at=HOME, copy=copy())

    assert (accepted.closes_loan, accepted.fee, accepted.oddities) == (None, 0, ())


def test_a_repeated_barcode_is_settled_by_owner_then_by_the_one_on_loan():
    """CI-12, CI-2."""
    lent = Candidate(item_id=1, owner="JJ", is_on_loan=True, is_here=False)
    shelved = Candidate(item_id=2, owner="ZY", is_on_loan=False, is_here=True)

    assert settle_return([lent, shelved]) == 1
    assert settle_return([lent, shelved], owner="ZY") == 2
    both = replace(shelved, is_on_loan=True)
    assert settle_return([lent, both]) == Ambiguous(owners=("JJ", "ZY"))
    assert settle_return([lent], owner="MY") == Unknown()


@given(
    status=st.sampled_from(ItemStatus),
    at=st.sampled_from([HOME, ELSEWHERE, THIRD]),
    policy=st.sampled_from(ReturnPolicy),
    is_suspended=st.booleans(),
    has_loan=st.booleans(),
    has_transit=st.booleans(),
    queue=st.sets(st.sampled_from([WAITS_HERE, WAITS_AT_HOME])),
    move=st.sampled_from([None, MOVE]),
)
def test_no_combination_of_facts_refuses_a_return(
    status, at, policy, is_suspended, has_loan, has_transit, queue, move
):
    """CI-1."""
    odd = copy(
        status=status,
        owner_is_suspended=is_suspended,
        loan=open_loan() if has_loan else None,
        transit=ROAD if has_transit else None,
    )

    accepted = accept(at=at, policy=policy, copy=odd, queue=tuple(queue), move=move)

    assert (accepted.closes_loan is not None) == has_loan
    where = accepted.next
    assert isinstance(where, ToShelf | ToHoldShelf | ToTransit | ToStaff)
    assert not isinstance(where, ToTransit) or where.destination_id != at
