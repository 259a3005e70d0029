"""What one work is to the index: the document, its fields, and how each field is cut.

Text is folded and cut by us (``catalog.domain.text``) before it gets here, so the engine only ever
splits at blanks. Changing anything here means a new ``SCHEMA_VERSION``; indexes of another version
are not opened but built anew.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tantivy

from catalog.domain.callnumber import call_number_key, main_class
from catalog.domain.query import identifier_forms
from catalog.domain.text import (
    PinyinForms,
    characters,
    fold,
    has_han,
    pairs,
    person_key,
    pinyin_forms,
    pinyin_key,
    split_pinyin,
    title_key,
    words,
)

SCHEMA_VERSION = 1
START = "^"  # the token before the first of a title
MAX_TITLES = 12  # titles of one work that are searched; a serial may have hundreds
MAX_AUTHORS = 12
MAX_VALUES = 60  # of any other repeated field

# Note [Index fields]
# * `*` pairs of Han and Latin words, with positions: any part of a text is a phrase of pairs.
# * `*_chars` single Han: what a query of one character asks.
# * `title_words` dictionary words: a true word ranks above the same pair across two words.
# * `*_syllables` with positions, START first: pinyin of any part of a title.
# * `*_letters` initials two by two, START first: initials of any part of a title. Pairs, because
#   phrases of pairs are found in a fraction of the time a prefix of whole initials takes.
# * `*_sounds` whole pinyin and initials of a title or name, each one solid word.
# * `exact` title and author keys: the book itself before books about it.
_POSITIONS = ("title", "author", "publisher", "subject", "series", "title_syllables",
              "author_syllables", "title_letters", "author_letters")  # fmt: skip
_BAGS = ("title_words", "title_chars", "author_chars")
_RAW = ("exact", "title_sounds", "author_sounds", "identifier", "barcode", "call_number",
        "class_number")  # fmt: skip
_ORDERS = ("title_order", "call_order")
FACETS = ("available_at", "held_by", "language", "decade", "material", "clc", "audience")
_RAW_FAST = ("available_at", "held_at", "held_by", "language", "material", "clc", "audience")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDocument:
    """One work with everything of its editions and copies flattened into it."""

    work_id: int
    public_id: str = ""
    titles: tuple[str, ...] = ()  # the main title first
    authors: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()  # ISBN, ISSN, 统一书号 … as recorded
    call_numbers: tuple[str, ...] = ()
    barcodes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()  # CLC class numbers
    languages: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    materials: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    title_pinyin: tuple[str, ...] = ()  # as catalogued; better than computed
    author_pinyin: tuple[str, ...] = ()
    available_at: tuple[str, ...] = ()  # branch codes with a copy on the shelf
    held_at: tuple[str, ...] = ()  # branch codes
    held_by: tuple[str, ...] = ()  # agency codes of the owners
    holdings_count: int = 0
    loans_count: int = 0


@lru_cache(maxsize=1)
def build_schema() -> tantivy.Schema:
    """The fields of the index; every process builds the same."""
    builder = tantivy.SchemaBuilder()
    # Signed, although ids are not: deleting by the term of an unsigned field deletes nothing
    # (tantivy-py 0.27 makes the term of the wrong type).
    builder.add_integer_field("id", indexed=True, fast=True)
    for name in _POSITIONS:
        builder.add_text_field(name, tokenizer_name="blanks", index_option="position")
    for name in _BAGS:
        builder.add_text_field(name, tokenizer_name="blanks", index_option="freq")
    for name in _RAW:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _RAW_FAST:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in _ORDERS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("decade", indexed=True, fast=True)
    builder.add_integer_field("year", fast=True)
    builder.add_boolean_field("is_available", indexed=True)
    builder.add_float_field("weight", fast=True)
    return builder.build()


def register_tokenizers(index: tantivy.Index) -> None:
    """Tokenizers are not stored in an index: every process that opens one must name them."""
    blanks = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("blanks", blanks)


def to_index(document: WorkDocument) -> tantivy.Document:
    """The document in the index's own fields: folded, cut, and with its sounds."""
    titles = _distinct(document.titles)[:MAX_TITLES]
    authors = _distinct(document.authors)[:MAX_AUTHORS]
    fields: dict[str, list[Any]] = {
        "id": [document.work_id],
        "title": _each(titles, pairs),
        "title_words": _each(titles, words),
        "title_chars": [" ".join(characters(" ".join(titles)))],
        "author": _each(authors, pairs),
        "author_chars": [" ".join(characters(" ".join(authors)))],
        "publisher": _each(document.publishers, pairs),
        "subject": _each(document.subjects, pairs),
        "series": _each(document.series, pairs),
        "exact": _distinct([*map(title_key, titles), *map(person_key, authors)]),
        **_sounds(document, titles, authors),
        **_numbers(document),
        **_facets(document),
    }
    kept = {name: [v for v in values if v != ""] for name, values in fields.items()}
    return tantivy.Document.from_dict(kept, build_schema())


