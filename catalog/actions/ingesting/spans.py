"""Stretches of a file sent before: known by their bytes, so their records are not looked at again.

A nightly file is nearly all yesterday's. Where the bytes from here on are those of a span read
before, and none of its records has changed since, all of them are unchanged.
"""

from __future__ import annotations

import array
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from catalog.actions.ingesting.portion import Portion, Stretch
from catalog.models import Batch, BatchKind, BatchState
from catalog.models.bulk import select_where_in
from catalog.models.spans import KnownSpan
from catalog.sync_readers.reconciliation import full_floor

HEAD = 256  # bytes by which a span is looked up
MOST_RECORDS = 20_000  # taken over in one step
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


def stretch_of(data: bytes) -> Stretch | None:
    """None for bytes too few to be worth it."""
    if len(data) < HEAD:
        return None
    return Stretch(_start(data[:HEAD]), len(data), hashlib.sha256(data).hexdigest())


def _start(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=16).hexdigest()


# Note [What a witness says]
# A span is as good as its witness: how many of its records live, the sum of the batches that wrote
# them, and when the last was written. Whoever writes a record's content sets its batch and its
# time, whoever withdraws it takes it out of the count; so a witness that still agrees says that
# nothing happened to any of them.


class _Witness(NamedTuple):
    text: str
    sequence: int  # the highest of any of the records


_WITNESS = """
    SELECT COUNT(*), SUM(batch_id), MAX(received_at), MAX(sequence)
    FROM catalog_sourcerecord WHERE deleted_at IS NULL AND id
"""


def _witness(source_ids: list[int]) -> _Witness:
    """One query, over a range of ids where they are one: those of a first file are."""
    low, high = min(source_ids), max(source_ids)
    if high - low + 1 == len(source_ids):
        with connection.cursor() as cursor:
            cursor.execute(f"{_WITNESS} BETWEEN %s AND %s", [low, high])
            row = cursor.fetchone()
    else:
        row = select_where_in(_WITNESS + "{values}", source_ids)[0]
    count, batches, last, sequence = row
    return _Witness(f"{count} {batches} {last}", int(sequence or 0))


def take_known_spans(batch: Batch, data: TakenBytes, portion: Portion) -> bool:
    """Take over every known span from here on; whether there was any. Two queries a span."""
    highest = max((one for one, _ in full_floor(agency_id=batch.agency_id).steps), default=0)
    if batch.sequence and batch.sequence < highest:
        return False  # some of it may be overtaken: each record decides for itself
    while portion.records < MOST_RECORDS:
        found = _next_span(batch, data)
        if found is None:
            break
        ids = unpacked(found.source_ids)
        data.skip(found.length)
        portion.spans.append(found.pk)
        portion.next_offset += found.length
        portion.next_position += len(ids)
        portion.records += len(ids)
        portion.unchanged += len(ids)
        portion.seen += ids
        if batch.sequence and batch.mode != "full":
            portion.confirmed += ids
    portion.is_last = portion.next_offset >= batch.byte_count
    return bool(portion.spans)


def _next_span(batch: Batch, data: TakenBytes) -> KnownSpan | None:
    head = data.first(HEAD)
    if len(head) < HEAD:
        return None
    known = KnownSpan.objects.filter(agency_id=batch.agency_id, start=_start(head))
    for span in known.order_by("-pk"):
        whole = data.first(span.length)
        if len(whole) < span.length or hashlib.sha256(whole).hexdigest() != span.digest:
            continue
        now = _witness(unpacked(span.source_ids))
        if now.text == span.witness and (not batch.sequence or now.sequence <= batch.sequence):
            return span
    return None


def note_spans(batch: Batch, portion: Portion) -> None:
    """Renew what was met again, and keep what this portion read if nothing in it was amiss.

    In the caller's transaction, when the portion's rows are written.
    """
    if portion.spans:
        KnownSpan.objects.filter(pk__in=portion.spans).update(batch=batch)
    if any(one.is_repeat for one in portion.incoming):
        # An earlier step of this batch saved another record under the key.
        KnownSpan.objects.filter(batch=batch).delete()
    stretch = portion.stretch
    if stretch is None or batch.kind != BatchKind.FILE or not _is_clean(portion):
        return
    ids = list(dict.fromkeys([*portion.seen, *(one.source_id for one in portion.incoming)]))
    if len(ids) != portion.records:
        return
    KnownSpan.objects.filter(agency_id=batch.agency_id, start=stretch.start).delete()
    KnownSpan.objects.create(
        agency_id=batch.agency_id,
        batch=batch,
        **stretch._asdict(),
        source_ids=packed(ids),
        witness=_witness(ids).text,
    )


def _is_clean(portion: Portion) -> bool:
    amiss = (portion.rejects, portion.deletions, portion.tombstones, portion.outdated)
    return bool(portion.records) and not any((*amiss, portion.quarantined, portion.repeated))


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
