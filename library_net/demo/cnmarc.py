"""A book as CNMARC, the way the National Library's followers and CALIS members write it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.domain.folding import has_han
from catalog.domain.marc.write import Field
from library_net.demo import wording
from library_net.demo.books import Book, Person
from library_net.demo.members import Habit, Member

# GB/T 2260 provinces of 102 $b.
_PROVINCE = {
    "北京": "110000",
    "上海": "310000",
    "天津": "120000",
    "重庆": "500000",
    "成都": "510000",
    "南京": "320000",
    "杭州": "330000",
    "广州": "440000",
    "长沙": "430000",
    "武汉": "420000",
    "济南": "370000",
    "西安": "610000",
    "桂林": "450000",
    "合肥": "340000",
    "海口": "460000",
    "台北": "710000",
    "香港": "810000",
}
_COUNTRY = {"eng": "US", "jpn": "JP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy as its owner writes it down."""

    barcode: str
    branch: str
    call_number: str
    volume: str = ""


def cnmarc_fields(
    book: Book, *, member: Member, control_number: str, copies: Sequence[Copy], rng: random.Random
) -> list[Field]:
    """The record, fields in tag order."""
    is_nlc = member.habit is Habit.NLC
    fields: list[Field] = [("001", "", [("", control_number)])]
    fields.append(("005", "", [("", f"20{rng.randint(10, 25):02d}0{rng.randint(1, 9)}15103000.0")]))
    if book.isbn and rng.random() >= member.isbn_missing:
        fields.append(("010", "  ", [("a", wording.isbn_as(book.isbn, book.year, rng))]))
    if is_nlc:
        fields.append(("035", "  ", [("a", f"(A100000NLC){rng.randint(10**8, 10**9 - 1):012d}")]))
    else:
        fields.append(
            ("099", "  ", [("a", f"CAL 01{rng.randint(2000, 2020)}{control_number[2:]}")])
        )
    fields.append(("100", "  ", [("a", _coded(book, is_nlc=is_nlc))]))
    fields += _languages(book)
    fields.append(("105", "  ", [("a", "y   z   000yy")]))
    fields.append(("106", "  ", [("a", "r")]))
    fields.append(_title(book, is_nlc=is_nlc, rng=rng))
    fields += _description(book, rng)
    fields += _relations(book, is_nlc=is_nlc)
    fields += _access_points(book, is_nlc=is_nlc, rng=rng)
    source = [("a", "CN"), ("b", member.name if is_nlc else member.code[3:9]), ("c", "20240115")]
    fields.append(("801", " 0", source))
    fields += [_holding(copy, book, member=member) for copy in copies]
    return fields


def _coded(book: Book, *, is_nlc: bool) -> str:
    """100 $a, 36 characters; audience in 17-19, script of the title in 34-35."""
    audience = "bc " if book.audience == "children" else "em "
    charset = "0110    " if is_nlc else "50      "
    script = "ea" if book.language == "chi" else "ba"
    year = book.year or "    "
    return f"20240115d{year:<4}    {audience}y0chiy{charset}{script}"


def _languages(book: Book) -> list[Field]:
    subfields = [("a", book.language)]
    if book.original_language:
        subfields.append(("c", book.original_language))
    country = _COUNTRY.get(book.language, "CN")
    place = [("a", country)]
    if book.place in _PROVINCE:
        place.append(("b", _PROVINCE[book.place]))
    is_translation = "1 " if book.original_language else "0 "
    return [("101", is_translation, subfields), ("102", "  ", place)]


def _title(book: Book, *, is_nlc: bool, rng: random.Random) -> Field:
    parts = [("a", book.title)]
    if book.is_chinese:
        parts.append(("9" if is_nlc else "A", wording.spaced_pinyin(book.title)))
    if is_nlc and rng.random() < 0.6:
        parts.append(("b", "专著"))
    if book.volume:
        number, name = book.volume_parts
        parts.append(("h", number))
        if name:
            parts.append(("i", name))
    if book.subtitle:
        parts.append(("e", book.subtitle))
    style, space = ("square", "") if is_nlc else ("round", " ")
    if rng.random() < 0.15:
        space = " " if not space else ""
    shown = [_as_shown(person) for person in book.people]
    runs = wording.by_role(shown)
    for place, run in enumerate(runs):
        text = wording.statement(run, style=style, space=space)
        parts.append(("f" if place == 0 else "g", text))
    return ("200", "1 ", parts)


def _as_shown(person: Person) -> Person:
    """`Dickens, Charles` stands on a title page as Charles Dickens."""
    if has_han(person.name) or ", " not in person.name:
        return person
    family, given = person.name.split(", ", 1)
    return Person(name=f"{given} {family}", role=person.role)


def _description(book: Book, rng: random.Random) -> list[Field]:
    fields: list[Field] = []
    if book.edition:
        fields.append(("205", "  ", [("a", wording.edition_as(book.edition, rng))]))
    imprint = [("a", book.place), ("c", wording.publisher_as(book, rng))]
    if book.year:
        imprint.append(("d", book.year))
    fields.append(("210", "  ", imprint))
    if book.extent:
        fields.append(("215", "  ", [("a", wording.extent_as(book.extent, rng))]))
    if book.series:
        fields.append(("225", "2 ", [("a", book.series)]))
    return fields


def _relations(book: Book, *, is_nlc: bool) -> list[Field]:
    if not book.original_title:
        return []
    original = [("a", book.original_title)]
    if not is_nlc:
        return [("500", "10", [*original, ("m", "Chinese")])]
    return [("510", "1 ", [*original, ("z", book.original_language or "eng")])]


def _access_points(book: Book, *, is_nlc: bool, rng: random.Random) -> list[Field]:
    fields: list[Field] = [("606", "0 ", [("a", subject)]) for subject in book.subjects]
    fields.append(("690", "  ", [("a", book.clc), ("v", rng.choice("45"))]))
    people = [
        _access_point(person, is_first=place == 0, is_nlc=is_nlc)
        for place, person in enumerate(book.people[:5])
    ]
    return fields + sorted(people, key=lambda field: field[0])


def _access_point(person: Person, *, is_first: bool, is_nlc: bool) -> Field:
    is_secondary = person.is_translator or not is_first
    tag = ("712" if is_secondary else "711") if person.is_body else "702" if is_secondary else "701"
    parts: list[tuple[str, str]] = []
    if person.origin:
        parts.append(("c", f"({person.origin})"))
    parts.append(("a", person.name))
    if has_han(person.name):
        parts.append(("9" if is_nlc else "A", wording.spaced_pinyin(person.name)))
    if person.original:
        parts.append(("c", f"({person.original})"))
    parts.append(("4", wording.role_word(person.role)))
    return (tag, "02" if person.is_body else " 0", parts)


def _holding(copy: Copy, book: Book, *, member: Member) -> Field:
    parts = [("a", copy.branch), ("b", copy.barcode)]
    if member.habit is Habit.NLC:
        klass, _, number = copy.call_number.partition("/")
        parts += [("d", klass), ("e", number)]
    else:
        parts.append(("s", copy.call_number))
    if book.volume:
        parts.append(("v", book.volume))
    return ("905", "  ", parts)