def _distinct(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _each(texts: Iterable[str], cut: Callable[[str], list[str]]) -> list[Any]:
    return [" ".join(cut(text)) for text in _distinct(map(fold, texts))[:MAX_VALUES]]


def _sounds(document: WorkDocument, titles: list[str], authors: list[str]) -> dict[str, list[Any]]:
    title_forms = [pinyin_forms(t) for t in titles if has_han(t)]
    author_forms = [pinyin_forms(a, is_person=True) for a in authors if has_han(a)]
    return {
        "title_sounds": _solid_sounds(title_forms, document.title_pinyin),
        "author_sounds": _solid_sounds(author_forms, document.author_pinyin),
        "title_syllables": _syllables(title_forms, document.title_pinyin),
        "author_syllables": _syllables(author_forms, document.author_pinyin),
        "title_letters": _letters(title_forms),
        "author_letters": _letters(author_forms),
    }


def _solid_sounds(forms: list[PinyinForms], catalogued: tuple[str, ...]) -> list[Any]:
    """Whole pinyin and initials of every reading, and what the cataloguer wrote."""
    typed = [*map(pinyin_key, catalogued)]
    for form in forms:
        typed += map(pinyin_key, form.fulls())
        typed += [initials for initials in form.all_initials() if len(initials) > 1]
    return _distinct(typed)


def _syllables(forms: list[PinyinForms], catalogued: tuple[str, ...]) -> list[Any]:
    readings = [reading for form in forms for reading in (form.syllables, *form.alternatives)]
    readings += [split_pinyin(pinyin)[0] for pinyin in catalogued if split_pinyin(pinyin)]
    return _distinct(" ".join((START, *map(pinyin_key, reading))) for reading in readings)


def _letters(forms: list[PinyinForms]) -> list[Any]:
    every = dict.fromkeys(initials for form in forms for initials in form.all_initials())
    return [" ".join(letter_pairs(START + initials)) for initials in every if initials]


def letter_pairs(letters: str) -> list[str]:
    """Neighbouring letters two by two: sdyx -> sd dy yx."""
    return [letters[i : i + 2] for i in range(len(letters) - 1)]


def _numbers(document: WorkDocument) -> dict[str, list[Any]]:
    return {
        "identifier": _distinct(
            form for text in document.identifiers for form in identifier_forms(text)
        ),
        "barcode": _distinct(text.strip().upper() for text in document.barcodes),
        "call_number": _distinct(map(call_number_key, document.call_numbers))[:MAX_VALUES],
        "class_number": _distinct(map(call_number_key, document.classes)),
    }


def _facets(document: WorkDocument) -> dict[str, list[Any]]:
    calls = sorted(_distinct(map(call_number_key, document.call_numbers)))
    return {
        "available_at": _distinct(document.available_at),
        "held_at": _distinct(document.held_at),
        "held_by": _distinct(document.held_by),
        "is_available": [bool(document.available_at)],
        "language": _distinct(document.languages),
        "material": _distinct(document.materials),
        "audience": _distinct(document.audiences),
        "clc": _distinct(map(main_class, document.classes)),
        "decade": sorted({year // 10 * 10 for year in document.years if year > 0}),
        "year": [max(document.years)] if document.years and max(document.years) > 0 else [],
        "title_order": [title_order(document.titles[0])] if document.titles else [],
        "call_order": calls[:1],
        "weight": [weight(document)],
    }


def weight(document: WorkDocument) -> float:
    """How much likelier a reader wants this work than an equally good match nobody holds.

    Grows with the logarithm of copies and loans and stays near 1 to 2, so that it orders equals
    and never lifts a poor match over a good one. A short title is more of what was asked than a
    long one that merely begins with it.
    """
    wanted = math.log2(1 + document.holdings_count) + math.log2(1 + document.loans_count)
    is_here = 0.15 if document.available_at else 0.0
    brevity = 0.2 / (1 + len(fold(document.titles[0])) / 8) if document.titles else 0.0
    return 1.0 + is_here + brevity + min(0.6, 0.05 * wanted)


_NUMBERS = re.compile(r"\d+")


def title_order(title: str) -> str:
    """A key whose string order is the order of a Chinese title list: by pinyin, 2 before 10.

    Titles that sound alike are kept together by their characters.
    """
    padded = _NUMBERS.sub(lambda match: match.group().zfill(6), title)
    return " ".join(map(fold, pinyin_forms(padded).syllables))[:120] + "\t" + fold(title)[:40]
