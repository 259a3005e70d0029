"""The digest tree of one member's records, computed from the rows themselves every time.

A tree kept beside the rows would prove its own bookkeeping only. The index ``digest_tree`` holds
all that is needed, so no record's bytes are read: one pass over the member's part of the index for
the whole tree, 1/256 of it for each block that is asked for. Figures: docs/benchmarks.md.

Note [Blocks in the index, sub-blocks out of it]
The index is ordered by block, then source key. New records mostly have rising numbers, so each of
the 256 blocks is written at one place; by sub-block every record of a portion stood on a page of
its own, and these pages were a seventh of the lane's work on SQLite. So sub-blocks are computed as
rows pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Max, QuerySet

from catalog.domain.digests import BlockDigest, block_name, digests_by_block, sub_block_of
from catalog.models import Batch, BatchKind, BatchState, SourceRecord, Withdrawal
from catalog.models.bulk import select_where_in

CHUNK = 10_000  # rows in memory at once


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """What we hold under one source key."""

    block: str
    source_key: str
    digest: str  # SHA-256 of the bytes as sent
    sequence: int


def digest_tree(*, agency_id: int) -> dict[str, BlockDigest]:
    """The 256 blocks, those with records only. One query."""
    rows = _living(agency_id).values_list("block", "source_key", "digest")
    found = rows.iterator(chunk_size=CHUNK)
    return digests_by_block((block_name(block), key, digest) for block, key, digest in found)


def sub_blocks(*, agency_id: int, blocks: Sequence[str]) -> dict[str, BlockDigest]:
    """The sub-blocks of these blocks, those with records only. One query."""
    rows = _all(_within(_living(agency_id), blocks))
    return digests_by_block((sub_block_of(key), key, digest) for key, digest in rows)


def record_lines(*, agency_id: int, blocks: Sequence[str], limit: int) -> list[RecordLine]:
    """The records in these sub-blocks, at most ``limit``, by block and source key. Three queries.

    A record confirmed by a full batch has that batch's sequence, though its row was not touched.
    """
    rows = _within(_living(agency_id), blocks).order_by("block", "source_key")
    named = ((sub_block_of(key), key, digest) for key, digest in _all(rows))
    wanted = set(blocks)
    found = list(islice((row for row in named if row[0] in wanted), limit))
    sequences = dict(select_where_in(_SEQUENCES, [key for _, key, _ in found], agency_id))
    floor = full_floor(agency_id=agency_id)
    return [
        RecordLine(
            block=name,
            source_key=key,
            digest=digest,
            sequence=max(sequences.get(key, 0), floor.of(key)),
        )
        for name, key, digest in found
    ]


# Not in the index, and so not asked of the rest of the block.
_SEQUENCES = """
    SELECT source_key, sequence FROM catalog_sourcerecord
    WHERE agency_id = %s AND source_key {values}
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """Up to which sequence a member has told all it has, record by record; 0 if it never did.

    A full batch overtakes everything older, whether or not it held the record, save the records
    it held in no usable form: of these it says only that they are there.
    """

    steps: tuple[tuple[int, frozenset[str]], ...]  # newest first, down to one without exception

    def of(self, source_key: str) -> int:
        return next((sequence for sequence, spared in self.steps if source_key not in spared), 0)

    @property
    def for_all(self) -> int:
        """What lies below this is overtaken, whatever record it is."""
        return self.steps[-1][0] if self.steps and not self.steps[-1][1] else 0


def full_floor(*, agency_id: int) -> Floor:
    """What the member's full batches say of older things. One query."""
    full = Batch.objects.filter(
        agency_id=agency_id, mode="full", lost=0, state=BatchState.DONE, sequence__gt=0
    ).filter(withdrawal__in=["", Withdrawal.CONFIRMED])
    steps: list[tuple[int, frozenset[str]]] = []
    rows = full.order_by("-sequence", "-pk").values_list("sequence", "spared")
    for sequence, spared in rows.iterator(chunk_size=10):
        steps.append((sequence, frozenset(spared)))
        if not spared:
            break
    return Floor(tuple(steps))


def unread_batches(*, agency_id: int) -> int:
    """Batches sent that the tree does not tell of yet. One query."""
    settled = [BatchState.DONE, BatchState.FAILED]  # failed: its upload broke off
    return Batch.objects.filter(agency_id=agency_id).exclude(state__in=settled).count()


def last_sequence(*, agency_id: int) -> int:
    """The greatest sequence of a file read to its end. One query."""
    done = Batch.objects.filter(agency_id=agency_id, kind=BatchKind.FILE, state=BatchState.DONE)
    return int(done.aggregate(last=Max("sequence"))["last"] or 0)


def _living(agency_id: int) -> QuerySet[SourceRecord]:
    return SourceRecord.objects.filter(agency_id=agency_id, deleted_at=None)


def _within(rows: QuerySet[SourceRecord], names: Sequence[str]) -> QuerySet[SourceRecord]:
    """The blocks of these names of blocks or sub-blocks."""
    return rows.filter(block__in={int(name[:2], 16) for name in names})


def _all(rows: QuerySet[SourceRecord]) -> Iterator[tuple[str, str]]:
    """Source key and digest of each, from the index alone."""
    return rows.values_list("source_key", "digest").iterator(chunk_size=CHUNK)
