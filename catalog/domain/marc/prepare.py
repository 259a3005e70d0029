"""One record ready for the lane: what saving it needs, as plain values another process can send.

Reading, profiling and writing JSON are most of an import and need no database, so they can be done
beside. What only few records need (the record as an object, its profile) is made again from the
JSON when somebody asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import NamedTuple

import msgspec

from catalog.domain.items import ItemFacts
from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse_all
from catalog.domain.marc.problems import RecordError
from catalog.domain.marc.read import FileKind, Quarantined, RawRecord, read_records
from catalog.domain.profile import Glimpse, MatchProfile, glimpse_of, key_number, profile_of
from catalog.domain.records import BibRecord
from catalog.domain.works import work_facts

# Bytes a reader may look beyond a record to tell where it ends; a record has at most 99,999.
LOOKED_BEYOND = 128 * 1024

# Note [One kind of work after the other]
# Decoding, crosswalk, profile and JSON are more code than a processor keeps at hand. A few records
# through each in turn take a tenth less time than one record through all, then the next. Not many:
# what they are made into must stay at hand too, also when other processes want the room.
HANDFUL = 16  # records


class Plain(msgspec.Struct, frozen=True, gc=False):
    """What saving one record needs; NUL stands in none of the JSON."""

    control_number: str
    format: str
    neutral: str = ""  # JSON; this and what follows is empty for a deletion
    keys: tuple[int, ...] = ()
    work_key: str = ""
    work_ties: tuple[str, ...] = ()
    title: str = ""
    author: str = ""
    publisher: str = ""
    year: int | None = None
    # How it was read.
    is_deleted: bool = False
    encoding: str = ""
    flags: tuple[str, ...] = ()
    items: tuple[ItemFacts, ...] = ()


class Prepared:
    """A record of which the object and the profile are made when first asked for.

    At least one of ``plain`` and ``record`` is given.
    """

    __slots__ = ("_glimpse", "_plain", "_profile", "_record")

    def __init__(
        self,
        plain: Plain | None = None,
        record: BibRecord | None = None,
        profile: MatchProfile | None = None,
    ) -> None:
        self._plain = plain
        self._record = record
        self._profile = profile
        self._glimpse: Glimpse | None = None

    @property
    def plain(self) -> Plain:
        if self._plain is None:
            self._plain = plain_of(self.record)
        return self._plain

    @property
    def record(self) -> BibRecord:
        if self._record is None:
            self._record = BibRecord.from_json(self.plain.neutral)
        return self._record

    @property
    def profile(self) -> MatchProfile:
        if self._profile is None:
            self._profile = profile_of(self.record)
        return self._profile

    @property
    def glimpse(self) -> Glimpse:
        if self._glimpse is None:
            self._glimpse = glimpse_of(self.record)
        return self._glimpse

    @property
    def keys(self) -> tuple[int, ...]:
        """The numbers of the keys it meets others by."""
        return (self._plain.keys if self._plain else ()) or _numbers(self.profile)


def prepare(data: bytes, *, profile: SourceProfile) -> Prepared | RecordError:
    """Read one record as sent and work out all that saving it needs."""
    return prepare_all([data], profile=profile)[0]


def prepare_all(pieces: Sequence[bytes], *, profile: SourceProfile) -> list[Prepared | RecordError]:
    """The same for several."""
    parsed = parse_all(pieces, profile=profile)
    matches = [_profile(one) for one in parsed]
    return [_prepared(one, match) for one, match in zip(parsed, matches, strict=True)]


def _profile(parsed: ParsedRecord | RecordError) -> MatchProfile | None:
    """None for what is no record and for a deletion."""
    if isinstance(parsed, RecordError) or parsed.is_deleted:
        return None
    return profile_of(parsed.record)


def _prepared(
    parsed: ParsedRecord | RecordError, match: MatchProfile | None
) -> Prepared | RecordError:
    if isinstance(parsed, RecordError):
        return parsed
    record = parsed.record
    if match is None:
        plain = Plain(
            record.control_number,
            str(record.format),
            is_deleted=True,
            encoding=parsed.encoding,
            flags=_flags(parsed),
            items=parsed.items,
        )
        return Prepared(plain, record)
    return Prepared(plain_of(record, keys=_numbers(match), parsed=parsed), record, match)


def _numbers(profile: MatchProfile) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(key_number, profile.keys)))


def _flags(parsed: ParsedRecord) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*parsed.flags, *parsed.record.flags)))


def plain_of(
    record: BibRecord, *, keys: tuple[int, ...] = (), parsed: ParsedRecord | None = None
) -> Plain:
    """What the record itself says; how it was read and the keys it meets others by, if given."""
    work = work_facts(record)
    return Plain(
        keys=keys,
        encoding=parsed.encoding if parsed else "",
        flags=_flags(parsed) if parsed else (),
        items=parsed.items if parsed else (),
        control_number=record.control_number,
        format=str(record.format),
        neutral=record.to_json_text().replace("\\u0000", ""),
        work_key=work.key,
        work_ties=work.ties,
        title=record.title,
        author=record.contributors[0].name if record.contributors else "",
        publisher=record.publisher,
        year=record.year,
    )


def end_of_step(outcomes: Sequence[RawRecord | Quarantined], *, ends: AbstractSet[int]) -> int:
    """How many of these a step takes: up to the last that ends where a piece does, else all.

    Were steps cut by count, pieces would lie in two of them and would not be met again.
    """
    for count in range(len(outcomes), 0, -1):
        if outcomes[count - 1].end in ends:
            return count
    return len(outcomes)


class Step(NamedTuple):
    """What one step takes of a file; ``found`` goes with the records, None: read it again."""

    outcomes: list[RawRecord | Quarantined]
    is_end: bool
    digests: list[str]  # of the records
    found: list[Plain | RecordError | None]


def prepare_step(
    data: bytes,
    *,
    is_rest: bool,
    offset: int,
    position: int,
    limit: int,
    ends: AbstractSet[int] = frozenset(),
    profile: SourceProfile,
) -> Step | None:
    """The step a reader of the whole ISO 2709 file would take here; None if too few bytes are here.

    ``data`` is the file from ``offset`` on, all of it if ``is_rest``.
    """
    found = read_records([data], kind=FileKind.ISO2709, offset=offset, position=position)
    outcomes = list(islice(found, limit))
    count = end_of_step(outcomes, ends=ends)
    is_end = len(outcomes) < limit and count == len(outcomes)
    if not is_rest and (
        len(outcomes) < limit or outcomes[-1].end + LOOKED_BEYOND > offset + len(data)
    ):
        return None
    del outcomes[count:]
    raws = [one for one in outcomes if isinstance(one, RawRecord)]
    digests = [hashlib.sha256(raw.data).hexdigest() for raw in raws]
    plain: list[Plain | RecordError | None] = []
    for start in range(0, len(raws), HANDFUL):
        plain += _sent([raw.data for raw in raws[start : start + HANDFUL]], profile)
    return Step(outcomes, is_end, digests, plain)


def _sent(pieces: list[bytes], profile: SourceProfile) -> list[Plain | RecordError | None]:
    try:
        found = prepare_all(pieces, profile=profile)
    except Exception:  # noqa: BLE001 - a defect of ours: who saves the record meets it and says so
        return [None] if len(pieces) == 1 else [_sent([one], profile)[0] for one in pieces]
    return [one.plain if isinstance(one, Prepared) else one for one in found]
