"""The states of an item, a loan, a request, a transit and a rebalancing move, and what may follow.

Rule 1: a state changes only through an event, and only as the tables below say. A pair that is
missing from a table is an error (``IllegalTransition``), never a silent no-op.

Rule 2: ``CHECKED_IN`` leads somewhere from *every* item status. A book in our hands is taken in
(house §1.4); what is odd about it becomes a staff exception, not a refusal.

Rule 3: a scan in hand beats the plan. A copy that should be in a crate, on another reader's way or
missing may be lent when it lies on the desk; the transit it was on is then cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from catalog.domain.items import ItemStatus


class ItemEventKind(StrEnum):
    ADDED = "added"  # first seen; the only event without a state before it
    CHECKED_OUT = "checked_out"
    CHECKED_IN = "checked_in"  # handed in, from whatever state
    RENEWED = "renewed"
    RECALLED = "recalled"  # its owner or another reader needs it: due sooner
    SET_ASIDE = "set_aside"  # for a transit
    DISPATCHED = "dispatched"
    RECEIVED = "received"  # came out of a crate
    HELD = "held"  # put on the hold shelf for one reader
    RELEASED = "released"  # no longer for that reader, or no longer on its way
    FLOATED = "floated"  # stays at a branch that is not its home
    CLAIMED = "claimed"  # the reader says it was returned
    LOST = "lost"
    MISSED = "missed"  # staff could not find it
    DAMAGED = "damaged"  # kept off the shelf until somebody has looked at it
    PROCESSED = "processed"  # made ready for the shelf
    WITHDRAWN = "withdrawn"


class LoanState(StrEnum):
    """Read off the dates of a loan; no column holds it."""

    OPEN = "open"
    CLAIMED = "claimed"  # still open: the reader says it was returned, nobody has found it
    LOST = "lost"  # ended without the copy; what it costs is on the account
    CLOSED = "closed"


class LoanEvent(StrEnum):
    RENEWED = "renewed"
    RECALLED = "recalled"  # due sooner; once a loan
    CLAIMED = "claimed"
    LOST = "lost"
    RETURNED = "returned"
    FOUND = "found"  # handed in after it counted as lost


class RequestState(StrEnum):
    WAITING = "waiting"  # in the queue, no copy assigned
    SUSPENDED = "suspended"  # keeps its place, but is passed over
    IN_TRANSIT = "in_transit"  # a copy travels to the pickup branch
    READY = "ready"  # on the hold shelf
    FILLED = "filled"  # collected
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # not collected in time


class RequestEvent(StrEnum):
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    MOVED = "moved"  # to be collected at another branch
    SENT = "sent"  # a copy was set on its way
    ARRIVED = "arrived"  # a copy is on the hold shelf
    LENT = "lent"  # the reader has it
    RELEASED = "released"  # the copy is no longer for this reader; the place in the queue stays
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class TransitState(StrEnum):
    PENDING = "pending"  # the copy is set aside at the origin
    DISPATCHED = "dispatched"  # it left
    RECEIVED = "received"
    CANCELLED = "cancelled"


class TransitEvent(StrEnum):
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    CANCELLED = "cancelled"  # lent or handed in somewhere else first


class CrateState(StrEnum):
    OPEN = "open"  # copies are put in
    CLOSED = "closed"
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"  # the crate is here, its copies are being scanned out
    EMPTIED = "emptied"  # every copy of the manifest was accounted for


class CrateEvent(StrEnum):
    PACKED = "packed"
    CLOSED = "closed"
    REOPENED = "reopened"
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    EMPTIED = "emptied"


class TransitReason(StrEnum):
    TO_PICKUP = "to_pickup"
    TO_HOME = "to_home"
    REBALANCE = "rebalance"


class MoveState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    VETOED = "vetoed"
    IN_TRANSIT = "in_transit"
    DONE = "done"
    DROPPED = "dropped"  # the copy changed state first: circulation wins


class MoveEvent(StrEnum):
    APPROVED = "approved"
    VETOED = "vetoed"
    SET_ASIDE = "set_aside"  # the copy is in its crate's pile
    ARRIVED = "arrived"
    DROPPED = "dropped"  # the copy was needed otherwise, or the next night has its own plan


class PlanState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"


class PlanEvent(StrEnum):
    APPROVED = "approved"  # an institution approved what leaves its branches
    FINISHED = "finished"  # no move is open any more
    SUPERSEDED = "superseded"  # nobody approved it before the next one was made


class ReturnPolicy(StrEnum):
    HOME = "home"  # send it home
    FLOAT = "float"  # it stays where it was returned
    HOLD_FIRST = "hold_first"  # serve a waiting reader first, else home


class IllegalTransition(ValueError):  # noqa: N818 - the house name (style §3.3)
    """An event that must not happen in this state: a fault of ours, never of the reader."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        super().__init__(f"{type(event).__name__}.{event.name} may not follow {state.name}")
        self.state = state
        self.event = event


