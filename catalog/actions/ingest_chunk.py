"""The next portion of a batch: read, match, merge, save; progress commits with the work.

A process killed anywhere leaves either the whole portion or nothing of it, and the next call goes
on from there, so an interrupted batch ends with the counts of an undisturbed one.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import F

from catalog.actions.ingesting.copies import (
    CopiesSaved,
    Copy,
    Shelves,
    load_shelves,
    save_copies,
)
from catalog.actions.ingesting.editions import works_of
from catalog.actions.ingesting.missing import (
    may_withdraw,
    missing,
    must_confirm,
    note_for_question,
    weigh_what_is_missing,
)
from catalog.actions.ingesting.portion import Incoming, Portion, Rejected
from catalog.actions.ingesting.reading import read_portion
from catalog.actions.ingesting.sources import (
    confirm_unchanged,
    raise_sequences,
    save_sources,
    save_tombstones,
)
from catalog.actions.ingesting.spans import forget_old_spans, note_spans, packed, unpacked
from catalog.models import (
    Batch,
    BatchSeen,
    BatchState,
    Change,
    Item,
    Manifestation,
    MatchEvidence,
    MatchKey,
    Reject,
    SourceRecord,
    Withdrawal,
    Work,
)
from catalog.models.bulk import as_json, insert_rows, make_room, refresh_statistics
from catalog.models.feed import append_changes
from library_net.collector import collector_held
from library_net.db import LANE_MATCH, claim, one_at_a_time
from library_net.jobs.models import JobRun, JobState
from library_net.queue import after_commit

KIB = 1024
_LOOKED_UP = (SourceRecord, MatchKey, MatchEvidence, Manifestation, Work, Item, Change)
MAX_SPARED = 1000  # a file with more unusable records than this proves nothing


def ingest_chunk(*, batch_id: int, job: JobRun, now: datetime) -> bool:
    """One step; True when the batch is finished. The caller holds the job's lease.

    Parsing needs no lock and happens first; matching and saving hold the one lane of the network,
    because twins in two batches must meet.
    """
    batch = Batch.objects.select_related("agency").get(pk=batch_id)
    if batch.state == BatchState.DONE:
        job.finish(now=now)
        return True
    with collector_held():
        return _next_step(batch, job, now=now)


def _next_step(batch: Batch, job: JobRun, *, now: datetime) -> bool:
    if batch.next_offset >= batch.byte_count:
        if may_withdraw(batch):
            return _withdraw_missing(batch, job, now=now)
        if must_confirm(batch):
            return _confirm_seen(batch, job, now=now)
    make_room()
    portion = read_portion(batch, limit=settings.INGEST_CHUNK_RECORDS)
    shelves = load_shelves(batch.agency)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        if not _take_turn(batch, portion):
            return False  # somebody whose lease ran out was faster after all
        _save(batch, portion, shelves, now=now)
        if portion.is_last:
            weigh_what_is_missing(batch)
        is_done = portion.is_last and not (may_withdraw(batch) or must_confirm(batch))
        if portion.is_last:
            batch.next_offset = batch.byte_count
        _save_progress(batch, job, is_done=is_done, now=now)
    refresh_statistics(*_LOOKED_UP)
    return is_done


def _take_turn(batch: Batch, portion: Portion) -> bool:
    here = Batch.objects.filter(
        pk=batch.pk, next_offset=batch.next_offset, next_position=batch.next_position
    )
    batch.next_offset, batch.next_position = portion.next_offset, portion.next_position
    return claim(here, next_offset=batch.next_offset, next_position=batch.next_position)


def _save(batch: Batch, portion: Portion, shelves: Shelves, *, now: datetime) -> None:
    """Write the portion and add it to the batch's counts."""
    saved = save_sources(portion.incoming, gone=portion.deletions, batch=batch, now=now)
    save_tombstones(portion.tombstones, batch=batch, now=now)
    confirm_unchanged(portion.confirmed, sequence=batch.sequence)
    raise_sequences(portion.raised)
    copies = save_copies(
        _copies(portion.incoming), agency=batch.agency, shelves=shelves, is_list=False, now=now
    )
    changed = saved.changed_works | works_of(copies.source_ids)
    _save_rejects(batch, portion.rejects + _item_rejects(portion, copies))
    note_spans(batch, portion)
    seen = packed([*portion.seen, *(one.source_id for one in portion.incoming)])
    if batch.mode == "full":
        BatchSeen.objects.create(batch=batch, source_ids=seen)
    note_for_question(batch, seen)
    batch.records += portion.records
    batch.created += sum(one.is_new for one in portion.incoming)
    batch.updated += sum(not one.is_new and not one.is_repeat for one in portion.incoming)
    batch.unchanged += portion.unchanged
    batch.outdated += portion.outdated
    batch.repeated += portion.repeated
    batch.deleted += len(portion.deletions)
    batch.quarantined += portion.quarantined
    batch.lost += portion.lost
    batch.spared += portion.spared
    if len(batch.spared) > MAX_SPARED:
        batch.lost, batch.spared = batch.lost + len(batch.spared), []
    batch.merged += saved.joined
    batch.items_created += copies.created
    batch.items_updated += copies.updated
    append_changes(changed=changed, ended=saved.ended_works, now=now)


