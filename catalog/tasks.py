"""Background work of the catalogue; each task is thin and safe to run again."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from catalog.actions.ingest_chunk import ingest_chunk, waits_for
from catalog.models import Batch
from catalog.models.feed import number_changes as number_waiting_changes
from library_net.jobs.models import JobRun, JobState

log = logging.getLogger(__name__)


@shared_task(name="catalog.ingest")
def ingest(*, job_id: int, **_ignored: Any) -> None:
    """One step of a batch; the rest is queued again, so that short tasks get their turn.

    A second run while the first holds the lease does nothing; after a crash the lease runs out and
    the step is repeated from the last commit.
    """
    job = JobRun.objects.filter(pk=job_id).exclude(state=JobState.DONE).first()
    batch = Batch.objects.filter(job_id=job_id).first()
    if job is None or batch is None or waits_for(batch) or not job.take(now=timezone.now()):
        return
    is_done = ingest_chunk(batch_id=batch.pk, job=job, now=timezone.now())
    if not is_done:
        job.yield_turn()


@shared_task(name="catalog.number_changes")
def number_changes(**_ignored: Any) -> int:
    """Number the committed rows of the change feed; a second run finds none."""
    return number_waiting_changes()
