"""The next records of a batch, from stored bytes to parsed and profiled values; writes nothing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import BinaryField
from django.db.models.functions import Substr

from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse
from catalog.domain.marc.problems import RecordError
from catalog.domain.marc.read import Quarantined, RawRecord, read_records, sniff
from catalog.domain.matching import MatchProfile, profile_of
from catalog.domain.records import MarcFormat
from catalog.models import Batch, BatchChunk
from catalog.models.batches import CHUNK_BYTES
from catalog.models.bulk import as_json, select_where_in

log = logging.getLogger(__name__)

MAX_SOURCE_KEY = 160
MAX_REJECT_BYTES = 64 * 1024  # of a copy for people to look at; all bytes stay in the chunks
DEFECT = "reader_defect"  # our own fault: the record is kept, the log has the traceback
REPEATED = "duplicate_in_file"
_CONTROL_NUMBER_XML = re.compile(rb"""tag\s*=\s*["']001["'][^>]*>([^<]*)<""")


class Rejected(NamedTuple):
    """A row for the list of what could not be used, or not as it was."""

    position: int
    offset: int
    length: int
    code: str
    params: Mapping[str, Any]
    raw: bytes


class Known(NamedTuple):
    """What the database has under a source key."""

    source_id: int
    digest: str
    is_deleted: bool
    sequence: int
    manifestation_id: int | None
    batch_id: int | None


@dataclass(slots=True, kw_only=True)
class Incoming:
    """One record to save: new, changed, or come back."""

    raw: RawRecord
    digest: str
    source_key: str
    parsed: ParsedRecord
    profile: MatchProfile
    neutral: str  # JSON
    known: Known | None
    is_repeat: bool = False  # an earlier step of this batch saved another one under this key
    source_id: int = 0  # given when it is saved

    @property
    def is_new(self) -> bool:
        return self.known is None or self.known.is_deleted


@dataclass(slots=True)
class Portion:
    """What one step found in the file."""

    next_offset: int = 0
    next_position: int = 1
    is_last: bool = False
    records: int = 0
    unchanged: int = 0
    outdated: int = 0
    repeated: int = 0
    incoming: list[Incoming] = field(default_factory=list)
    deletions: list[Known] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)  # ids already in the database
    rejects: list[Rejected] = field(default_factory=list)
    quarantined: int = 0


def read_portion(batch: Batch, *, limit: int) -> Portion:
    """At most ``limit`` records and quarantined spans from where the batch stands."""
    portion = Portion(next_offset=batch.next_offset, next_position=batch.next_position)
    outcomes = _outcomes(batch, limit)
    raws: list[RawRecord] = []
    for outcome in outcomes:
        if isinstance(outcome, Quarantined):
            _reject(portion, outcome, outcome.code, outcome.params)
        else:
            raws.append(outcome)
    if outcomes:
        portion.next_offset = outcomes[-1].end
        portion.next_position = outcomes[-1].position + 1
    portion.is_last = len(outcomes) < limit or portion.next_offset >= batch.byte_count
    portion.records = len(raws)
    _sort_out(batch, raws, portion)
    return portion


def _outcomes(batch: Batch, limit: int) -> list[RawRecord | Quarantined]:
    kind = sniff(_first_bytes(batch.pk))
    chunks = stored_bytes(batch.pk, batch.next_offset)
    found = read_records(chunks, kind=kind, offset=batch.next_offset, position=batch.next_position)
    return list(islice(found, limit))


def _first_bytes(batch_id: int) -> bytes:
    start = BatchChunk.objects.filter(batch_id=batch_id, offset=0).annotate(
        start=Substr("data", 1, 256, output_field=BinaryField())
    )
    return bytes(start.values_list("start", flat=True).first() or b"")


def stored_bytes(batch_id: int, offset: int) -> Iterator[bytes]:
    """A batch's bytes from an offset on, one chunk at a time. A query a chunk."""
    while True:
        start = offset - offset % CHUNK_BYTES
        chunk = BatchChunk.objects.filter(batch_id=batch_id, offset=start).first()
        if chunk is None:
            return
        data = bytes(chunk.data)
        yield data[offset - start :] if offset > start else data
        offset = start + CHUNK_BYTES


def _reject(
    portion: Portion,
    span: RawRecord | Quarantined,
    code: str,
    params: Mapping[str, Any],
) -> None:
    portion.quarantined += 1
    portion.rejects.append(_rejected(span, code, params))


def _rejected(span: RawRecord | Quarantined, code: str, params: Mapping[str, Any]) -> Rejected:
    data = span.data
    return Rejected(
        span.position, span.offset, len(data), str(code), dict(params), data[:MAX_REJECT_BYTES]
    )


