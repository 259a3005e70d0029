"""Change a request that is still open: pause it, go on, collect it elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from circulation.actions.intake import change_request
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.reasons import Reason
from circulation.domain.requests import decide_move, decide_pause, decide_resume
from circulation.domain.states import RequestEvent, RequestState
from circulation.models import HoldRequest
from circulation.readers.reference import desk_at, load_branch, load_reference
from library_net.errors import LibraryError
from library_net.queue import after_commit


def pause_request(
    *, intent: Intent, request_id: int, until: date | None = None, now: datetime
) -> Answer:
    """Be passed over, up to and including a day, and keep the place in the queue; rule RQ-12.

    By the reader, or by staff of the pickup branch; so are the others here. Raises ``Refused``
    with the reasons, ``unknown_request``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        request = _open(journal, request_id)
        state = RequestState(request.state)
        _require(decide_pause(state=state, until=until, today=local_date(now)))
        return _write(request, RequestEvent.SUSPENDED, suspended_until=until)

    asked = {"request": request_id, "until": until.isoformat() if until else None}
    return run_once(intent=intent, action="pause_request", asked=asked, now=now, work=work)


def resume_request(*, intent: Intent, request_id: int, now: datetime) -> Answer:
    """Be served again, from the place the request always had; rule RQ-12."""

    def work(journal: Journal) -> Answer:
        request = _open(journal, request_id)
        _require(decide_resume(state=RequestState(request.state)))
        return _write(request, RequestEvent.RESUMED, suspended_until=None)

    asked = {"request": request_id}
    return run_once(intent=intent, action="resume_request", asked=asked, now=now, work=work)


def move_request(
    *, intent: Intent, request_id: int, pickup_branch_id: int, now: datetime
) -> Answer:
    """Collect it at another branch; a copy that is on its way is sent on; rule RQ-14."""

    def work(journal: Journal) -> Answer:
        request = _open(journal, request_id)
        branch = load_branch(branch_id=pickup_branch_id)
        reference = load_reference(today=local_date(now))
        desk = desk_at(branch, reference=reference)
        reasons = decide_move(
            state=RequestState(request.state),
            ready_at=request.pickup_branch.code,
            pickup=desk,
            is_offered=branch.is_pickup_point,
        )
        _require(reasons)
        return _write(request, RequestEvent.MOVED, pickup_branch=branch)

    asked = {"request": request_id, "pickup": pickup_branch_id}
    return run_once(intent=intent, action="move_request", asked=asked, now=now, work=work)


def _open(journal: Journal, request_id: int) -> HoldRequest:
    request = HoldRequest.objects.select_related("pickup_branch").filter(pk=request_id).first()
    if request is None:
        raise LibraryError("unknown_request")
    journal.intent.require_patron_or_agency(
        patron_id=request.patron_id, agency_id=request.pickup_branch.agency_id
    )
    return request


def _require(reasons: tuple[Reason, ...]) -> None:
    if reasons:
        raise refused(reasons)


def _write(request: HoldRequest, event: RequestEvent, **new: Any) -> Answer:
    """Compare-and-set, then look again who is served with what."""
    change_request(request, event, **new)
    after_commit("circulation.allocate")
    changed = HoldRequest.objects.select_related("pickup_branch").get(pk=request.pk)
    paused_until = changed.suspended_until
    return {
        "request": changed.pk,
        "state": changed.state,
        "pickup_branch": changed.pickup_branch.code,
        "paused_until": paused_until.isoformat() if paused_until else None,
    }
