"""Waiting for a title or a copy: who may, in which order, and how long (RULES.md, RQ-)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from circulation.domain.blocks import identity_blocks
from circulation.domain.calendar import Calendar
from circulation.domain.facts import DeskFacts, PatronFacts, RequestFacts
from circulation.domain.policies import Terms
from circulation.domain.reasons import Reason, ReasonCode, Refused, reason
from circulation.domain.states import (
    OPEN_REQUEST_STATES,
    REQUEST_TRANSITIONS,
    RequestEvent,
    RequestState,
)

NO_SHOW_MEMORY: Final = timedelta(days=365)  # how long an uncollected request is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRequestFacts:
    patron: PatronFacts
    pickup: DeskFacts
    pickup_is_offered: bool  # the branch hands out requests at all
    terms: Terms
    open_requests: int  # of this reader, anywhere
    has_same: bool  # an open request for the same title or copy
    has_it_on_loan: bool
    lendable_copies: int  # in the whole network, in any state that can end in a loan
    no_shows: int = 0  # requests of this reader that nobody collected, within NO_SHOW_MEMORY
    needed_until: date | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The request may join the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    request_id: int
    frees_copy: bool  # a copy was set aside for it and must be looked at again


def decide_request(facts: PlaceRequestFacts) -> Placed | Refused:
    """May this reader wait for this title, to be collected at that branch? RQ-1 to RQ-5, RQ-11."""
    today = facts.pickup.calendar.local_date(facts.now)
    reasons: list[Reason] = list(identity_blocks(facts.patron, today=today))  # RQ-1
    reasons.extend(pickup_blocks(facts.pickup, is_offered=facts.pickup_is_offered))
    if facts.has_same:  # RQ-3
        reasons.append(reason(ReasonCode.ALREADY_REQUESTED))
    elif facts.has_it_on_loan:  # RQ-3
        reasons.append(reason(ReasonCode.ALREADY_BORROWED))
    if facts.open_requests >= facts.terms.max_requests:  # RQ-4
        reasons.append(reason(ReasonCode.REQUEST_LIMIT, limit=facts.terms.max_requests))
    if facts.lendable_copies == 0:  # RQ-5
        reasons.append(reason(ReasonCode.NO_COPY_TO_WAIT_FOR))
    limit = facts.terms.max_no_shows
    if limit is not None and facts.no_shows >= limit:  # RQ-11
        reasons.append(reason(ReasonCode.TOO_MANY_NO_SHOWS, count=facts.no_shows, limit=limit))
    if facts.needed_until is not None and facts.needed_until < today:  # RQ-13
        reasons.append(reason(ReasonCode.DATE_PASSED, date=facts.needed_until.isoformat()))
    return Refused(reasons=tuple(reasons)) if reasons else Placed()


def pickup_blocks(pickup: DeskFacts, *, is_offered: bool) -> tuple[Reason, ...]:
    """Why nothing can be collected at this branch (RQ-2); nothing when it can."""
    if pickup.is_suspended:
        return (reason(ReasonCode.AGENCY_SUSPENDED, agency=pickup.agency[0]),)
    if not is_offered:
        return (reason(ReasonCode.PICKUP_NOT_OFFERED, branch=pickup.branch),)
    return ()


def decide_pause(*, state: RequestState, until: date | None, today: date) -> tuple[Reason, ...]:
    """RQ-12: only who still waits for a copy can pause, and not until a day gone by."""
    if state in (RequestState.IN_TRANSIT, RequestState.READY):
        return (reason(ReasonCode.REQUEST_ON_ITS_WAY),)
    if (state, RequestEvent.SUSPENDED) not in REQUEST_TRANSITIONS:
        return (reason(ReasonCode.REQUEST_CLOSED, state=str(state)),)
    if until is not None and until < today:
        return (reason(ReasonCode.DATE_PASSED, date=until.isoformat()),)
    return ()


def decide_resume(*, state: RequestState) -> tuple[Reason, ...]:
    """RQ-12: what is paused can go on, at the place in the queue it always had."""
    if (state, RequestEvent.RESUMED) in REQUEST_TRANSITIONS:
        return ()
    if state in OPEN_REQUEST_STATES:
        return (reason(ReasonCode.NOT_PAUSED),)
    return (reason(ReasonCode.REQUEST_CLOSED, state=str(state)),)


def decide_move(
    *, state: RequestState, ready_at: str, pickup: DeskFacts, is_offered: bool
) -> tuple[Reason, ...]:
    """RQ-14: to be collected elsewhere, as long as it does not wait on a hold shelf already."""
    if state == RequestState.READY:
        return (reason(ReasonCode.REQUEST_READY, branch=ready_at),)
    if (state, RequestEvent.MOVED) not in REQUEST_TRANSITIONS:
        return (reason(ReasonCode.REQUEST_CLOSED, state=str(state)),)
    return pickup_blocks(pickup, is_offered=is_offered)


def has_run_out(
    *,
    state: RequestState,
    collect_until: datetime | None,
    needed_until: date | None,
    now: datetime,
    today: date,
) -> bool:
    """RQ-9 (nobody came in time) or RQ-13 (no longer needed, and no copy found yet)."""
    if state == RequestState.READY:
        return collect_until is not None and collect_until < now
    if state in (RequestState.WAITING, RequestState.SUSPENDED):
        return needed_until is not None and needed_until < today
    return False


def decide_cancel(*, request_id: int, state: RequestState, has_copy: bool) -> Cancelled | Refused:
    """RQ-7: an open request can be cancelled, one that ended cannot."""
    if (state, RequestEvent.CANCELLED) not in REQUEST_TRANSITIONS:
        return Refused(reasons=(reason(ReasonCode.REQUEST_CLOSED, state=str(state)),))
    return Cancelled(request_id=request_id, frees_copy=has_copy)


def in_queue_order(requests: Iterable[RequestFacts]) -> tuple[RequestFacts, ...]:
    """RQ-6: who asked first; numbers are given in the order of asking."""
    return tuple(sorted(requests, key=lambda request: request.id))


def next_in_queue(queue: Iterable[RequestFacts], *, copy_id: int) -> RequestFacts | None:
    """Who gets the copy in our hands: RQ-6, unless RQ-16 lets it go where it was proposed for.

    A later reader comes first only when this very copy was proposed for them and each reader
    before them is to be served with another free copy.
    """
    waiting = in_queue_order(r for r in queue if r.item_id in (None, copy_id))
    for request in waiting:
        if request.pick_id is None:
            break
        if request.pick_id == copy_id:
            return request
    return waiting[0] if waiting else None


def collect_by(*, ready_at: datetime, hold_shelf_days: int, calendar: Calendar) -> datetime:
    """RQ-8: end of the last of so many *open* days on the hold shelf."""
    day = calendar.local_date(ready_at)
    for _ in range(hold_shelf_days):
        day = calendar.next_open(day + timedelta(days=1))
    return calendar.end_of(day)
