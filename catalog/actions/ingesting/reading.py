"""The next records of a batch, from stored bytes to parsed and profiled values; writes nothing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from django.db.models import BinaryField
from django.db.models.functions import Substr

from catalog.actions.ingesting.placing import Read, sort_out
from catalog.actions.ingesting.portion import DEFECT, OTHER_NUMBER, Known, Portion, reject, spare
from catalog.actions.ingesting.spans import (
    TakenBytes,
    end_of_step,
    stretch_of,
    take_known_spans,
)
from catalog.domain.changes import ChangeProblem, Line, RecordChange, read_change, split_lines
from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse
from catalog.domain.marc.problems import ErrorCode, RecordError
from catalog.domain.marc.read import Quarantined, RawRecord, read_records, sniff
from catalog.domain.records import MarcFormat
from catalog.models import Batch, BatchChunk, BatchKind
from catalog.models.batches import CHUNK_BYTES
from catalog.models.bulk import select_blob, select_where_in

log = logging.getLogger(__name__)

MAX_SOURCE_KEY = 160
_CONTROL_NUMBER_XML = re.compile(rb"""tag\s*=\s*["']001["'][^>]*>([^<]*)<""")


def read_portion(batch: Batch, *, limit: int) -> Portion:
    """At most ``limit`` records and quarantined spans from where the batch stands."""
    portion = Portion(next_offset=batch.next_offset, next_position=batch.next_position)
    if batch.kind == BatchKind.CHANGES:
        return _read_changes(batch, portion, limit=limit)
    data = TakenBytes(stored_bytes(batch.pk, batch.next_offset))
    if take_known_spans(batch, data, portion):
        return portion
    outcomes = _outcomes(batch, data, limit)
    count = end_of_step(outcomes, limit=limit)
    is_end = len(outcomes) < limit and count == len(outcomes)
    del outcomes[count:]
    raws: list[RawRecord] = []
    for outcome in outcomes:
        if isinstance(outcome, Quarantined):
            reject(portion, outcome, outcome.code, outcome.params)
            portion.lost += outcome.code != ErrorCode.EMPTY_SPAN
        else:
            raws.append(outcome)
    if outcomes:
        portion.next_offset = outcomes[-1].end
        portion.next_position = outcomes[-1].position + 1
    portion.is_last = is_end or portion.next_offset >= batch.byte_count
    portion.stretch = stretch_of(data.read(portion.next_offset - batch.next_offset))
    portion.records = len(raws)
    sort_out(batch, _read_all(batch, raws, portion), portion)
    return portion


def _read_changes(batch: Batch, portion: Portion, *, limit: int) -> Portion:
    lines = list(
        islice(
            split_lines(
                stored_bytes(batch.pk, batch.next_offset),
                offset=batch.next_offset,
                position=batch.next_position,
            ),
            limit,
        )
    )
    if lines:
        portion.next_offset, portion.next_position = lines[-1].end, lines[-1].position + 1
    portion.is_last = len(lines) < limit or portion.next_offset >= batch.byte_count
    changes: list[SentChange] = []
    for line in lines:
        found = read_change(line.data)
        if isinstance(found, ChangeProblem):
            reject(portion, line, found.code, found.params)
        else:
            changes.append(SentChange(line, found))
    portion.records = len(changes)
    sort_out(batch, _read_sent_changes(batch, changes, portion), portion)
    return portion


def _outcomes(batch: Batch, data: TakenBytes, limit: int) -> list[RawRecord | Quarantined]:
    kind = sniff(_first_bytes(batch.pk))
    found = read_records(
        data.rest(), kind=kind, offset=batch.next_offset, position=batch.next_position
    )
    return list(islice(found, limit))


def _first_bytes(batch_id: int) -> bytes:
    start = BatchChunk.objects.filter(batch_id=batch_id, offset=0).annotate(
        start=Substr("data", 1, 256, output_field=BinaryField())
    )
    return bytes(start.values_list("start", flat=True).first() or b"")


_CHUNK = 'SELECT data FROM catalog_batchchunk WHERE batch_id = %s AND "offset" = %s'


def stored_bytes(batch_id: int, offset: int) -> Iterator[bytes]:
    """A batch's bytes from an offset on, one chunk at a time. A query a chunk."""
    while True:
        start = offset - offset % CHUNK_BYTES
        data = select_blob(_CHUNK, [batch_id, start])
        if data is None:
            return
        yield data[offset - start :] if offset > start else data
        offset = start + CHUNK_BYTES


# --- which of them are new, changed, unchanged, deleted ----------------------------------------


def _read_all(batch: Batch, raws: list[RawRecord], portion: Portion) -> Iterable[Read]:
    """Each record with what is known of it; only those whose bytes are new are parsed.

    The control number is first taken from the bytes without parsing, which is right for all but
    damaged records; those are looked up again under the number the parser finds.
    """
    digests = [hashlib.sha256(raw.data).hexdigest() for raw in raws]
    guesses = [_guessed_key(raw.data) or digest for raw, digest in zip(raws, digests, strict=True)]
    known = _known(batch.agency_id, guesses)
    profile = source_profile(batch)
    reads: list[Read] = []
    for raw, digest, guess in zip(raws, digests, guesses, strict=True):
        found = known.get(guess)
        if found and found.digest == digest and not found.is_deleted:
            reads.append(Read(raw, digest, guess, found, None, batch.sequence, False))
        elif parsed := _parse(raw, profile, portion, known=known):
            key = _source_key(parsed) or digest
            is_deleted = parsed.is_deleted
            reads.append(Read(raw, digest, key, known.get(key), parsed, batch.sequence, is_deleted))
    asked = set(guesses)
    misses = [read.key for read in reads if read.known is None and read.key not in asked]
    known |= _known(batch.agency_id, misses)
    return [_looked_up_again(read, known) for read in reads]


def _looked_up_again(read: Read, known: Mapping[str, Known]) -> Read:
    found = read.known or known.get(read.key)
    if found and found.digest == read.digest and not found.is_deleted:
        return read._replace(known=found, parsed=None)
    return read._replace(known=found)


class SentChange(NamedTuple):
    """A line of a change list and what it says."""

    line: Line
    change: RecordChange


def _read_sent_changes(batch: Batch, changes: list[SentChange], portion: Portion) -> Iterable[Read]:
    """Each change with what is known of its record; only records whose bytes are new are parsed."""
    keys = [short_key(sent.change.control_number) for sent in changes]
    known = _known(batch.agency_id, keys)
    profile = source_profile(batch)
    for (line, change), key in zip(changes, keys, strict=True):
        raw = RawRecord(line.position, line.offset, change.record)
        found, digest = known.get(key), hashlib.sha256(change.record).hexdigest()
        if change.is_deletion:
            yield Read(raw, digest, key, found, None, change.sequence, True)
        elif found and found.digest == digest and not found.is_deleted:
            yield Read(raw, digest, key, found, None, change.sequence, False)
        elif parsed := _parse(raw, profile, portion):
            if (own := _source_key(parsed)) not in ("", key):
                reject(portion, raw, OTHER_NUMBER, {"sent": key, "found": own})
                portion.records -= 1
                continue
            yield Read(raw, digest, key, found, parsed, change.sequence, parsed.is_deleted)


def _parse(
    raw: RawRecord,
    profile: SourceProfile,
    portion: Portion,
    *,
    known: Mapping[str, Known] = MappingProxyType({}),
) -> ParsedRecord | None:
    try:
        parsed = parse(raw.data, profile=profile)
    except Exception as error:
        log.exception("record %d at byte %d", raw.position, raw.offset)
        parsed = RecordError(code=DEFECT, params={"error": type(error).__name__})  # type: ignore[arg-type]
    if isinstance(parsed, RecordError):
        reject(portion, raw, parsed.code, parsed.params)
        portion.records -= 1
        if parsed.code != ErrorCode.NOT_BIBLIOGRAPHIC:  # which hides no other record
            spare(portion, known.get(key := _certain_key(raw)), key)
        return None
    return parsed


def _certain_key(raw: RawRecord) -> str:
    """The control number of a record that cannot be used, where nothing else can be in its bytes.

    Two records run together would have the number of the first only, so the length must agree too.
    """
    data = raw.data
    if raw.flags or data[:1] == b"<" or data[31:36] != b"00000":
        return ""
    key = _guessed_key(data)
    end = int(data[12:17]) + int(data[27:31]) if key else 0
    return key if key and data[end - 1 : end] == b"\x1e" else ""


def _guessed_key(data: bytes) -> str:
    """The control number where sound records have it, empty when it is not plainly there."""
    if data[:1] == b"<":
        found = _CONTROL_NUMBER_XML.search(data)
        text = found[1] if found else b""
    else:
        if data[24:27] != b"001" or not data[12:17].isdigit() or not data[27:36].isdigit():
            return ""
        start = int(data[12:17]) + int(data[31:36])
        text = data[start : start + int(data[27:31])].rstrip(b"\x1e")
    return short_key(text.decode("ascii").strip()) if text.isascii() else ""


def _source_key(parsed: ParsedRecord) -> str:
    return short_key(parsed.record.control_number.replace("\x00", "").strip())


def short_key(key: str) -> str:
    """The source key as its column takes it: a key too long keeps its beginning and a digest."""
    if len(key) <= MAX_SOURCE_KEY:
        return key
    return key[: MAX_SOURCE_KEY - 65] + "~" + hashlib.sha256(key.encode()).hexdigest()


def _known(agency_id: int, keys: list[str]) -> dict[str, Known]:
    """What the database has under these source keys of the agency. One query."""
    rows = select_where_in(
        "SELECT source_key, id, digest, deleted_at, sequence, manifestation_id, batch_id"
        " FROM catalog_sourcerecord WHERE agency_id = %s AND source_key {values}",
        keys,
        agency_id,
    )
    return {
        key: Known(pk, digest, deleted_at is not None, sequence, manifestation_id, batch_id)
        for key, pk, digest, deleted_at, sequence, manifestation_id, batch_id in rows
    }


def source_profile(batch: Batch) -> SourceProfile:
    """How this member's records are to be read: the batch's own word, else the agency's."""
    agency = batch.agency
    hint = batch.format_hint or agency.marc_format
    return SourceProfile(
        format_hint=MarcFormat(hint) if hint else None,
        encoding_hint=batch.encoding_hint or agency.marc_encoding,
        holdings=agency.holdings_profile,
    )
