"""The digest tree of one member's records, computed from the rows themselves every time.

A tree kept beside the rows would prove its own bookkeeping only. The index ``digest_tree`` holds
all that is needed, so no record's bytes are read: one pass over the member's part of the index for
the whole tree, 1/256 of it for a block. Figures for 1,000,000 records: docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from catalog.domain.digests import BlockDigest, block_digests, block_range, sub_block_digests
from catalog.models import Batch, BatchKind, BatchState, SourceRecord, Withdrawal

Row = tuple[int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """What we hold under one source key."""

    block: str
    source_key: str
    digest: str  # SHA-256 of the bytes as sent
    sequence: int


def digest_tree(*, agency_id: int) -> dict[str, BlockDigest]:
    """The 256 blocks, those with records only. One query."""
    return block_digests(sub_block_digests(_rows(_living(agency_id))))


def sub_blocks(*, agency_id: int, blocks: Sequence[str]) -> dict[str, BlockDigest]:
    """The sub-blocks of these blocks, those with records only. One query."""
    return sub_block_digests(_rows(_within(_living(agency_id), blocks)))


def record_lines(*, agency_id: int, blocks: Sequence[str], limit: int) -> list[RecordLine]:
    """The records in these sub-blocks, at most ``limit``, in the order of the tree. Two queries.

    A record confirmed by a full batch has that batch's sequence, though its row was not touched.
    """
    floor = full_floor(agency_id=agency_id)
    rows = _within(_living(agency_id), blocks).order_by("block", "source_key")
    return [
        RecordLine(
            block=f"{block:04x}",
            source_key=key,
            digest=digest,
            sequence=max(sequence, floor.of(key)),
        )
        for block, key, digest, sequence in rows.values_list(
            "block", "source_key", "digest", "sequence"
        )[:limit]
    ]


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


def _within(rows: QuerySet[SourceRecord], blocks: Sequence[str]) -> QuerySet[SourceRecord]:
    wanted = Q()
    whole = Q(block__in=[int(name, 16) for name in blocks if len(name) == 4])
    for name in blocks:
        if len(name) == 2:
            wanted |= Q(block__range=block_range(name))
    return rows.filter(wanted | whole)


def _rows(rows: QuerySet[SourceRecord]) -> Iterator[Row]:
    return rows.values_list("block", "source_key", "digest").iterator(chunk_size=10_000)
