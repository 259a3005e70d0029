"""Periodic work of circulation; each task is thin and safe to run again."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from circulation.actions.adjust_request import resume_request
from circulation.actions.allocate_requests import allocate_requests
from circulation.actions.award_points import award_points
from circulation.actions.cancel_request import expire_request
from circulation.actions.check_item_events import check_item_events
from circulation.actions.crates import empty_crate, report_missing
from circulation.actions.forget import forget
from circulation.actions.loan_troubles import declare_lost
from circulation.actions.operations import Intent
from circulation.actions.plan_rebalancing import plan_rebalancing
from circulation.actions.sign_in_codes import send_code
from circulation.domain.calendar import local_date
from circulation.domain.states import OPEN_TRANSIT_STATES, CrateState, RequestState
from circulation.models import Crate, HoldRequest, ItemEvent, Loan, LoanRule, Transit
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun, LostLeaseError

log = logging.getLogger(__name__)

BATCH = 500
ALLOCATE_AT_MOST_EVERY_S = 5
MISSING_AFTER = timedelta(hours=24)  # a working day to unpack a crate


@shared_task(name="circulation.expire_requests")
def expire_requests(**_ignored: Any) -> int:
    """End requests that nobody collected in time, or needs any more; returns how many.

    A second run finds none: each is ended once, under an operation id made of its own number.
    """
    now = timezone.now()
    due = HoldRequest.objects.filter(
        Q(state=RequestState.READY, expires_at__lt=now)
        | Q(
            state__in=(RequestState.WAITING, RequestState.SUSPENDED),
            needed_until__lt=local_date(now),
        )
    )
    count = 0
    for request_id in list(due.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        intent = Intent(
            caller="calendar", operation_id=f"expire:{request_id}", scope=Scope(everywhere=True)
        )
        try:
            expire_request(intent=intent, request_id=request_id, now=now)
        except LibraryError as error:
            log.warning("request %s was not expired: %s", request_id, error)
        else:
            count += 1
    return count


@shared_task(name="circulation.resume_requests")
def resume_requests(**_ignored: Any) -> int:
    """Let paused requests go on whose last day of pause is over (RQ-12); returns how many."""
    now = timezone.now()
    over = HoldRequest.objects.filter(
        state=RequestState.SUSPENDED, suspended_until__lt=local_date(now)
    )
    count = 0
    for pk, until in list(over.order_by("pk").values_list("pk", "suspended_until")[:BATCH]):
        intent = Intent(
            caller="calendar", operation_id=f"resume:{pk}:{until}", scope=Scope(everywhere=True)
        )
        try:
            resume_request(intent=intent, request_id=pk, now=now)
        except LibraryError as error:
            log.warning("request %s does not go on: %s", pk, error)
        else:
            count += 1
    return count


@shared_task(name="circulation.declare_lost")
def declare_lost_loans(**_ignored: Any) -> int:
    """Count loans as lost that the rules no longer expect back (LO-4); returns how many."""
    now = timezone.now()
    patient = LoanRule.objects.aggregate(days=Min("lost_after_days"))["days"]
    if patient is None:
        return 0
    late = Loan.objects.filter(
        closed_at=None, claimed_at=None, due_at__lt=now - timedelta(days=patient)
    ).exclude(patron=None)
    count = 0
    for pk in list(late.order_by("due_at").values_list("pk", flat=True)[:BATCH]):
        intent = Intent(
            caller="calendar",
            operation_id=f"lost:{pk}:{local_date(now)}",  # not lost today may be lost tomorrow
            scope=Scope(everywhere=True),
        )
        try:
            declare_lost(intent=intent, loan_id=pk, now=now)
        except LibraryError:
            continue  # its own rule is more patient, or it came back this moment
        count += 1
    return count


@shared_task(name="circulation.check_crates")
def check_crates(**_ignored: Any) -> int:
    """Free crates that are empty; tell staff what did not come out of one in time (TR-4, TR-5)."""
    now = timezone.now()
    everywhere = Scope(everywhere=True)
    late = Transit.objects.filter(
        crate__state=CrateState.ARRIVED,
        crate__arrived_at__lt=now - MISSING_AFTER,
        state__in=OPEN_TRANSIT_STATES,
        missed_at=None,
    )
    missing = list(late.order_by("pk").values_list("pk", flat=True)[:BATCH])
    for pk in missing:
        intent = Intent(caller="calendar", operation_id=f"missing:{pk}", scope=everywhere)
        report_missing(intent=intent, transit_id=pk, now=now)
    done = Crate.objects.filter(state=CrateState.ARRIVED).exclude(
        transits__in=Transit.objects.filter(state__in=OPEN_TRANSIT_STATES, missed_at=None)
    )
    for pk in list(done.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        intent = Intent(caller="calendar", operation_id=f"emptied:{pk}", scope=everywhere)
        empty_crate(intent=intent, crate_id=pk, now=now)
    return len(missing)


@shared_task(name="circulation.allocate")
def allocate_now(**_ignored: Any) -> int:
    """Propose copies for waiting requests (RQ-15); returns how many are proposed.

    Woken after every change of a request; while many come at once, once in a few seconds, and the
    sweep below takes what was left out.
    """
    if not cache.add("circulation.allocate", 1, timeout=ALLOCATE_AT_MOST_EVERY_S):
        return 0
    return _allocate()


@shared_task(name="circulation.allocate_changed")
def allocate_changed(**_ignored: Any) -> int:
    """The same when any copy or request changed since the last time; else nothing."""
    seen = list(ItemEvent.objects.order_by("-pk").values_list("pk", flat=True)[:1])
    waiting = HoldRequest.objects.filter(state=RequestState.WAITING).aggregate(
        n=Count("pk"), last=Max("pk"), places=Sum("pickup_branch_id")
    )
    # A new day has new vans, and who waits has waited longer.
    now_at = [*seen, *waiting.values(), local_date(timezone.now())]
    if not waiting["n"] or cache.get("circulation.allocated") == now_at:
        return 0
    count = _allocate()
    cache.set("circulation.allocated", now_at, timeout=None)
    return count


def _allocate() -> int:
    done = allocate_requests(now=timezone.now())
    if done.flags:
        log.warning("requests were allocated within limits only: %s", ", ".join(done.flags))
    return done.picks


@shared_task(name="circulation.award_points")
def count_points(**_ignored: Any) -> int:
    """Points that loans earned (PO-2); returns how many entries. A second run finds none."""
    return award_points(now=timezone.now())


@shared_task(name="circulation.check_item_events")
def check_events(**_ignored: Any) -> int:
    """Compare the item events with the state columns; returns how many disagree. Reads only."""
    check = check_item_events()
    for finding in check.findings:
        log.error("item events and columns disagree: %s", finding)
    return len(check.findings)


@shared_task(name="circulation.send_code")
def send_sign_in_code(*, code_id: str, **_ignored: Any) -> bool:
    """Send one sign-in code; the message holds its handle only. Sent once, whatever comes twice."""
    try:
        return send_code(code_id=UUID(code_id), now=timezone.now())
    except LibraryError as error:
        log.warning("a sign-in code was not sent: %s", error)
        return False


@shared_task(name="circulation.forget")
def forget_readers(**_ignored: Any) -> int:
    """Part returned loans from their readers when their days are over; returns how many."""
    done = forget(now=timezone.now())
    return done.loans + done.requests


@shared_task(name="circulation.plan_rebalancing")
def plan_night(*, job_id: int | None = None, **_ignored: Any) -> int | None:
    """Make tonight's rebalancing plan; returns its id.

    Beat calls it without a job: it records one and the plan is made when that is taken. A second
    run of a job finds it done; a killed one is run again and its plan supersedes what was left.
    """
    now = timezone.now()
    if job_id is None:
        on = local_date(now)
        JobRun.start(
            task="circulation.plan_rebalancing", now=now, subject=f"{on}", on=on.isoformat()
        )
        return None
    job = JobRun.objects.filter(pk=job_id).first()
    if job is None or not job.take(now=now):
        return None
    try:
        plan = plan_rebalancing(
            on=date.fromisoformat(job.args["on"]),
            now=now,
            job=job,
            progress=lambda done, total: job.step_done(done=done, total=total, now=timezone.now()),
        )
        job.finish(now=timezone.now(), message=f"{plan.moves.count()} moves, gap {plan.gap:.2%}")
    except LostLeaseError:
        return None  # whoever has the job now makes the plan
    except LibraryError as error:
        job.fail(now=timezone.now(), message=str(error))
        return None
    return plan.pk