def _copies(incoming: list[Incoming]) -> list[Copy]:
    return [
        Copy(one.source_id, facts, one.prepared.record)
        for one in incoming
        for facts in one.prepared.plain.items
    ]


def _item_rejects(portion: Portion, copies: CopiesSaved) -> list[Rejected]:
    """A row for each copy that was refused, and one for each branch code nobody knows."""
    where = {one.source_id: one.raw for one in portion.incoming}
    rows: list[Rejected] = []
    told: set[str] = set()
    for problem in copies.problems:
        branch = problem.params.get("branch", "")
        if problem.code == "copy_at_unknown_branch" and branch in told:
            continue
        told.add(branch)
        raw = where[problem.source_id]
        params = {"barcode": problem.barcode[:80], **problem.params}
        rows.append(Rejected(raw.position, raw.offset, len(raw.data), problem.code, params, b""))
    return rows


def _save_rejects(batch: Batch, rejects: list[Rejected]) -> None:
    insert_rows(
        Reject,
        ["batch_id", "position", "offset", "length", "code", "params", "raw"],
        [
            (batch.pk, r.position, r.offset, r.length, r.code, as_json(r.params), r.raw)
            for r in sorted(rejects, key=lambda r: (r.position, r.code))
        ],
    )


def _save_progress(batch: Batch, job: JobRun, *, is_done: bool, now: datetime) -> None:
    """Batch and job in the transaction of the work; the next batch is woken after."""
    batch.state = BatchState.DONE if is_done else BatchState.RUNNING
    batch.finished_at = now if is_done else None
    batch.save()
    total = -(-batch.byte_count // KIB)
    job.step_done(done=-(-batch.next_offset // KIB), total=total, now=now)
    if is_done:
        if batch.withdrawal != Withdrawal.ASKED:
            batch.seen.all().delete()
        forget_old_spans(batch)
        job.finish(now=now)
        _settle_reject(batch, now=now)
        _wake_next(batch)


def _settle_reject(batch: Batch, *, now: datetime) -> None:
    """A batch sent for a reject settles it, once, when its record could be used."""
    if batch.mends_id is None or batch.quarantined or not batch.records:
        return
    open_reject = Reject.objects.filter(pk=batch.mends_id, resolved_at=None)
    if claim(open_reject, resolved_at=now):
        Batch.objects.filter(rejects=batch.mends_id).update(mended=F("mended") + 1)


def waits_for(batch: Batch) -> Batch | None:
    """The member's earlier batch that must be read first: what was sent last must stand."""
    return (
        Batch.objects.filter(
            agency_id=batch.agency_id,
            pk__lt=batch.pk,
            state__in=[BatchState.QUEUED, BatchState.RUNNING],
        )
        .exclude(job__state=JobState.FAILED)
        .order_by("pk")
        .first()
    )


def _wake_next(batch: Batch) -> None:
    following = Batch.objects.filter(agency_id=batch.agency_id, state=BatchState.QUEUED)
    if (after := following.order_by("pk").first()) and after.job_id:
        after_commit("catalog.ingest", job_id=after.job_id)


# --- the end of a full batch ---------------------------------------------------------------------


def _confirm_seen(batch: Batch, job: JobRun, *, now: datetime) -> bool:
    """Raise the sequences of what one step of a damaged full batch met; True after the last."""
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        waiting = batch.seen.filter(is_confirmed=False)
        met = waiting.order_by("pk").first()
        if met is not None:
            confirm_unchanged(unpacked(met.source_ids), sequence=batch.sequence)
            batch.seen.filter(pk=met.pk).update(is_confirmed=True)
        is_done = not waiting.exists()
        _save_progress(batch, job, is_done=is_done, now=now)
    return is_done


def _withdraw_missing(batch: Batch, job: JobRun, *, now: datetime) -> bool:
    """One step of withdrawing records the full batch did not hold; True when none is left."""
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        # Inside the lane: a record a later batch sent meanwhile is no longer missing.
        gone = list(islice(missing(batch), settings.INGEST_CHUNK_RECORDS))
        saved = save_sources([], gone=gone, batch=batch, now=now)
        append_changes(changed=saved.changed_works, ended=saved.ended_works, now=now)
        batch.deleted += len(gone)
        is_done = len(gone) < settings.INGEST_CHUNK_RECORDS
        _save_progress(batch, job, is_done=is_done, now=now)
    return is_done