_I, _E = ItemStatus, ItemEventKind

_LENDABLE: Final = (
    _I.AVAILABLE,
    _I.RESHELVING,
    _I.ON_HOLD_SHELF,
    _I.IN_TRANSIT,
    _I.MISSING,
    _I.CLAIMED_RETURNED,
    _I.LOST,
)
_IN_HOUSE: Final = (
    _I.AVAILABLE,
    _I.RESHELVING,
    _I.ON_HOLD_SHELF,
    _I.IN_TRANSIT,
    _I.IN_PROCESS,
    _I.MISSING,
)

# CHECKED_IN and RECEIVED lead to AVAILABLE; where the copy must go on from there, a second event
# in the same transaction says so (SET_ASIDE, HELD, FLOATED).
ITEM_TRANSITIONS: Final[Mapping[tuple[ItemStatus, ItemEventKind], ItemStatus]] = {
    **{(status, _E.CHECKED_IN): _I.AVAILABLE for status in _I if status != _I.WITHDRAWN},
    (_I.WITHDRAWN, _E.CHECKED_IN): _I.WITHDRAWN,  # staff decide; it must not be lent by itself
    **{(status, _E.CHECKED_OUT): _I.ON_LOAN for status in _LENDABLE},
    (_I.ON_LOAN, _E.RENEWED): _I.ON_LOAN,
    (_I.ON_LOAN, _E.RECALLED): _I.ON_LOAN,
    (_I.IN_TRANSIT, _E.RECEIVED): _I.AVAILABLE,
    (_I.AVAILABLE, _E.SET_ASIDE): _I.IN_TRANSIT,
    (_I.AVAILABLE, _E.HELD): _I.ON_HOLD_SHELF,
    (_I.AVAILABLE, _E.FLOATED): _I.AVAILABLE,
    (_I.IN_TRANSIT, _E.DISPATCHED): _I.IN_TRANSIT,
    (_I.ON_HOLD_SHELF, _E.RELEASED): _I.AVAILABLE,
    (_I.IN_TRANSIT, _E.RELEASED): _I.AVAILABLE,  # a transit cancelled before it left
    (_I.ON_LOAN, _E.CLAIMED): _I.CLAIMED_RETURNED,
    (_I.ON_LOAN, _E.LOST): _I.LOST,
    (_I.CLAIMED_RETURNED, _E.LOST): _I.LOST,
    **{(status, _E.LOST): _I.LOST for status in _IN_HOUSE},
    **{(status, _E.MISSED): _I.MISSING for status in _IN_HOUSE if status != _I.MISSING},
    **{
        (status, _E.DAMAGED): _I.IN_PROCESS
        for status in (_I.AVAILABLE, _I.RESHELVING, _I.ON_HOLD_SHELF, _I.IN_TRANSIT, _I.IN_PROCESS)
    },
    (_I.RESHELVING, _E.PROCESSED): _I.AVAILABLE,
    (_I.IN_PROCESS, _E.PROCESSED): _I.AVAILABLE,
    (_I.ON_ORDER, _E.PROCESSED): _I.IN_PROCESS,
    **{(status, _E.WITHDRAWN): _I.WITHDRAWN for status in _I if status != _I.WITHDRAWN},
}

LOAN_TRANSITIONS: Final[Mapping[tuple[LoanState, LoanEvent], LoanState]] = {
    (LoanState.OPEN, LoanEvent.RENEWED): LoanState.OPEN,
    (LoanState.OPEN, LoanEvent.RECALLED): LoanState.OPEN,
    (LoanState.OPEN, LoanEvent.CLAIMED): LoanState.CLAIMED,
    (LoanState.OPEN, LoanEvent.LOST): LoanState.LOST,
    (LoanState.OPEN, LoanEvent.RETURNED): LoanState.CLOSED,
    (LoanState.CLAIMED, LoanEvent.LOST): LoanState.LOST,
    (LoanState.CLAIMED, LoanEvent.RETURNED): LoanState.CLOSED,
    (LoanState.LOST, LoanEvent.FOUND): LoanState.CLOSED,
}

_R, _Q = RequestState, RequestEvent
OPEN_REQUEST_STATES: Final = (_R.WAITING, _R.SUSPENDED, _R.IN_TRANSIT, _R.READY)

