"""Stretches of a file sent before: known by their bytes, so their records are not looked at again.

A nightly file is nearly all yesterday's. Where the bytes from here on are those of a span read
before, and none of its records has changed since, all of them are unchanged.
"""

from __future__ import annotations

import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from django.db import connection

from catalog.actions.ingesting.portion import Piece, Portion
from catalog.models import Batch, BatchKind, BatchState
from catalog.models.bulk import select_where_in
from catalog.models.spans import KnownSpan
from catalog.sync_readers.reconciliation import full_floor

MOST_RECORDS = 20_000  # taken over in one step
PIECES_AHEAD = 48  # looked at together; more than two steps of new records
BATCHES_KEPT = 8  # a span none of a member's last files held is forgotten


@dataclass(slots=True)
class TakenBytes:
    """A batch's bytes from where it stands, fetched as they are asked for."""

    chunks: Iterator[bytes]
    buffer: bytes = b""
    read: list[bytes] = field(default_factory=list)  # given by ``rest`` meanwhile

    def first(self, count: int) -> bytes:
        """The next so many bytes, fewer at the end; they stay the next."""
        pieces = [self.buffer, *self.read]
        length = sum(map(len, pieces))
        while length < count and (chunk := next(self.chunks, None)) is not None:
            pieces.append(chunk)
            length += len(chunk)
        if len(pieces) > 1:
            self.buffer, self.read = b"".join(pieces), []
        return self.buffer[:count]

    def skip(self, count: int) -> None:
        self.first(count)
        self.buffer = self.buffer[count:]

    def rest(self) -> Iterator[bytes]:
        """Everything from here on; what was given stays the next for ``first``."""
        if self.buffer:
            yield self.buffer
        for chunk in self.chunks:
            self.read.append(chunk)
            yield chunk


# Note [What a witness says]
# A span is as good as its witness: how many of its records live, the sum of the batches that wrote
# them, and when the last was written. Whoever writes a record's content sets its batch and its
# time, whoever withdraws it takes it out of the count; so a witness that still agrees says that
# nothing happened to any of them.


class _Witness(NamedTuple):
    text: str
    sequence: int  # the highest of any of the records

    @classmethod
    def of(cls, text: str | None) -> _Witness:
        witness, _, sequence = (text or "").rpartition(" ")
        return cls(witness, int(sequence or 0))


_WITNESS = """
    SELECT COUNT(*) || ' ' || SUM(batch_id) || ' ' || MAX(received_at) || ' ' || MAX(sequence)
    FROM catalog_sourcerecord WHERE deleted_at IS NULL AND id
"""
# Asked one by one within one query: as a join PostgreSQL reads the table from end to end.
_WITNESSES = f"""
    WITH wanted(which, low, high) AS (VALUES {{values}})
    SELECT which, ({_WITNESS} BETWEEN low AND high) FROM wanted
"""  # noqa: S608 - our own text


