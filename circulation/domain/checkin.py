"""A copy is in our hands: what closes, and where does it go next: RULES.md, CI-.

The same decision serves a return by a reader and the unpacking of a crate. It never refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import days_late
from circulation.domain.facts import CopyFacts, DeskFacts, MoveFacts, RequestFacts
from circulation.domain.fees import NOTHING, overdue_fee
from circulation.domain.policies import Terms
from circulation.domain.requests import next_in_queue
from circulation.domain.states import ReturnPolicy, TransitEvent, TransitReason


class Oddity(StrEnum):
    """Why staff should look at a return that was accepted (CI-2, CI-3)."""

    UNKNOWN_BARCODE = "unknown_barcode"
    AMBIGUOUS_BARCODE = "ambiguous_barcode"
    WAS_LOST = "was_lost"
    WAS_MISSING = "was_missing"
    WAS_CLAIMED = "was_claimed"
    WAS_WITHDRAWN = "was_withdrawn"
    WAS_NOT_PROCESSED = "was_not_processed"


ODD_STATUSES: Final = {
    ItemStatus.LOST: Oddity.WAS_LOST,
    ItemStatus.MISSING: Oddity.WAS_MISSING,
    ItemStatus.CLAIMED_RETURNED: Oddity.WAS_CLAIMED,
    ItemStatus.WITHDRAWN: Oddity.WAS_WITHDRAWN,
    ItemStatus.ON_ORDER: Oddity.WAS_NOT_PROCESSED,
    ItemStatus.IN_PROCESS: Oddity.WAS_NOT_PROCESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckinFacts:
    copy: CopyFacts
    desk: DeskFacts
    terms: Terms  # under which it was lent; of an ordinary loan when it was not on loan
    queue: tuple[RequestFacts, ...] = ()  # who waits for any copy of this title
    move: MoveFacts | None = None  # what an approved plan wants, from this branch
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToShelf:
    """It stays here, free to borrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToHoldShelf:
    request_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTransit:
    reason: TransitReason
    destination_id: int
    request_id: int | None = None
    move_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStaff:
    """Put aside for staff: it must not go back to the shelf by itself."""


Next = ToShelf | ToHoldShelf | ToTransit | ToStaff


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    next: Next
    closes_loan: int | None = None
    days_late: int = 0
    fee: Decimal = NOTHING  # CNY, belongs to the owner
    transit_event: TransitEvent | None = None  # what happens to the transit it was on
    releases_request: int | None = None  # it was set aside for this one and will not serve it
    drops_move: int | None = None  # circulation wins over the plan
    oddities: tuple[Oddity, ...] = ()


def decide_checkin(facts: CheckinFacts) -> Accepted:
    """What a return closes and where the copy goes next; never a refusal (CI-1)."""
    copy = facts.copy
    where = _next_place(facts)
    late, fee = _lateness(facts)
    served = where.request_id if isinstance(where, ToHoldShelf | ToTransit) else None
    is_moved = isinstance(where, ToTransit) and where.move_id is not None
    assigned = copy.assigned
    odd = ODD_STATUSES.get(copy.status)
    return Accepted(
        next=where,
        closes_loan=copy.loan.id if copy.loan else None,
        days_late=late,
        fee=fee,
        transit_event=_transit_event(facts, where=where),
        releases_request=assigned.id if assigned and assigned.id != served else None,
        drops_move=facts.move.id if facts.move and not is_moved else None,
        oddities=(odd,) if odd else (),
    )


def _lateness(facts: CheckinFacts) -> tuple[int, Decimal]:
    """CI-9 and CI-10: days late by the calendar of this branch, and what they cost."""
    loan, terms = facts.copy.loan, facts.terms
    if loan is None:
        return 0, NOTHING
    # LO-2: who said it was returned owes nothing for the days it was looked for.
    returned = min(facts.now, loan.claimed_at or facts.now)
    late = days_late(due=loan.due_at, returned=returned, calendar=facts.desk.calendar)
    fee = overdue_fee(
        days_late=late,
        per_day=terms.fee_per_day,
        cap=terms.fee_cap,
        grace_days=terms.grace_days,
        step_days=terms.fee_step_days,
        per_day_after=terms.fee_per_day_after,
    )
    return late, fee


def _next_place(facts: CheckinFacts) -> Next:
    copy, here = facts.copy, facts.desk.branch_id
    if copy.status == ItemStatus.WITHDRAWN:  # CI-3
        return ToStaff()
    request = _first_to_serve(facts)
    if request is not None:  # CI-4, CI-5
        if request.pickup_id == here:
            return ToHoldShelf(request_id=request.id)
        return ToTransit(
            reason=TransitReason.TO_PICKUP,
            destination_id=request.pickup_id,
            request_id=request.id,
        )
    if _arrived_by_plan(facts):  # CI-6
        return ToShelf()
    if facts.move is not None and facts.move.destination_id != here:  # CI-7
        return ToTransit(
            reason=TransitReason.REBALANCE,
            destination_id=facts.move.destination_id,
            move_id=facts.move.id,
        )
    return _home_or_stay(facts)  # CI-8


def _home_or_stay(facts: CheckinFacts) -> Next:
    home_id = facts.copy.home_id
    if facts.desk.branch_id == home_id or facts.terms.return_policy == ReturnPolicy.FLOAT:
        return ToShelf()
    return ToTransit(reason=TransitReason.TO_HOME, destination_id=home_id)


def _first_to_serve(facts: CheckinFacts) -> RequestFacts | None:
    """The reader this copy goes to; nobody when it may not be lent or must go home first."""
    copy = facts.copy
    if copy.owner_is_suspended or not (copy.is_lendable and facts.terms.is_lendable):
        return None
    is_away = facts.desk.branch_id != copy.home_id
    if copy.assigned is not None:
        return copy.assigned
    if is_away and facts.terms.return_policy == ReturnPolicy.HOME:
        return None
    return next_in_queue(facts.queue, copy_id=copy.id)


def _arrived_by_plan(facts: CheckinFacts) -> bool:
    transit = facts.copy.transit
    return (
        transit is not None
        and transit.reason == TransitReason.REBALANCE
        and transit.destination_id == facts.desk.branch_id
    )


def _transit_event(facts: CheckinFacts, *, where: Next) -> TransitEvent | None:
    """CI-11: received at its destination; left alone where it only waits; else cancelled."""
    transit = facts.copy.transit
    if transit is None:
        return None
    if transit.destination_id == facts.desk.branch_id:
        return TransitEvent.RECEIVED
    if keeps_transit(facts, where=where):
        return None
    return TransitEvent.CANCELLED


def keeps_transit(facts: CheckinFacts, *, where: Next) -> bool:
    """Scanned again where it was set aside, and nothing changed its way."""
    transit = facts.copy.transit
    return (
        transit is not None
        and isinstance(where, ToTransit)
        and facts.copy.status == ItemStatus.IN_TRANSIT
        and facts.copy.current_id == facts.desk.branch_id
        and transit.destination_id == where.destination_id
        and transit.reason == where.reason
        and transit.request_id == where.request_id
    )
