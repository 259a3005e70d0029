"""One bibliographic record, free of any MARC dialect: what both crosswalks produce.

Every value is frozen; ``to_json`` / ``from_json`` are exact inverses, so the neutral form can be
stored and compared byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class MarcFormat(StrEnum):
    MARC21 = "marc21"
    CNMARC = "cnmarc"
    UNIMARC = "unimarc"


class TitleKind(StrEnum):
    MAIN = "main"
    OTHER = "other"  # other title information: the subtitle
    PARALLEL = "parallel"
    UNIFORM = "uniform"
    VARIANT = "variant"  # cover, spine, running, former … titles
    ORIGINAL = "original"  # title of the work this one translates


class IdentifierKind(StrEnum):
    ISBN = "isbn"  # canonical: 13 digits, no dashes
    ISSN = "issn"  # canonical: 8 characters, no dash
    UBSN = "ubsn"  # 统一书号, canonical: 10019·2265
    LCCN = "lccn"
    OCLC = "oclc"
    OTHER = "other"


class Material(StrEnum):
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


class Audience(StrEnum):
    UNKNOWN = ""
    CHILDREN = "children"
    YOUTH = "youth"
    ADULT = "adult"


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    text: str
    kind: TitleKind = TitleKind.MAIN
    pinyin: str = ""  # as catalogued, never computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    name: str  # in the script of the book where the record has it
    role: str = "aut"  # MARC relator code; see domain.md roles
    is_corporate: bool = False
    pinyin: str = ""  # romanised form, as catalogued
    original: str = ""  # form in the original language
    note: str = ""  # nationality, dynasty, dates, as catalogued


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    kind: IdentifierKind
    value: str  # canonical where valid, otherwise as found
    is_valid: bool = True
    qualifier: str = ""  # 精装, 第1卷, 套 …


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    scheme: str  # clc, ddc, lcc, udc, kkf …
    value: str
    edition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    title: str
    volume: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    text: str  # as found
    amount: Decimal | None = None
    currency: str = ""
    set_of: int | None = None  # the price is of a set of that many volumes
    note: str = ""
    is_assumed: bool = False  # the currency was not written down


@dataclass(frozen=True, slots=True, kw_only=True)
class BibRecord:
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
    flags: tuple[str, ...] = field(default=())  # what a cataloguer should look at

    @property
    def title(self) -> str:
        """The title a reader is shown, empty when the record has none."""
        for title in self.titles:
            if title.kind is TitleKind.MAIN:
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
        raise NotImplementedError

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BibRecord:
        raise NotImplementedError