def _witnesses(spans: Mapping[int, list[int]]) -> dict[int, _Witness]:
    """One query for spans whose ids are one range, as those of a first file; one for each other."""
    ranges, found = [], {}
    for which, ids in spans.items():
        low, high = min(ids), max(ids)
        if high - low + 1 == len(ids):
            ranges += [which, low, high]
        else:
            found[which] = _Witness.of(select_where_in(_WITNESS + "{values}", ids)[0][0])
    if ranges:
        values = ", ".join(["(%s, %s, %s)"] * (len(ranges) // 3))
        with connection.cursor() as cursor:
            cursor.execute(_WITNESSES.format(values=values), ranges)
            found |= {which: _Witness.of(text) for which, text in cursor.fetchall()}
    return found


def _pieces_from(batch: Batch, offset: int) -> list[Piece]:
    """The next pieces that begin here or later. Two queries."""
    names = ("kept__span__pk", "kept__span__source_ids", "kept__span__witness")
    rows = batch.chunks.filter(offset__gte=offset).order_by("offset")
    found = list(rows.values_list("offset", "length", "kept_id", *names)[:PIECES_AHEAD])
    ids = {kept_id: unpacked(packed_ids) for _, _, kept_id, _, packed_ids, _ in found if packed_ids}
    now = _witnesses(ids)
    return [
        Piece(
            start,
            start + length,
            kept_id,
            span_id,
            ids.get(kept_id, []),
            kept_id in now and _agrees(batch, witness, now[kept_id]),
        )
        for start, length, kept_id, span_id, _, witness in found
    ]


def _agrees(batch: Batch, witness: str, now: _Witness) -> bool:
    return now.text == witness and (not batch.sequence or now.sequence <= batch.sequence)


def take_known_spans(batch: Batch, portion: Portion) -> None:
    """Take over every known piece from here on; if there is none, note the unknown ones here.

    Three queries for as many pieces as are looked at together.
    """
    highest = max((one for one, _ in full_floor(agency_id=batch.agency_id).steps), default=0)
    # If it comes late some of it may be overtaken: each record decides for itself.
    is_late = bool(batch.sequence) and batch.sequence < highest
    pieces = _pieces_from(batch, portion.next_offset)
    while pieces and not is_late and portion.records < MOST_RECORDS:
        known = list(takewhile(lambda piece: piece.is_known, pieces))
        if not known or known[0].start != portion.next_offset:
            break
        for piece in known:
            _take_over(batch, piece, portion)
        pieces = pieces[len(known) :] or _pieces_from(batch, portion.next_offset)
    portion.pieces = list(takewhile(lambda piece: is_late or not piece.is_known, pieces))
    portion.is_last = portion.next_offset >= batch.byte_count


def _take_over(batch: Batch, piece: Piece, portion: Portion) -> None:
    ids = piece.source_ids
    portion.spans.append(piece.span_id or 0)
    portion.next_offset = piece.end
    portion.next_position += len(ids)
    portion.records += len(ids)
    portion.unchanged += len(ids)
    portion.seen += ids
    if batch.sequence and batch.mode != "full":
        portion.confirmed += ids


def note_spans(batch: Batch, portion: Portion) -> None:
    """Renew what was met again, and keep what this portion read if nothing in it was amiss.

    In the caller's transaction, when the portion's rows are written.
    """
    if portion.spans:
        KnownSpan.objects.filter(pk__in=portion.spans).update(batch=batch)
        return
    if any(one.is_repeat for one in portion.incoming):
        # An earlier step of this batch saved another record under the key.
        KnownSpan.objects.filter(batch=batch).delete()
    found = _ids_by_piece(portion) if batch.kind == BatchKind.FILE and _is_clean(portion) else {}
    now = _witnesses(found)
    KnownSpan.objects.bulk_create(
        [
            KnownSpan(
                agency_id=batch.agency_id,
                batch=batch,
                kept_id=kept_id,
                source_ids=packed(ids),
                witness=now[kept_id].text,
            )
            for kept_id, ids in found.items()
        ],
        update_conflicts=True,
        unique_fields=["kept"],
        update_fields=["batch", "source_ids", "witness"],
    )


def _is_clean(portion: Portion) -> bool:
    """Whether every record that could be used is one the database has now."""
    if portion.deletions or portion.tombstones or portion.outdated or portion.repeated:
        return False
    return len(portion.held) + len(portion.incoming) == portion.records


def _ids_by_piece(portion: Portion) -> dict[int, list[int]]:
    """Of the pieces read from end to end, those that hold whole, usable records only."""
    pieces = [piece for piece in portion.pieces if piece.end <= portion.next_offset]
    starts = [piece.start for piece in pieces]
    ids: list[list[int]] = [[] for _ in pieces]
    spoilt: set[int] = set()
    new = [(one.raw.offset, one.raw.end, one.source_id) for one in portion.incoming]
    bad = [(one.offset, one.offset + one.length, 0) for one in portion.rejects]
    for start, end, source_id in (*portion.held, *new, *bad):
        first, after = max(bisect_right(starts, start) - 1, 0), bisect_left(starts, end)
        if source_id and after - first == 1:
            ids[first].append(source_id)
        else:
            spoilt.update(range(first, after))
    return {
        piece.kept_id: ids[at] for at, piece in enumerate(pieces) if ids[at] and at not in spoilt
    }


def forget_old_spans(batch: Batch) -> None:
    """At the end of a file: what none of the member's last files held. Two queries."""
    files = Batch.objects.filter(
        agency_id=batch.agency_id, kind=BatchKind.FILE, state=BatchState.DONE
    )
    before = files.order_by("-pk").values_list("pk", flat=True)[BATCHES_KEPT : BATCHES_KEPT + 1]
    if oldest := before.first():
        KnownSpan.objects.filter(agency_id=batch.agency_id, batch_id__lte=oldest).delete()


def packed(source_ids: Iterable[int]) -> bytes:
    return array.array("q", source_ids).tobytes()


def unpacked(source_ids: bytes | memoryview) -> list[int]:
    ids = array.array("q")
    ids.frombytes(bytes(source_ids))
    return ids.tolist()
