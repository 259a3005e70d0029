"""One bibliographic record, free of any MARC dialect: what both crosswalks produce.

Every value is frozen; ``to_json`` / ``from_json`` are exact inverses, so the neutral form can be
stored and compared byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
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


SUDOC = "sudoc"
"""Qualifier of a Superintendent of Documents number, kind ``OTHER``."""


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
    ids: tuple[str, ...] = ()  # of the person, valid everywhere: isni:…, viaf:…, lcnaf:…


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
    flags: tuple[str, ...] = ()  # what a cataloguer should look at

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
        """Only what is not empty, in the order of the fields; ``from_json`` is its inverse."""
        return _to_json(self, _WRITING[BibRecord])

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BibRecord:
        """The record ``to_json`` came from. Raises KeyError, TypeError or ValueError on others."""
        record: BibRecord = _from_json(cls, data)
        return record


# Note [JSON of values]
# One plan a class, made once from its fields: name, default, how to read it back. A field equal to
# its default is not written. Enums and strings are written as strings, Decimal as its digits.
_Plan = tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]
_Writing = tuple[tuple[str, ...], tuple[Any, ...], Callable[[Any], tuple[Any, ...]]]


def _to_json(value: Any, writing: _Writing) -> dict[str, Any]:
    found: dict[str, Any] = {}
    names, defaults, all_of = writing
    for name, default, one in zip(names, defaults, all_of(value), strict=True):
        if one is default or one == default:  # most are: the first test spares the second
            continue
        kind = type(one)
        if kind is str:
            found[name] = one
        elif kind is tuple:
            nested = _WRITING.get(type(one[0]))
            found[name] = [_to_json(item, nested) for item in one] if nested else list(one)
        elif isinstance(one, StrEnum):
            found[name] = one.value
        elif kind is Decimal:
            found[name] = str(one)
        else:
            found[name] = one
    return found


def _from_json(cls: type[Any], data: dict[str, Any]) -> Any:
    readers = _READERS[cls]
    return cls(
        **{name: read(data[name]) if (read := readers[name]) else data[name] for name in data}
    )


def _items_of(cls: type[Any]) -> Callable[[list[Any]], tuple[Any, ...]]:
    return lambda items: tuple([_from_json(cls, item) for item in items])


_READ: dict[tuple[type, str], Callable[[Any], Any]] = {
    (Title, "kind"): TitleKind,
    (Identifier, "kind"): IdentifierKind,
    (Price, "amount"): Decimal,
    (BibRecord, "format"): MarcFormat,
    (BibRecord, "audience"): Audience,
    (BibRecord, "material"): Material,
    (BibRecord, "titles"): _items_of(Title),
    (BibRecord, "contributors"): _items_of(Contributor),
    (BibRecord, "identifiers"): _items_of(Identifier),
    (BibRecord, "classes"): _items_of(Classification),
    (BibRecord, "series"): _items_of(Series),
    (BibRecord, "prices"): _items_of(Price),
}


def _plan(cls: type[Any]) -> _Plan:
    return tuple(
        (
            one.name,
            one.default,  # MISSING equals nothing: a required field is always written
            _READ.get((cls, one.name)) or (tuple if one.default == () else None),
        )
        for one in fields(cls)
    )


_PLANS: dict[type, _Plan] = {
    cls: _plan(cls)
    for cls in (BibRecord, Title, Contributor, Identifier, Classification, Series, Price)
}
_WRITING: dict[type, _Writing] = {
    cls: (
        tuple(name for name, _, _ in plan),
        tuple(default for _, default, _ in plan),
        attrgetter(*(name for name, _, _ in plan)),
    )
    for cls, plan in _PLANS.items()
}
_READERS = {cls: {name: read for name, _, read in plan} for cls, plan in _PLANS.items()}
