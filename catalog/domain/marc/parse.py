"""The one entry for the pipeline: bytes of one record to a neutral record and its copies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from catalog.domain.items import ItemFacts
from catalog.domain.marc import marc21, unimarc
from catalog.domain.marc.charset import SPELLINGS
from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.holdings import HoldingsProfile, extract_items
from catalog.domain.marc.problems import ErrorCode, RecordError
from catalog.domain.records import BibRecord, MarcFormat

# Leader/06 of records that describe no manifestation.
_NOT_BIBLIOGRAPHIC = {
    MarcFormat.MARC21: "uvxyzqw",  # holdings, authority, community information, classification
    MarcFormat.CNMARC: "xyz",  # authority
    MarcFormat.UNIMARC: "xyz",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProfile:
    """What a member says about its files; all may be left open.

    Raises ValueError for an encoding or a holdings profile nobody knows.
    """

    format_hint: MarcFormat | None = None
    encoding_hint: str = ""
    holdings: str = HoldingsProfile.AUTO

    def __post_init__(self) -> None:
        if self.encoding_hint and self.encoding_hint.lower() not in SPELLINGS:
            raise ValueError(f"unknown encoding {self.encoding_hint!r}")
        HoldingsProfile(self.holdings)


class ParsedRecord(msgspec.Struct, frozen=True, kw_only=True):
    record: BibRecord
    items: tuple[ItemFacts, ...]
    encoding: str
    flags: tuple[str, ...]  # how it had to be read; what to look at is in record.flags
    is_deleted: bool  # leader/05


_MARC21 = MarcFormat.MARC21  # see Note [Members by name] in records
_OPEN = SourceProfile()


def parse(data: bytes, *, profile: SourceProfile = _OPEN) -> ParsedRecord | RecordError:
    """Read one record as sent, ISO 2709 or a MARCXML element. Never raises for what it is given."""
    return parse_all([data], profile=profile)[0]


def parse_all(
    pieces: Iterable[bytes], *, profile: SourceProfile = _OPEN
) -> list[ParsedRecord | RecordError]:
    """The same for several. See Note [One kind of work after the other] in prepare."""
    decoded = [
        decode(data, format_hint=profile.format_hint, encoding_hint=profile.encoding_hint)
        for data in pieces
    ]
    return [_parsed(fields, profile) for fields in decoded]


def _parsed(fields: MarcFields | RecordError, profile: SourceProfile) -> ParsedRecord | RecordError:
    if isinstance(fields, RecordError):
        return fields
    kind = fields.leader[6]
    if kind in _NOT_BIBLIOGRAPHIC[fields.format] and kind.strip():
        return RecordError(code=ErrorCode.NOT_BIBLIOGRAPHIC, params={"type": kind})
    return parse_fields(fields, holdings=profile.holdings)


def parse_fields(fields: MarcFields, *, holdings: str) -> ParsedRecord:
    """The same from fields already decoded."""
    crosswalk = marc21 if fields.format is _MARC21 else unimarc
    record = crosswalk.to_bib_record(fields)
    items = extract_items(fields, profile=holdings)
    return ParsedRecord(
        record=record,
        items=items,
        encoding=fields.encoding,
        flags=tuple(map(str, fields.flags)),
        is_deleted=fields.leader[5] == "d",
    )
