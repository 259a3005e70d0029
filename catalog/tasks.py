"""Background work of the catalogue; each task is thin and safe to run again."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions.close_stalled_uploads import close_stalled_uploads as close_stalled
from catalog.actions.deliver_webhooks import deliver_webhook, due_webhooks
from catalog.actions.harvest_oai import due_sources, harvest_step, note_failure, start_harvest
from catalog.actions.ingest_chunk import ingest_chunk, waits_for
from catalog.actions.measure_quality import measure_step, start_measuring
from catalog.actions.recluster import recluster_chunk, start_recluster
from catalog.models import Batch, HarvestSource, QualityReport
from catalog.models.feed import number_changes as number_waiting_changes
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun, JobState, LostLeaseError
from library_net.network.models import Agency

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
    with suppress(LostLeaseError):  # whoever has the job now goes on with it
        if not ingest_chunk(batch_id=batch.pk, job=job, now=timezone.now()):
            job.yield_turn()


UPLOAD_BROKE_OFF = _("The upload broke off before its end; nothing of it was used. Send it again.")


@shared_task(name="catalog.close_stalled_uploads")
def close_stalled_uploads(**_ignored: Any) -> int:
    """Close uploads whose taker was killed; a second run finds none."""
    return close_stalled(now=timezone.now(), text=str(UPLOAD_BROKE_OFF))


@shared_task(name="catalog.number_changes")
def number_changes(**_ignored: Any) -> int:
    """Number the committed rows of the change feed; a second run finds none."""
    return number_waiting_changes()


PAGES_A_TURN = 20  # of one webhook, so that short tasks get their turn


@shared_task(name="catalog.deliver_webhooks")
def deliver_webhooks(**_ignored: Any) -> int:
    """Send the change feed to members; pages sent. Twice at once is harmless: each is leased."""
    number_waiting_changes()
    sent = 0
    for webhook_id in due_webhooks(now=timezone.now()):
        for _page in range(PAGES_A_TURN):
            sent += 1
            if not deliver_webhook(webhook_id=webhook_id, now=timezone.now()):
                break
    return sent


@shared_task(name="catalog.harvest_due")
def harvest_due(**_ignored: Any) -> int:
    """Start the harvests whose time has come; a second call finds them started."""
    now = timezone.now()
    return sum(start_harvest(source=source, now=now) is not None for source in due_sources(now=now))


@shared_task(name="catalog.harvest")
def harvest(*, job_id: int, **_ignored: Any) -> None:
    """One step of a harvest; the rest is queued again. A killed step is repeated as a whole."""
    job = JobRun.objects.filter(pk=job_id).exclude(state=JobState.DONE).first()
    source = HarvestSource.objects.select_related("agency").filter(job_id=job_id).first()
    if job is None or source is None or not job.take(now=timezone.now()):
        return
    with suppress(LostLeaseError):
        try:
            if not harvest_step(source=source, job=job, now=timezone.now()):
                job.yield_turn()
        except LibraryError as error:
            text = sentence(error.code, error.params)
            note_failure(source=source, error=error, text=text, now=timezone.now())
            job.fail(now=timezone.now(), message=text)


@shared_task(name="catalog.recluster_outdated")
def recluster_outdated(**_ignored: Any) -> bool:
    """After the matcher changed: start matching anew. A second call finds the job started."""
    return start_recluster(now=timezone.now()) is not None


@shared_task(name="catalog.recluster")
def recluster(*, job_id: int, **_ignored: Any) -> None:
    """One step of matching anew; the rest is queued again, a repeated step finds its work done."""
    job = JobRun.objects.filter(pk=job_id).exclude(state=JobState.DONE).first()
    if job is None or not job.take(now=timezone.now()):
        return
    with suppress(LostLeaseError):
        if not recluster_chunk(job=job, now=timezone.now()):
            job.yield_turn()


@shared_task(name="catalog.measure_all")
def measure_all(**_ignored: Any) -> int:
    """Start a new quality report of every member that has sent something; again is harmless."""
    members = Agency.objects.filter(batches__isnull=False, left_date=None).distinct()
    return len([start_measuring(agency=agency, now=timezone.now()) for agency in members])


@shared_task(name="catalog.measure_quality")
def measure_quality(*, job_id: int, **_ignored: Any) -> None:
    """One step of a member's quality report; the rest is queued again."""
    job = JobRun.objects.filter(pk=job_id).exclude(state=JobState.DONE).first()
    report = QualityReport.objects.filter(job_id=job_id).first()
    if job is None or report is None or not job.take(now=timezone.now()):
        return
    with suppress(LostLeaseError):
        if not measure_step(report=report, job=job, now=timezone.now()):
            job.yield_turn()
