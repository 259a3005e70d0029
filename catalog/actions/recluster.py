"""Read and match the whole catalogue anew after the matcher changed: in steps, from stored bytes.

A record is done when its ``matcher_version`` is the present one, so an interrupted run goes on
where it stopped, and records that arrive meanwhile need no second look.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from catalog.actions.ingesting.grouping import Member, load_members
from catalog.actions.ingesting.reading import source_profile
from catalog.actions.ingesting.sources import regroup
from catalog.domain.marc.prepare import Prepared, prepare
from catalog.domain.matching import MATCHER_VERSION
from catalog.models import Batch, MatchKey, SourceRecord
from catalog.models.bulk import execute_where_in, insert_rows, select_where_in, update_rows
from catalog.models.feed import append_changes
from library_net.db import LANE_MATCH, one_at_a_time
from library_net.jobs.models import JobRun, JobState

TASK = "catalog.recluster"


def start_recluster(*, now: datetime) -> JobRun | None:
    """Queue the job if a record was matched by an older matcher; None if there is nothing to do.

    A job that is already under way is the answer; there are never two.
    """
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        under_way = JobRun.objects.filter(
            task=TASK, state__in=[JobState.QUEUED, JobState.RUNNING]
        ).first()
        if under_way or not _outdated().exists():
            return under_way
        return JobRun.start(task=TASK, now=now, subject=f"matcher {MATCHER_VERSION}")


def recluster_chunk(*, job: JobRun, now: datetime) -> bool:
    """One step through the matching lane; True when no record is left. The caller has the lease."""
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        ids = list(
            _outdated().order_by("pk")[: settings.INGEST_CHUNK_RECORDS].values_list("pk", flat=True)
        )
        if ids:
            _match_anew(_read_anew(load_members(ids)), now=now)
        left = _outdated().count()
        done = job.done + len(ids)
        job.step_done(done=done, total=done + left, now=now)
        if not left:
            job.finish(now=now)
    return not left


def _outdated() -> QuerySet[SourceRecord]:
    return SourceRecord.objects.filter(deleted_at=None, matcher_version__lt=MATCHER_VERSION)


def _read_anew(members: dict[int, Member]) -> dict[int, Member]:
    """What the reader of today makes of their bytes; what it cannot read stays as it was read."""
    rows = select_where_in(
        "SELECT id, batch_id, raw FROM catalog_sourcerecord WHERE id {values}", sorted(members)
    )
    batches = Batch.objects.select_related("agency").in_bulk({row[1] for row in rows if row[1]})
    profiles = {pk: source_profile(batch) for pk, batch in batches.items()}
    changed = []
    for pk, batch_id, raw in rows:
        found = prepare(bytes(raw), profile=profiles[batch_id]) if batch_id in profiles else None
        if isinstance(found, Prepared) and not found.plain.is_deleted:
            if found.record != members[pk].record:
                changed.append((found.plain.neutral, pk))
            members[pk].prepared = found
    update_rows(SourceRecord, ["neutral"], changed)
    return members


def _match_anew(members: Mapping[int, Member], *, now: datetime) -> None:
    ids = sorted(members)
    execute_where_in("DELETE FROM catalog_matchkey WHERE source_record_id {values}", ids)
    insert_rows(
        MatchKey,
        ["source_record_id", "key"],
        [(pk, key) for pk in ids for key in members[pk].keys],
    )
    saved = regroup(members, touched=(), now=now)
    execute_where_in(
        "UPDATE catalog_sourcerecord SET matcher_version = %s WHERE id {values}",
        ids,
        MATCHER_VERSION,
    )
    append_changes(changed=saved.changed_works, ended=saved.ended_works, now=now)
