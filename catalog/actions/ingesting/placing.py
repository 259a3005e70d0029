"""Which of the records read are new, changed, unchanged, deleted, or overtaken by later ones.

What a member sent last must stand, in whatever order it arrives. Its sequence says what is later:
an upsert, a deletion or the mere mention of an unchanged record each raise the sequence kept with
the record, a deletion of an unknown record leaves a tombstone that keeps it, and a full batch is a
floor for everything the member has. Nothing below any of these is taken in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from catalog.actions.ingesting.portion import (
    REPEATED,
    Incoming,
    Known,
    Portion,
    Tombstone,
    rejected,
)
from catalog.domain.marc.prepare import Prepared
from catalog.domain.marc.read import RawRecord
from catalog.models import Batch, BatchKind
from catalog.sync_readers.reconciliation import full_floor


class Read(NamedTuple):
    raw: RawRecord
    digest: str
    key: str
    known: Known | None
    prepared: Prepared | None  # None: unchanged or deleted, not looked into
    sequence: int
    is_deleted: bool


def sort_out(batch: Batch, reads: Iterable[Read], portion: Portion) -> None:
    """Fill the portion: of records under one source key the one sent last wins.

    In a file that is the later one, and it is said; among single changes it is the one with the
    higher sequence.
    """
    latest: dict[str, Read] = {}
    for read in reads:
        if (earlier := latest.get(read.key)) is None:
            latest[read.key] = read
            continue
        portion.repeated += 1
        if batch.kind == BatchKind.FILE:
            _tell_repeat(portion, earlier.raw, read)
        if read.sequence >= earlier.sequence:
            del latest[read.key]  # so that the order is that of what is kept
            latest[read.key] = read
    floor = full_floor(agency_id=batch.agency_id)
    for read in latest.values():
        _place(batch, read, portion, floor=floor.of(read.key))


def _tell_repeat(portion: Portion, raw: RawRecord, read: Read) -> None:
    params = {"key": read.key, "again_at": read.raw.position}
    portion.rejects.append(rejected(raw, REPEATED, params))


def _place(batch: Batch, read: Read, portion: Portion, *, floor: int) -> None:
    known, prepared = read.known, read.prepared
    if known is not None and not read.is_deleted:
        portion.seen.append(known.source_id)
    if read.sequence and read.sequence < max(floor, known.sequence if known else 0):
        portion.outdated += 1
    elif read.is_deleted:
        _place_deletion(batch, read, portion)
    elif prepared is None:
        portion.unchanged += 1
        portion.held.append((read.raw.offset, read.raw.end, known.source_id if known else 0))
        _confirm(batch, read, portion)
    else:
        is_repeat = known is not None and known.batch_id == batch.pk and not known.is_deleted
        if is_repeat:
            portion.repeated += 1
            if batch.kind == BatchKind.FILE:
                _tell_repeat(portion, read.raw, read)
        portion.incoming.append(
            Incoming(
                raw=read.raw,
                digest=read.digest,
                source_key=read.key,
                prepared=prepared,
                known=known,
                sequence=max(read.sequence, known.sequence if known else 0),
                is_repeat=is_repeat,
            )
        )


def _place_deletion(batch: Batch, read: Read, portion: Portion) -> None:
    if read.known and not read.known.is_deleted:
        sequence = max(read.sequence, read.known.sequence)
        portion.deletions.append(read.known._replace(sequence=sequence))
        return
    portion.unchanged += 1
    if read.known:
        _confirm(batch, read, portion)
    elif read.sequence:
        portion.tombstones.append(Tombstone(read.key, read.sequence))


def _confirm(batch: Batch, read: Read, portion: Portion) -> None:
    """An unchanged record is news all the same: nothing older may replace it any more.

    A full batch does without a write for each: it becomes the floor, or tells at its end which
    records it has met (`BatchSeen`).
    """
    if not read.known or read.sequence <= read.known.sequence:
        return
    if batch.mode == "full" and not read.is_deleted:
        return
    if batch.kind == BatchKind.FILE:
        portion.confirmed.append(read.known.source_id)
    else:
        portion.raised.append((read.known.source_id, read.sequence))
