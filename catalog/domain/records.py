"""One bibliographic record, free of any MARC dialect: what both crosswalks produce.

Every value is frozen; ``to_json`` / ``from_json`` are exact inverses, so the neutral form can be
stored and compared byte for byte.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

# Note [Members by name]
# Python 3.11 takes six times as long for `TitleKind.MAIN` as for a global. What every record asks
# for is therefore named once at the head of a module: `_MAIN = TitleKind.MAIN`.


class _Word(StrEnum):
    """A member is hashed as the text it is, which is quicker than by its name."""

    __hash__ = str.__hash__


class MarcFormat(_Word):
    MARC21 = "marc21"
    CNMARC = "cnmarc"
    UNIMARC = "unimarc"


class TitleKind(_Word):
    MAIN = "main"
    OTHER = "other"  # other title information: the subtitle
    PARALLEL = "parallel"
    UNIFORM = "uniform"
    VARIANT = "variant"  # cover, spine, running, former … titles
    ORIGINAL = "original"  # title of the work this one translates


class IdentifierKind(_Word):
    ISBN = "isbn"  # canonical: 13 digits, no dashes
    ISSN = "issn"  # canonical: 8 characters, no dash
    UBSN = "ubsn"  # 统一书号, canonical: 10019·2265
    LCCN = "lccn"
    OCLC = "oclc"
    OTHER = "other"


SUDOC = "sudoc"
"""Qualifier of a Superintendent of Documents number, kind ``OTHER``."""


class Material(_Word):
    BOOK = "book"
    SERIAL = "serial"
    SCORE = "score"
    MAP = "map"
    AUDIO = "audio"
    VIDEO = "video"
    GRAPHIC = "graphic"
    ELECTRONIC = "electronic"
    KIT = "kit"
    OTHER = "other"


class Audience(_Word):
    UNKNOWN = ""
    CHILDREN = "children"
    YOUTH = "youth"
    ADULT = "adult"


# Note [Values of a record]
# Structs of msgspec: a record is some twenty of them, made, compared and hashed ten times quicker
# than frozen dataclasses, and written and read as JSON without a plan of our own. A field that is
# its default (the very same object: roles are interned for that) is not written; enums and Decimals
# are written as their strings. They hold no cycles, so the garbage collector need not know them.


class _Value(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """What all of them have in common; frozen and kw_only are said again for the type checker."""


class Title(_Value, frozen=True, kw_only=True):
    text: str
    kind: TitleKind = TitleKind.MAIN
    pinyin: str = ""  # as catalogued, never computed


class Contributor(_Value, frozen=True, kw_only=True):
    name: str  # in the script of the book where the record has it
    role: str = "aut"  # MARC relator code; see domain.md roles
    is_corporate: bool = False
    pinyin: str = ""  # romanised form, as catalogued
    original: str = ""  # form in the original language
    note: str = ""  # nationality, dynasty, dates, as catalogued
    ids: tuple[str, ...] = ()  # of the person, valid everywhere: isni:…, viaf:…, lcnaf:…


class Identifier(_Value, frozen=True, kw_only=True):
    kind: IdentifierKind
    value: str  # canonical where valid, otherwise as found
    is_valid: bool = True
    qualifier: str = ""  # 精装, 第1卷, 套 …


class Classification(_Value, frozen=True, kw_only=True):
    scheme: str  # clc, ddc, lcc, udc, kkf …
    value: str
    edition: str = ""


class Series(_Value, frozen=True, kw_only=True):
    title: str
    volume: str = ""


class Price(_Value, frozen=True, kw_only=True):
    text: str  # as found
    amount: Decimal | None = None
    currency: str = ""
    set_of: int | None = None  # the price is of a set of that many volumes
    note: str = ""
    is_assumed: bool = False  # the currency was not written down


class BibRecord(_Value, frozen=True, kw_only=True):
    format: MarcFormat
    control_number: str = ""  # 001
    control_agency: str = ""  # 003 or 801 $b
    modified: str = ""  # 005 as found
    titles: tuple[Title, ...] = ()
    volume: str = ""  # part number as written: 第2卷, 上, v. 3
    part_name: str = ""
    responsibility: str = ""  # statement as transcribed
    contributors: tuple[Contributor, ...] = ()
    edition: str = ""  # statement as transcribed
    edition_number: int | None = None  # 第2版 -> 2; None: not stated (not the same as 1)
    place: str = ""
    publisher: str = ""
    year: int | None = None
    extent: str = ""
    pages: int | None = None
    volumes: int | None = None  # number of physical volumes the record describes
    languages: tuple[str, ...] = ()  # ISO 639-2/B
    original_languages: tuple[str, ...] = ()
    country: str = ""
    identifiers: tuple[Identifier, ...] = ()
    subjects: tuple[str, ...] = ()
    classes: tuple[Classification, ...] = ()
    series: tuple[Series, ...] = ()
    notes: tuple[str, ...] = ()
    summary: str = ""
    audience: Audience = Audience.UNKNOWN
    material: Material = Material.BOOK
    prices: tuple[Price, ...] = ()
    urls: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # what a cataloguer should look at

    @property
    def title(self) -> str:
        """The title a reader is shown, empty when the record has none."""
        for title in self.titles:
            if title.kind is _MAIN:
                return title.text
        return self.titles[0].text if self.titles else ""

    @property
    def subtitle(self) -> str:
        return next((t.text for t in self.titles if t.kind is TitleKind.OTHER), "")

    def isbns(self) -> tuple[str, ...]:
        """Valid ISBN-13s in the order of the record."""
        return tuple(
            i.value for i in self.identifiers if i.kind == IdentifierKind.ISBN and i.is_valid
        )

    def to_json(self) -> dict[str, Any]:
        """What is not empty, in the order of the fields; ``from_json`` is its inverse."""
        found: dict[str, Any] = msgspec.json.decode(_write(self))
        return found

    def to_json_text(self) -> str:
        """The same as text."""
        return _write(self).decode()

    @classmethod
    def from_json(cls, data: dict[str, Any] | str | bytes) -> BibRecord:
        """The record the JSON came from, as values or as text. Raises ValueError on others."""
        return _read(data) if isinstance(data, str | bytes) else msgspec.convert(data, cls)


_MAIN = TitleKind.MAIN  # see Note [Members by name]
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(BibRecord).decode
