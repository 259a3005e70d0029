"""Waiting for a title or a copy: who may, in which order, and how long (RULES.md, RQ-)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from circulation.domain.blocks import identity_blocks
from circulation.domain.calendar import Calendar
from circulation.domain.facts import DeskFacts, PatronFacts, RequestFacts
from circulation.domain.policies import Terms
from circulation.domain.reasons import Reason, ReasonCode, Refused, reason
from circulation.domain.states import REQUEST_TRANSITIONS, RequestEvent, RequestState


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
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The request may join the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    request_id: int
    frees_copy: bool  # a copy was set aside for it and must be looked at again


def decide_request(facts: PlaceRequestFacts) -> Placed | Refused:
    """May this reader wait for this title, to be collected at that branch? RQ-1 to RQ-5."""
    today = facts.pickup.calendar.local_date(facts.now)
    reasons: list[Reason] = list(identity_blocks(facts.patron, today=today))  # RQ-1
    if facts.pickup.is_suspended:  # RQ-2
        agency = facts.pickup.agency[0]
        reasons.append(reason(ReasonCode.AGENCY_SUSPENDED, agency=agency))
    elif not facts.pickup_is_offered:  # RQ-2
        reasons.append(reason(ReasonCode.PICKUP_NOT_OFFERED, branch=facts.pickup.branch))
    if facts.has_same:  # RQ-3
        reasons.append(reason(ReasonCode.ALREADY_REQUESTED))
    elif facts.has_it_on_loan:  # RQ-3
        reasons.append(reason(ReasonCode.ALREADY_BORROWED))
    if facts.open_requests >= facts.terms.max_requests:  # RQ-4
        reasons.append(reason(ReasonCode.REQUEST_LIMIT, limit=facts.terms.max_requests))
    if facts.lendable_copies == 0:  # RQ-5
        reasons.append(reason(ReasonCode.NO_COPY_TO_WAIT_FOR))
    return Refused(reasons=tuple(reasons)) if reasons else Placed()


def decide_cancel(*, request_id: int, state: RequestState, has_copy: bool) -> Cancelled | Refused:
    """RQ-7: an open request can be cancelled, one that ended cannot."""
    if (state, RequestEvent.CANCELLED) not in REQUEST_TRANSITIONS:
        return Refused(reasons=(reason(ReasonCode.REQUEST_CLOSED, state=str(state)),))
    return Cancelled(request_id=request_id, frees_copy=has_copy)


def in_queue_order(requests: Iterable[RequestFacts]) -> tuple[RequestFacts, ...]:
    """RQ-6: who asked first; numbers are given in the order of asking."""
    return tuple(sorted(requests, key=lambda request: request.id))


def collect_by(*, ready_at: datetime, hold_shelf_days: int, calendar: Calendar) -> datetime:
    """RQ-8: end of the last of so many *open* days on the hold shelf."""
    day = calendar.local_date(ready_at)
    for _ in range(hold_shelf_days):
        day = calendar.next_open(day + timedelta(days=1))
    return calendar.end_of(day)