# --- which of them are new, changed, unchanged, deleted ----------------------------------------


class _Read(NamedTuple):
    raw: RawRecord
    digest: str
    key: str
    known: Known | None
    parsed: ParsedRecord | None  # None: unchanged, not looked into


def _sort_out(batch: Batch, raws: list[RawRecord], portion: Portion) -> None:
    """Fill the portion: the last record under a source key wins, and that is said."""
    latest: dict[str, _Read] = {}
    for read in _read_all(batch, raws, portion):
        if earlier := latest.pop(read.key, None):
            portion.repeated += 1
            params = {"key": read.key, "again_at": read.raw.position}
            portion.rejects.append(_rejected(earlier.raw, REPEATED, params))
        latest[read.key] = read
    for read in latest.values():
        _place(batch, read, portion)


def _place(batch: Batch, read: _Read, portion: Portion) -> None:
    known, parsed = read.known, read.parsed
    if known is not None and not (parsed and parsed.is_deleted):
        portion.seen.append(known.source_id)
    if known and batch.sequence and known.sequence > batch.sequence:
        portion.outdated += 1
    elif parsed is None:
        portion.unchanged += 1
    elif parsed.is_deleted:
        if known is None or known.is_deleted:
            portion.unchanged += 1
        else:
            portion.deletions.append(known)
    else:
        is_repeat = known is not None and known.batch_id == batch.pk and not known.is_deleted
        if is_repeat:
            portion.repeated += 1
            params = {"key": read.key, "again_at": read.raw.position}
            portion.rejects.append(_rejected(read.raw, REPEATED, params))
        _prepare(read, parsed, portion, is_repeat=is_repeat)


def _prepare(read: _Read, parsed: ParsedRecord, portion: Portion, *, is_repeat: bool) -> None:
    try:
        profile = profile_of(parsed.record)
        neutral = as_json(parsed.record.to_json())
    except Exception as error:
        log.exception("record %s at byte %d", read.key, read.raw.offset)
        _reject(portion, read.raw, DEFECT, {"error": type(error).__name__})
        portion.records -= 1
        return
    portion.incoming.append(
        Incoming(
            raw=read.raw,
            digest=read.digest,
            source_key=read.key,
            parsed=parsed,
            profile=profile,
            neutral=neutral.replace("\\u0000", ""),
            known=read.known,
            is_repeat=is_repeat,
        )
    )


def _read_all(batch: Batch, raws: list[RawRecord], portion: Portion) -> Iterable[_Read]:
    """Each record with what is known of it; only those whose bytes are new are parsed.

    The control number is first taken from the bytes without parsing, which is right for all but
    damaged records; those are looked up again under the number the parser finds.
    """
    digests = [hashlib.sha256(raw.data).hexdigest() for raw in raws]
    guesses = [_guessed_key(raw.data) or digest for raw, digest in zip(raws, digests, strict=True)]
    known = _known(batch.agency_id, guesses)
    profile = source_profile(batch)
    reads: list[_Read] = []
    for raw, digest, guess in zip(raws, digests, guesses, strict=True):
        found = known.get(guess)
        if found and found.digest == digest and not found.is_deleted:
            reads.append(_Read(raw, digest, guess, found, None))
        elif parsed := _parse(raw, profile, portion):
            key = _source_key(parsed) or digest
            reads.append(_Read(raw, digest, key, known.get(key), parsed))
    misses = [read.key for read in reads if read.known is None and read.key not in known]
    known |= _known(batch.agency_id, [key for key in misses if key not in set(guesses)])
    return [_looked_up_again(read, known) for read in reads]


def _looked_up_again(read: _Read, known: Mapping[str, Known]) -> _Read:
    found = read.known or known.get(read.key)
    if found and found.digest == read.digest and not found.is_deleted:
        return read._replace(known=found, parsed=None)
    return read._replace(known=found)


def _parse(raw: RawRecord, profile: SourceProfile, portion: Portion) -> ParsedRecord | None:
    try:
        parsed = parse(raw.data, profile=profile)
    except Exception as error:
        log.exception("record %d at byte %d", raw.position, raw.offset)
        parsed = RecordError(code=DEFECT, params={"error": type(error).__name__})  # type: ignore[arg-type]
    if isinstance(parsed, RecordError):
        _reject(portion, raw, parsed.code, parsed.params)
        portion.records -= 1
        return None
    return parsed


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
    return _short(text.decode("ascii").strip()) if text.isascii() else ""


def _source_key(parsed: ParsedRecord) -> str:
    return _short(parsed.record.control_number.replace("\x00", "").strip())


def _short(key: str) -> str:
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
