"""End a request that was not collected: cancelled by a person, or expired by the calendar."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.intake import change_request, free_from_transit
from circulation.actions.operations import Answer, Intent, Journal, LostRace, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.reasons import Refused
from circulation.domain.requests import decide_cancel, has_run_out
from circulation.domain.states import ItemEventKind, RequestEvent, RequestState, TransitState
from circulation.models import HoldRequest, StaffException
from circulation.readers.facts import CopyState, copy_state, lock_item
from circulation.readers.reference import load_reference
from library_net.errors import LibraryError
from library_net.queue import after_commit

CLEAR_HOLD_SHELF = "clear_hold_shelf"  # the code of the exception: scan this copy in again


def cancel_request(*, intent: Intent, request_id: int, now: datetime) -> Answer:
    """Take the reader out of the queue; rule RQ-7.

    By the reader, or by staff of the pickup branch. Raises ``Refused`` (``request_closed``),
    ``unknown_request``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        return _end(journal, request_id=request_id, event=RequestEvent.CANCELLED)

    asked = {"request": request_id}
    return run_once(intent=intent, action="cancel_request", asked=asked, now=now, work=work)


def expire_request(*, intent: Intent, request_id: int, now: datetime) -> Answer:
    """RQ-9: nobody came in time; RQ-13: no longer needed. As ``cancel_request``.

    Raises ``request_not_due`` too.
    """

    def work(journal: Journal) -> Answer:
        return _end(journal, request_id=request_id, event=RequestEvent.EXPIRED)

    asked = {"request": request_id}
    return run_once(intent=intent, action="expire_request", asked=asked, now=now, work=work)


def _end(journal: Journal, *, request_id: int, event: RequestEvent) -> Answer:
    seen = HoldRequest.objects.filter(pk=request_id).values("item_id").first()
    if seen is None:
        raise LibraryError("unknown_request")
    reference = load_reference(today=local_date(journal.now))
    # Items before requests, as everywhere: the copy set aside for it is looked at under its lock.
    copy = (
        copy_state(lock_item(seen["item_id"]), reference=reference)
        if seen["item_id"] is not None
        else None
    )
    request = HoldRequest.objects.select_related("pickup_branch").get(pk=request_id)
    if request.item_id != seen["item_id"]:  # a copy was set aside for it this very moment
        raise LostRace
    journal.intent.require_patron_or_agency(
        patron_id=request.patron_id, agency_id=request.pickup_branch.agency_id
    )
    if event == RequestEvent.EXPIRED and not _is_due(request, now=journal.now):
        raise LibraryError("request_not_due")
    decision = decide_cancel(
        request_id=request.pk,
        state=RequestState(request.state),
        has_copy=copy is not None,
    )
    if isinstance(decision, Refused):
        raise refused(decision.reasons)
    change_request(request, event, item=None, closed_at=journal.now)
    if copy is not None:
        _set_free(journal, copy=copy, request=request)
    after_commit("circulation.allocate")
    return {"request": request.pk, "state": _state_after(event)}


def _is_due(request: HoldRequest, *, now: datetime) -> bool:
    return has_run_out(
        state=RequestState(request.state),
        collect_until=request.expires_at,
        needed_until=request.needed_until,
        now=now,
        today=local_date(now),
    )


def _state_after(event: RequestEvent) -> str:
    return str(RequestState.EXPIRED if event == RequestEvent.EXPIRED else RequestState.CANCELLED)


def _set_free(journal: Journal, *, copy: CopyState, request: HoldRequest) -> None:
    """RQ-10: a copy that waits for this reader is free; staff scan it in to find its next place.

    One that is already on the road travels on, and finds its place when it is received.
    """
    transit = copy.transit
    if transit is not None and transit.state == TransitState.DISPATCHED:
        return
    if transit is not None:
        free_from_transit(transit)
    item = copy.item
    journal.happens(item, ItemEventKind.RELEASED, request_id=request.pk)
    journal.ask_staff(
        StaffException(
            branch_id=item.current_branch_id,
            agency_id=item.current_branch.agency_id,
            code=CLEAR_HOLD_SHELF,
            params={"barcode": item.barcode},
            item=item,
            barcode=item.barcode,
            created_at=journal.now,
        )
    )
