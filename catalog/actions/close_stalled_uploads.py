"""Uploads that broke off when the process taking them in was killed: closed, and said so."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from catalog.actions.ingesting.storing import drop_bytes
from catalog.models import Batch, BatchState
from library_net.db import claim
from library_net.jobs.models import JobRun, JobState

LONGEST_UPLOAD = timedelta(hours=12)  # 2 GB at 400 kbit/s
AT_ONCE = 100


def close_stalled_uploads(*, now: datetime, text: str) -> int:
    """Fail batches that have been coming in for longer than any upload takes; how many.

    An upload that ends by itself keeps nothing when it fails; this is for those nobody was left to
    tidy up after. Their bytes go, the row stays with ``text`` for the member. A second call finds
    none.
    """
    stalled = Batch.objects.filter(
        state=BatchState.RECEIVING, created_at__lt=now - LONGEST_UPLOAD
    ).select_related("agency")
    closed = 0
    for batch in stalled.order_by("pk")[:AT_ONCE]:
        with transaction.atomic():
            receiving = Batch.objects.filter(pk=batch.pk, state=BatchState.RECEIVING)
            if not claim(receiving, state=BatchState.FAILED, finished_at=now):
                continue  # it ended at this very moment
            drop_bytes(batch)
            job = JobRun.objects.create(
                task="catalog.ingest",
                args={"batch_id": batch.pk},
                subject=f"{batch.agency.code} {batch.file_name}"[:120],
                state=JobState.FAILED,
                message=text[:400],
                created_at=batch.created_at,
                finished_at=now,
            )
            Batch.objects.filter(pk=batch.pk).update(job=job)
            closed += 1
    return closed
