"""The next records of a batch, from stored bytes to parsed and profiled values; writes nothing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeGuard

from django.db.models import BinaryField
from django.db.models.functions import Substr

from catalog.actions.ingesting.beside import WORTH_IT, Place, beside, bytes_wanted, is_allowed
from catalog.actions.ingesting.placing import Read, sort_out
from catalog.actions.ingesting.portion import (
    DEFECT,
    OTHER_NUMBER,
    Known,
    Piece,
    Portion,
    ends_of,
    reject,
    spare,
)
from catalog.actions.ingesting.spans import TakenBytes, take_known_spans
from catalog.domain.changes import ChangeProblem, Line, RecordChange, read_change, split_lines
from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.prepare import Plain, Prepared, Step, end_of_step, prepare
from catalog.domain.marc.problems import ErrorCode, RecordError
from catalog.domain.marc.read import FileKind, Quarantined, RawRecord, read_records, sniff
from catalog.domain.records import MarcFormat
from catalog.models import Batch, BatchChunk, BatchKind
from catalog.models.bulk import select_blob, select_where_in

log = logging.getLogger(__name__)

MAX_SOURCE_KEY = 160
_CONTROL_NUMBER_XML = re.compile(rb"""tag\s*=\s*["']001["'][^>]*>([^<]*)<""")


def read_portion(batch: Batch, *, limit: int) -> Portion:
    """At most ``limit`` records and quarantined spans from where the batch stands."""
    portion = Portion(next_offset=batch.next_offset, next_position=batch.next_position)
    if batch.kind == BatchKind.CHANGES:
        return _read_changes(batch, portion, limit=limit)
    place = Place(batch.pk, batch.next_offset, batch.next_position, limit, source_profile(batch))
    ahead = beside.take(place)
    take_known_spans(batch, portion)
    if portion.spans:
        return portion
    data = TakenBytes(_bytes_from(batch, ahead[1] if ahead else b""))
    step = ahead[0] if ahead else _step(batch, data, limit, portion.pieces)
    _take_outcomes(batch, step, portion)
    sought = _look_up(batch, step)
    if 2 * sought.fresh > portion.records:
        _read_ahead(batch, portion, data, place)  # before this one is, if it was not read ahead
    sort_out(batch, _read_all(batch, step, sought, portion), portion)
    return portion


def _bytes_from(batch: Batch, here: bytes) -> Iterator[bytes]:
    if here:
        yield here
    yield from stored_bytes(batch.pk, batch.next_offset + len(here))


def _step(batch: Batch, data: TakenBytes, limit: int, pieces: list[Piece]) -> Step:
    outcomes, is_all = _outcomes(batch, data, limit, until=pieces[-1].end if pieces else 0)
    count = end_of_step(outcomes, ends=ends_of(pieces))
    is_end = is_all and count == len(outcomes)
    del outcomes[count:]
    raws = [one for one in outcomes if isinstance(one, RawRecord)]
    digests = [hashlib.sha256(raw.data).hexdigest() for raw in raws]
    return Step(outcomes, is_end, digests, [None] * len(raws))


def _take_outcomes(batch: Batch, step: Step, portion: Portion) -> None:
    for outcome in step.outcomes:
        if isinstance(outcome, Quarantined):
            reject(portion, outcome, outcome.code, outcome.params)
            portion.lost += outcome.code != ErrorCode.EMPTY_SPAN
    portion.records = len(step.digests)
    if step.outcomes:
        portion.next_offset = step.outcomes[-1].end
        portion.next_position = step.outcomes[-1].position + 1
    portion.is_last = step.is_end or portion.next_offset >= batch.byte_count


def _read_ahead(batch: Batch, portion: Portion, data: TakenBytes, place: Place) -> None:
    """Have the next step read beside, if more is to come."""
    left = batch.byte_count - portion.next_offset
    if portion.is_last or left < WORTH_IT or not is_allowed():
        return
    data.skip(portion.next_offset - batch.next_offset)
    if sniff(_first_bytes(batch.pk)) != FileKind.ISO2709:
        return
    length = portion.next_offset - batch.next_offset
    wanted = bytes_wanted(length=length, count=portion.records, limit=place.limit)
    following = place._replace(offset=portion.next_offset, position=portion.next_position)
    ends = ends_of(portion.pieces)
    beside.ask(following, data.first(wanted), is_rest=wanted >= left, ends=ends)


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


def _outcomes(
    batch: Batch, data: TakenBytes, limit: int, *, until: int
) -> tuple[list[RawRecord | Quarantined], bool]:
    """The next ones up to where known pieces begin, and whether the file ends with them."""
    kind = sniff(_first_bytes(batch.pk))
    found: list[RawRecord | Quarantined] = []
    for outcome in read_records(
        data.rest(), kind=kind, offset=batch.next_offset, position=batch.next_position
    ):
        found.append(outcome)
        if len(found) == limit or outcome.end == until:
            return found, False
    return found, True


def _first_bytes(batch_id: int) -> bytes:
    start = BatchChunk.objects.filter(batch_id=batch_id, offset=0).annotate(
        start=Substr("kept__data", 1, 256, output_field=BinaryField())
    )
    return bytes(start.values_list("start", flat=True).first() or b"")


_PIECE = """
    SELECT substr(data, CAST(%s - "offset" AS integer) + 1)
    FROM catalog_batchchunk JOIN catalog_keptbytes ON kept_id = catalog_keptbytes.id
    WHERE batch_id = %s AND "offset" <= %s ORDER BY "offset" DESC LIMIT 1
"""


def stored_bytes(batch_id: int, offset: int) -> Iterator[bytes]:
    """A batch's bytes from an offset on, one piece at a time. A query a piece."""
    while data := select_blob(_PIECE, [offset, batch_id, offset]):
        yield data
        offset += len(data)


# --- which of them are new, changed, unchanged, deleted ----------------------------------------


class _Sought(NamedTuple):
    """The records of a step and what is known under the numbers their bytes plainly give."""

    raws: list[RawRecord]
    guesses: list[str]
    known: dict[str, Known]
    fresh: int  # not known, or known with other bytes


def _look_up(batch: Batch, step: Step) -> _Sought:
    raws = [one for one in step.outcomes if isinstance(one, RawRecord)]
    pairs = list(zip(raws, step.digests, strict=True))
    guesses = [_guessed_key(raw.data) or digest for raw, digest in pairs]
    known = _known(batch.agency_id, guesses)
    asked = zip(guesses, step.digests, strict=True)
    fresh = sum(not _is_unchanged(known.get(guess), digest) for guess, digest in asked)
    return _Sought(raws, guesses, known, fresh)


def _is_unchanged(found: Known | None, digest: str) -> TypeGuard[Known]:
    return found is not None and found.digest == digest and not found.is_deleted


def _read_all(batch: Batch, step: Step, sought: _Sought, portion: Portion) -> Iterable[Read]:
    """Each record with what is known of it; only those whose bytes are new are parsed.

    The control number is first taken from the bytes without parsing, which is right for all but
    damaged records; those are looked up again under the number the parser finds.
    """
    raws, guesses, known, _fresh = sought
    profile = source_profile(batch)
    reads: list[Read] = []
    for raw, digest, guess, ahead in zip(raws, step.digests, guesses, step.found, strict=True):
        found = known.get(guess)
        if _is_unchanged(found, digest):
            reads.append(Read(raw, digest, guess, found, None, batch.sequence, False))
        elif prepared := _prepared(raw, profile, portion, known=known, ahead=ahead):
            plain = prepared.plain
            key = _source_key(plain) or digest
            is_deleted = plain.is_deleted
            last = batch.sequence
            reads.append(Read(raw, digest, key, known.get(key), prepared, last, is_deleted))
    asked = set(guesses)
    misses = [read.key for read in reads if read.known is None and read.key not in asked]
    known = known | _known(batch.agency_id, misses)
    return [_looked_up_again(read, known) for read in reads]


def _looked_up_again(read: Read, known: Mapping[str, Known]) -> Read:
    found = read.known or known.get(read.key)
    if _is_unchanged(found, read.digest):
        return read._replace(known=found, prepared=None)
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
        elif _is_unchanged(found, digest):
            yield Read(raw, digest, key, found, None, change.sequence, False)
        elif prepared := _prepared(raw, profile, portion):
            if (own := _source_key(prepared.plain)) not in ("", key):
                reject(portion, raw, OTHER_NUMBER, {"sent": key, "found": own})
                portion.records -= 1
                continue
            is_deleted = prepared.plain.is_deleted
            yield Read(raw, digest, key, found, prepared, change.sequence, is_deleted)


def _prepared(
    raw: RawRecord,
    profile: SourceProfile,
    portion: Portion,
    *,
    known: Mapping[str, Known] = MappingProxyType({}),
    ahead: Plain | RecordError | None = None,
) -> Prepared | None:
    """The record, read here unless the process beside has read it ``ahead``."""
    found: Prepared | RecordError
    if ahead is not None:
        found = Prepared(ahead) if isinstance(ahead, Plain) else ahead
    else:
        try:
            found = prepare(raw.data, profile=profile)
        except Exception as error:
            log.exception("record %d at byte %d", raw.position, raw.offset)
            found = RecordError(code=DEFECT, params={"error": type(error).__name__})  # type: ignore[arg-type]
    if isinstance(found, RecordError):
        reject(portion, raw, found.code, found.params)
        portion.records -= 1
        if found.code != ErrorCode.NOT_BIBLIOGRAPHIC:  # which hides no other record
            spare(portion, known.get(key := _certain_key(raw)), key)
        return None
    return found


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


def _source_key(plain: Plain) -> str:
    return short_key(plain.control_number.replace("\x00", "").strip())


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
