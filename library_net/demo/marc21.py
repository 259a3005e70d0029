"""A book as MARC 21: romanised with Han in 880 as in America, or Han with pinyin in 880."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from catalog.domain.folding import has_han
from catalog.domain.marc.write import Field
from library_net.demo import wording
from library_net.demo.books import Book, Person
from library_net.demo.cnmarc import Copy
from library_net.demo.members import Habit, Member

_RELATOR = {"译": "trl", "编": "edt", "主编": "edt", "图": "ill", "绘": "ill", "注": "ann"}
_HAN_SCRIPT = "$1"  # 880 $6: CJK

Subfields = list[tuple[str, str]]
Converter = Callable[[str], str]


class _Pairs:
    """Collects fields, giving each pair of scripts its occurrence number in $6."""

    def __init__(self, habit: Habit) -> None:
        self.is_pinyin_base = habit is Habit.PINYIN_BASE
        self.fields: list[Field] = []
        self.partners: list[Field] = []

    def add(self, tag: str, indicators: str, han: Subfields, pinyin: Subfields | None) -> None:
        if pinyin is None or han == pinyin:
            self.fields.append((tag, indicators, han))
            return
        occurrence = f"{len(self.partners) + 1:02d}"
        base, other = (pinyin, han) if self.is_pinyin_base else (han, pinyin)
        script = _HAN_SCRIPT if self.is_pinyin_base else "(B"
        self.fields.append((tag, indicators, [("6", f"880-{occurrence}"), *base]))
        linked = [("6", f"{tag}-{occurrence}/{script}"), *other]
        self.partners.append(("880", indicators, linked))


def marc21_fields(
    book: Book, *, member: Member, control_number: str, copies: Sequence[Copy], rng: random.Random
) -> list[Field]:
    """The record, 880 fields last but holdings."""
    fields: list[Field] = [
        ("001", "", [("", control_number)]),
        ("003", "", [("", member.code)]),
        ("005", "", [("", f"20{rng.randint(10, 25):02d}0{rng.randint(1, 9)}15103000.0")]),
        ("008", "", [("", _coded(book))]),
    ]
    if book.isbn and rng.random() >= member.isbn_missing:
        fields.append(("020", "  ", [("a", wording.isbn_as(book.isbn, book.year, rng))]))
    fields.append(("040", "  ", [("a", member.code), ("b", "chi")]))
    if book.original_language:
        fields.append(("041", "1 ", [("a", book.language), ("h", book.original_language)]))
    fields.append(("084", "  ", [("a", book.clc), ("2", "clc")]))
    pairs = _Pairs(member.habit)
    is_traditional = rng.random() < member.traditional
    _describe(book, pairs, rng=rng, is_traditional=is_traditional)
    fields += sorted(pairs.fields, key=lambda field: field[0])
    fields += pairs.partners
    fields += [_holding(copy, book, member=member) for copy in copies]
    return fields


def _coded(book: Book) -> str:
    """008, 40 characters."""
    audience = "j" if book.audience == "children" else " "
    return f"240115s{book.year or 'uuuu':<4}    cc     {audience}      000 0 {book.language} d"


def _describe(book: Book, pairs: _Pairs, *, rng: random.Random, is_traditional: bool) -> None:
    han: Converter = wording.traditional if is_traditional else str

    def both(*parts: tuple[str, str], latin: Subfields) -> tuple[Subfields, Subfields | None]:
        shown = [(code, han(text) if has_han(text) else text) for code, text in parts]
        needs_pinyin = book.is_chinese and any(has_han(text) for _, text in parts)
        return shown, latin if needs_pinyin else None

    lead = book.people[0] if book.people else None
    if lead is not None:
        pairs.add(*_person_field(lead, tag="110" if lead.is_body else "100", han=han, book=book))
    pairs.add("245", "10", *both(*_title(book), latin=_title_pinyin(book)))
    if book.original_title:
        pairs.add("240", "10", [("a", book.original_title), ("l", "Chinese")], None)
    if book.edition:
        edition = wording.edition_as(book.edition, rng)
        latin = [("a", wording.title_pinyin(edition))]
        pairs.add("250", "  ", *both(("a", edition), latin=latin))
    publisher = wording.publisher_as(book, rng)
    date = [("c", f"{book.year}.")] if book.year else []
    latin = [
        ("a", f"{wording.name_pinyin(_body(book.place))} :"),
        ("b", f"{wording.title_pinyin(publisher)},"),
    ]
    place = [("a", f"{book.place} :"), ("b", f"{publisher},")]
    tag, second = rng.choice((("260", "  "), ("264", " 1")))
    pairs.add(tag, second, *both(*place, *date, latin=[*latin, *date]))
    if book.extent:
        pairs.add("300", "  ", [("a", wording.extent_as(book.extent, rng))], None)
    if book.series:
        series = [("a", wording.title_pinyin(book.series))]
        pairs.add("490", "0 ", *both(("a", book.series), latin=series))
    for subject in book.subjects:
        pairs.add("650", " 7" if has_han(subject) else " 0", [("a", han(subject))], None)
    for person in book.people[1:5]:
        pairs.add(
            *_person_field(person, tag="710" if person.is_body else "700", han=han, book=book)
        )


def _body(name: str) -> Person:
    return Person(name=name, is_body=True)


def _title(book: Book) -> Subfields:
    parts = [("a", book.title)]
    if book.volume:
        number, name = book.volume_parts
        parts.append(("n", number))
        if name:
            parts.append(("p", name))
    if book.subtitle:
        parts[-1] = (parts[-1][0], f"{parts[-1][1]} :")
        parts.append(("b", book.subtitle))
    runs = wording.by_role(book.people)
    if runs:
        statements = [wording.statement(run, style="round") for run in runs]
        parts[-1] = (parts[-1][0], f"{parts[-1][1]} /")
        parts.append(("c", " ; ".join(statements)))
    return parts


def _title_pinyin(book: Book) -> Subfields:
    """The same parts romanised: words apart in titles, `zhu` for 著."""
    return [
        (code, wording.title_pinyin(text) if code in "ap" else wording.spaced_pinyin(text))
        for code, text in _title(book)
    ]


def _person_field(
    person: Person, *, tag: str, han: Converter, book: Book
) -> tuple[str, str, Subfields, Subfields | None]:
    role: Subfields = [("4", _RELATOR[person.role])] if person.role in _RELATOR else []
    if person.role in {"aut", "edt", "trl"}:
        role = [("4", person.role)]
    shown = person.name if not has_han(person.name) else han(person.name)
    indicators = "2 " if person.is_body else "1 "
    latin = [("a", wording.name_pinyin(person)), *role]
    is_pair = book.is_chinese and has_han(person.name)
    return tag, indicators, [("a", shown), *role], latin if is_pair else None


def _holding(copy: Copy, book: Book, *, member: Member) -> Field:
    if member.profile == "852":
        klass, _, number = copy.call_number.partition("/")
        where = [("a", member.code), ("b", copy.branch), ("h", klass), ("i", number)]
        part = [("3", book.volume)] if book.volume else []
        return ("852", "0 ", [*where, ("p", copy.barcode), *part])
    where = [("a", copy.branch), ("b", copy.branch), ("o", copy.call_number)]
    part = [("h", book.volume)] if book.volume else []
    return ("952", "  ", [*where, ("p", copy.barcode), ("y", "BK"), *part])
