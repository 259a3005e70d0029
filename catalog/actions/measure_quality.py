"""A member's records counted by what they lack, step by step in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalog.domain.quality import lacks_of
from catalog.models import Item, QualityReport, SourceRecord
from library_net.jobs.models import JobRun, JobState
from library_net.network.models import Agency

STEP_RECORDS = 2000
SAMPLES = 20  # control numbers kept for each lack


def start_measuring(*, agency: Agency, now: datetime) -> JobRun:
    """Queue a count from the beginning, or give the one under way. Idempotent."""
    with transaction.atomic():
        report, _created = QualityReport.objects.select_related("job").get_or_create(agency=agency)
        job = report.job
        if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
            return job
        report.job = JobRun.start(
            task="catalog.measure_quality", now=now, subject=agency.code, agency_id=agency.pk
        )
        report.partial, report.next_after = {}, 0
        report.save()
        return report.job


def measure_step(*, report: QualityReport, job: JobRun, now: datetime) -> bool:
    """Count the next records; True when the report is complete. Two queries and two writes."""
    rows = list(_rows(report)[:STEP_RECORDS])
    counts = report.partial or {"records": 0}
    for row in rows:
        _count(counts, row)
    report.partial, is_done = counts, len(rows) < STEP_RECORDS
    if rows:
        report.next_after = rows[-1]["pk"]
    with transaction.atomic():
        if is_done:
            report.result, report.partial, report.measured_at = counts, {}, now
        report.save()
        job.step_done(done=counts["records"], total=0, now=now)
        if is_done:
            job.finish(now=now)
    return is_done


def _rows(report: QualityReport) -> Any:
    has_items = Exists(Item.objects.filter(source_record=OuterRef("pk")))
    return (
        SourceRecord.objects.filter(
            agency_id=report.agency_id, deleted_at=None, pk__gt=report.next_after
        )
        .order_by("pk")
        .annotate(has_items=has_items)
        .values(
            *("pk", "source_key", "neutral", "flags", "encoding", "format", "has_items"),
            "manifestation__source_count",
        )
    )


def _count(counts: dict[str, Any], row: dict[str, Any]) -> None:
    counts["records"] += 1
    for name in ("encoding", "format"):
        group = counts.setdefault(f"{name}s", {})
        group[row[name]] = group.get(row[name], 0) + 1
    lacks, samples = counts.setdefault("lacks", {}), counts.setdefault("samples", {})
    for lack in lacks_of(
        row["neutral"],
        flags=row["flags"],
        has_items=row["has_items"],
        is_matched=(row["manifestation__source_count"] or 0) > 1,
    ):
        lacks[lack] = lacks.get(lack, 0) + 1
        if len(known := samples.setdefault(lack, [])) < SAMPLES:
            known.append(row["source_key"])