REQUEST_TRANSITIONS: Final[Mapping[tuple[RequestState, RequestEvent], RequestState]] = {
    (_R.WAITING, _Q.SUSPENDED): _R.SUSPENDED,
    (_R.SUSPENDED, _Q.SUSPENDED): _R.SUSPENDED,  # until another day
    (_R.SUSPENDED, _Q.RESUMED): _R.WAITING,
    (_R.WAITING, _Q.MOVED): _R.WAITING,
    (_R.SUSPENDED, _Q.MOVED): _R.SUSPENDED,
    (_R.IN_TRANSIT, _Q.MOVED): _R.IN_TRANSIT,  # sent on from where it arrives
    (_R.WAITING, _Q.SENT): _R.IN_TRANSIT,
    (_R.WAITING, _Q.ARRIVED): _R.READY,
    (_R.IN_TRANSIT, _Q.SENT): _R.IN_TRANSIT,  # handed in on the way and sent on
    (_R.IN_TRANSIT, _Q.ARRIVED): _R.READY,
    (_R.READY, _Q.SENT): _R.IN_TRANSIT,  # scanned at a branch that is not the pickup branch
    (_R.READY, _Q.ARRIVED): _R.READY,  # scanned again on its own hold shelf
    **{(state, _Q.LENT): _R.FILLED for state in OPEN_REQUEST_STATES},
    (_R.IN_TRANSIT, _Q.RELEASED): _R.WAITING,
    (_R.READY, _Q.RELEASED): _R.WAITING,
    **{(state, _Q.CANCELLED): _R.CANCELLED for state in OPEN_REQUEST_STATES},
    (_R.WAITING, _Q.EXPIRED): _R.EXPIRED,  # no longer needed
    (_R.SUSPENDED, _Q.EXPIRED): _R.EXPIRED,
    (_R.READY, _Q.EXPIRED): _R.EXPIRED,
}

_T, _V = TransitState, TransitEvent
OPEN_TRANSIT_STATES: Final = (_T.PENDING, _T.DISPATCHED)

TRANSIT_TRANSITIONS: Final[Mapping[tuple[TransitState, TransitEvent], TransitState]] = {
    (_T.PENDING, _V.DISPATCHED): _T.DISPATCHED,
    (_T.PENDING, _V.RECEIVED): _T.RECEIVED,  # it came although nobody scanned it out
    (_T.DISPATCHED, _V.RECEIVED): _T.RECEIVED,
    (_T.PENDING, _V.CANCELLED): _T.CANCELLED,
    (_T.DISPATCHED, _V.CANCELLED): _T.CANCELLED,
}

_C, _W = CrateState, CrateEvent
OPEN_CRATE_STATES: Final = (_C.OPEN, _C.CLOSED, _C.DISPATCHED, _C.ARRIVED)

CRATE_TRANSITIONS: Final[Mapping[tuple[CrateState, CrateEvent], CrateState]] = {
    (_C.OPEN, _W.PACKED): _C.OPEN,
    (_C.OPEN, _W.CLOSED): _C.CLOSED,
    (_C.CLOSED, _W.REOPENED): _C.OPEN,
    (_C.CLOSED, _W.DISPATCHED): _C.DISPATCHED,
    (_C.CLOSED, _W.ARRIVED): _C.ARRIVED,  # it came although nobody scanned it out
    (_C.DISPATCHED, _W.ARRIVED): _C.ARRIVED,
    (_C.ARRIVED, _W.EMPTIED): _C.EMPTIED,
}

_M, _N = MoveState, MoveEvent
OPEN_MOVE_STATES: Final = (_M.PROPOSED, _M.APPROVED, _M.IN_TRANSIT)

MOVE_TRANSITIONS: Final[Mapping[tuple[MoveState, MoveEvent], MoveState]] = {
    (_M.PROPOSED, _N.APPROVED): _M.APPROVED,
    (_M.PROPOSED, _N.VETOED): _M.VETOED,
    (_M.PROPOSED, _N.DROPPED): _M.DROPPED,
    (_M.APPROVED, _N.VETOED): _M.VETOED,
    (_M.APPROVED, _N.SET_ASIDE): _M.IN_TRANSIT,
    (_M.APPROVED, _N.DROPPED): _M.DROPPED,
    (_M.VETOED, _N.APPROVED): _M.APPROVED,  # a change of mind
    (_M.IN_TRANSIT, _N.ARRIVED): _M.DONE,
    (_M.IN_TRANSIT, _N.DROPPED): _M.DROPPED,
}

PLAN_TRANSITIONS: Final[Mapping[tuple[PlanState, PlanEvent], PlanState]] = {
    (PlanState.PROPOSED, PlanEvent.APPROVED): PlanState.APPROVED,
    (PlanState.APPROVED, PlanEvent.APPROVED): PlanState.APPROVED,  # the next institution's part
    (PlanState.PROPOSED, PlanEvent.SUPERSEDED): PlanState.REJECTED,
    (PlanState.APPROVED, PlanEvent.FINISHED): PlanState.DONE,
}

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def advance(table: Mapping[tuple[State, Event], State], *, state: State, event: Event) -> State:
    """The state after ``event``.

    Raises ``IllegalTransition`` when the table has no such pair.

    >>> advance(LOAN_TRANSITIONS, state=LoanState.OPEN, event=LoanEvent.RETURNED)
    <LoanState.CLOSED: 'closed'>
    """
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None
