"""Codes for what can be wrong with a record: errors refuse it, flags let it in and say so.

The texts a person reads belong to the adapters; these values are stored and must never be renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a span of bytes is no record we can keep."""

    EMPTY_SPAN = "empty_span"  # two record terminators in a row
    NO_LEADER = "no_leader"  # neither leader nor directory can be found
    TRUNCATED = "truncated"  # the file ends, or another record begins, inside this one
    NO_TERMINATOR = "no_terminator"  # longer than any record may be: params limit
    BAD_DIRECTORY = "bad_directory"  # params entries, fields
    NO_FIELDS = "no_fields"
    NOT_BIBLIOGRAPHIC = "not_bibliographic"  # params type: leader/06
    XML_UNCLOSED = "xml_unclosed"
    XML_STRAY_FIELDS = "xml_stray_fields"  # fields outside any record
    XML_ILL_FORMED = "xml_ill_formed"  # params line, column, reason
    XML_ENCODING = "xml_encoding"  # UTF-16 and UTF-32
    NO_RECORDS = "no_records"  # an XML file without a single record


class Flag(StrEnum):
    """What was repaired or guessed on the way in; stored with the record for a cataloguer."""

    # structure
    LENGTH_WRONG = "length_wrong"  # leader/00-04, the terminator was used
    TERMINATOR_MISSING = "terminator_missing"
    STRAY_TERMINATOR = "stray_terminator"  # 0x1D inside the record
    OVERSIZE = "oversize"  # record or field longer than ISO 2709 can say
    LEADER_REPAIRED = "leader_repaired"
    DIRECTORY_REPAIRED = "directory_repaired"  # fields taken from their terminators instead
    XML_REPAIRED = "xml_repaired"  # illegal characters or unknown entities
    INDICATORS_REPAIRED = "indicators_repaired"
    SUBFIELDS_MISSING = "subfields_missing"
    # characters
    ENCODING_GUESSED = "encoding_guessed"
    ENCODING_NOT_AS_HINTED = "encoding_not_as_hinted"
    ENCODING_NOT_AS_CLAIMED = "encoding_not_as_claimed"  # leader/09
    CHARACTERS_LOST = "characters_lost"  # undecodable bytes became U+FFFD
    ENTITIES_UNESCAPED = "entities_unescaped"
    # holdings
    ITEM_WITHOUT_BARCODE = "item_without_barcode"
    BARCODE_RANGE = "barcode_range"  # written as a range and expanded
    BARCODE_REPEATED = "barcode_repeated"


class BibFlag(StrEnum):
    """What a cataloguer should look at in the neutral record, whatever bytes it came in."""

    NO_TITLE = "no_title"
    NO_CONTROL_NUMBER = "no_control_number"
    CHARACTERS_UNENCODED = "characters_unencoded"  # 〓, private use, ?? in the title
    MOJIBAKE = "mojibake"
    IDENTIFIER_INVALID = "identifier_invalid"  # wrong check digit; kept and searchable
    IDENTIFIER_EMPTY = "identifier_empty"  # 010 with price or binding only
    CLASS_NOT_CLC = "class_not_clc"  # 690 holds another scheme
    PINYIN_AS_TITLE = "pinyin_as_title"  # the first 200 $a was the romanised title
    CONTRIBUTORS_FROM_STATEMENT = "contributors_from_statement"  # no access point


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordError:
    """One record that cannot be used, and what a person needs to know to mend it."""

    code: ErrorCode
    params: Mapping[str, str | int] = field(default_factory=dict)
