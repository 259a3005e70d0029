"""The sweep: whatever a lost message or a killed worker left behind is queued again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery import current_app, shared_task
from django.db.models import Q
from django.utils import timezone

from library_net.jobs.models import MAX_ATTEMPTS, JobRun, JobState, LostLeaseError


@shared_task(name="jobs.sweep")
def sweep(**_ignored: Any) -> int:
    """Queue every job that waits or whose worker died; a job that never advances is failed.

    Idempotent: a job queued twice is leased once (`JobRun.take`).
    """
    now = timezone.now()
    idle = JobRun.objects.filter(
        Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, leased_until__lt=now)
    )
    count = 0
    for job in idle.order_by("pk")[:500]:
        if job.attempts >= MAX_ATTEMPTS:
            with suppress(LostLeaseError):  # a worker took it this very moment
                job.fail(now=now, message=f"gave up after {job.attempts} attempts: {job.message}")
            continue
        current_app.send_task(job.task, kwargs={"job_id": job.pk})
        count += 1
    return count


def recover_after_restart() -> int:
    """Embedded start: nobody else can hold a lease, so running jobs go back to the queue."""
    JobRun.objects.filter(state=JobState.RUNNING).update(state=JobState.QUEUED, leased_until=None)
    return sweep()
