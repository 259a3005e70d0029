"""How two cataloguers word the same fact: statements, publishers, editions, romanisation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import opencc
from stdnum import isbn as isbns

from catalog.domain.folding import has_han
from catalog.domain.pinyin import pinyin_forms
from library_net.demo.books import Book, Person

_NUMERALS = "零一二三四五六七八九十"
# What the volumes of a set are called, told apart by one character and never to be merged.
_TWO_CHARACTER_SURNAMES = ("爱新觉罗", "司马", "诸葛", "欧阳", "皇甫")


def role_word(role: str) -> str:
    """The Chinese role of a person in a foreign-language book."""
    return {"aut": "著", "edt": "编", "trl": "译", "訳": "译"}.get(role, role)


def origin_mark(origin: str, *, style: str) -> str:
    """[清] as the National Library writes it, (清) as CALIS does."""
    if not origin:
        return ""
    return f"[{origin}]" if style == "square" else f"({origin})"


def statement(people: Sequence[Person], *, style: str, space: str = "") -> str:
    """One responsibility statement for people of one role: ``[清]曹雪芹, 高鹗著``."""
    if not people:
        return ""
    names = [origin_mark(p.origin, style=style) + p.name for p in people]
    if len(names) > 3:
        names = [names[0] + ("…[等]" if style == "round" else "[等]")]
    joined = (", " if style == "round" else "，").join(names)
    return joined + space + role_word(people[0].role)


def by_role(people: Sequence[Person]) -> list[list[Person]]:
    """Runs of people with one role, in title-page order."""
    runs: list[list[Person]] = []
    for person in people:
        if runs and runs[-1][0].role == person.role:
            runs[-1].append(person)
        else:
            runs.append([person])
    return runs


def publisher_as(book: Book, rng: random.Random) -> str:
    """Mostly the full name; now and then the word 出版社 is thought to go without saying."""
    if book.publisher.endswith("出版社") and len(book.publisher) > 6 and rng.random() < 0.06:
        return book.publisher.removesuffix("出版社")
    return book.publisher


def edition_as(edition: str, rng: random.Random) -> str:
    """第2版, 2版 or 第二版."""
    if edition.startswith("第") and edition.endswith("版") and edition[1:-1].isdigit():
        number = int(edition[1:-1])
        roll = rng.random()
        if roll < 0.15:
            return f"{number}版"
        if roll < 0.3 and number <= 10:
            return f"第{_NUMERALS[number]}版"
    return edition


def extent_as(extent: str, rng: random.Random) -> str:
    """One cataloguer counts the preface, another does not: a page or two of difference."""
    if extent.endswith("页") and extent[:-1].isdigit():
        return f"{int(extent[:-1]) + rng.choice((0, 0, 0, 1, 2))}页"
    return extent


def isbn_as(isbn: str, year: str, rng: random.Random) -> str:
    """With or without dashes; books before 2007 often under the ten digits printed in them."""
    is_old = bool(year) and int(year) < 2007 and isbn.startswith("978")
    value = isbns.to_isbn10(isbn) if is_old and rng.random() < 0.7 else isbn
    return str(isbns.format(value)) if rng.random() < 0.75 else str(value)


@lru_cache(maxsize=1)
def _to_traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def traditional(text: str) -> str:
    return str(_to_traditional().convert(text))


def spaced_pinyin(text: str) -> str:
    """``hong lou meng``: lower case, a syllable a word, as 200$9 and ALA-LC have it."""
    return " ".join(pinyin_forms(text).syllables)


def title_pinyin(text: str) -> str:
    """``Hong lou meng``."""
    spaced = spaced_pinyin(text)
    return spaced[:1].upper() + spaced[1:]


def name_pinyin(person: Person) -> str:
    """``Cao, Xueqin``; a foreign name in its own script where the book gives it."""
    if person.original:
        return person.original
    if not has_han(person.name) or person.is_body or "·" in person.name:
        return title_pinyin(person.name)
    size = next((len(s) for s in _TWO_CHARACTER_SURNAMES if person.name.startswith(s)), 1)
    syllables = pinyin_forms(person.name, is_person=True).syllables
    family, given = "".join(syllables[:size]), "".join(syllables[size:])
    return ", ".join(part.capitalize() for part in (family, given) if part)
