"""What one work is to the index: the document, its fields, and how each field is cut.

Text is folded and cut by us (``catalog.domain.text``) before it gets here, so the engine only ever
splits at blanks. Changing anything here means a new ``SCHEMA_VERSION``; indexes of another version
are not opened but built anew.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeVar

import msgspec
import orjson
import tantivy

from catalog.domain.callnumber import call_number_key, main_class
from catalog.domain.query import identifier_forms
from catalog.domain.text import (
    PinyinForms,
    characters_of,
    fold,
    has_han,
    pairs_of,
    person_key_of,
    pinyin_forms,
    pinyin_key,
    split_pinyin,
    title_key_of,
    words_of,
)
from catalog.domain.title_order import title_order
from catalog.search.sounds import BETWEEN, START, letter_places, neighbourly, syllable_places

SCHEMA_VERSION = 8
MAX_TITLES = 12  # titles of one work that are searched; a serial may have hundreds
MAX_AUTHORS = 12
MAX_VALUES = 60  # of any other repeated field
MAX_NOTES = 6
NOTE_LENGTH = 400  # characters of a note or summary that are searched

# Note [Index fields]
# * `any` everything a word may stand in: one list to read for each word that is asked; which field
#   it stands in is only looked up for works that match.
# * `*` pairs of Han and Latin words, with positions: any part of a text is a phrase of pairs. A
#   title begins with START and its first pair or word: "begins with" is a term or a phrase.
# * `*_chars` single Han: what a query of one character asks.
# * `title_words` dictionary words: a true word ranks above the same pair across two words.
# * `*_syllables`, `*_letters` pinyin and initials of any part (catalog.search.sounds).
# * `*_sounds` whole pinyin and initials of a title or name, each one solid word.
# * `exact` title and author keys as numbers: the book itself before books about it. The keys, which
#   few works share, made a fifth of a part and of the time to write it.
# * `*_order` sort keys.
# * `*_together` all values of a work as one, because counting a field with several values a work
#   costs ten times as much, for every work, and there are few combinations. There are too many of
#   branches.
_POSITIONS = ("any", "title", "author", "publisher", "subject", "series", "title_syllables",
              "author_syllables", "title_letters", "author_letters")  # fmt: skip
_BAGS = ("title_words", "title_chars", "author_chars")
_RAW = ("title_sounds", "author_sounds", "identifier", "barcode", "call_number",
        "class_number", "held_at", "city", "language", "material", "clc", "audience")  # fmt: skip
_ORDERS = ("title_order", "call_order")
COUNTED_TOGETHER = ("city", "language", "decade", "material", "clc", "audience")
_TOGETHER = {name: f"{name}_together" for name in COUNTED_TOGETHER}
READINGS_KEPT_WHOLE = 4
_WEIGHT_STEPS = 64  # of two to a byte: read for every hit, a million weights stay near the core
TOGETHER = "\x1f"  # stands between values counted together

_Value = TypeVar("_Value")
Fields = dict[str, Sequence[Any]]  # of one document; none and an empty list are alike


class WorkDocument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One work with everything of its editions and copies flattened into it, each value once."""

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
    notes: tuple[str, ...] = ()  # and summaries
    available_at: tuple[str, ...] = ()  # branch codes with a copy on the shelf
    cities: tuple[str, ...] = ()  # codes of the root agencies of those branches
    held_at: tuple[str, ...] = ()  # branch codes
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
    builder.add_integer_field("exact", indexed=True)
    builder.add_text_field("available_at", tokenizer_name="raw", index_option="basic", fast=True)
    for name in (*_ORDERS, *_TOGETHER.values()):
        builder.add_text_field(name, tokenizer_name="unasked", index_option="basic", fast=True)
    builder.add_integer_field("decade", indexed=True)
    builder.add_integer_field("year", fast=True)
    builder.add_integer_field("is_available", indexed=True)
    builder.add_float_field("weight", fast=True)
    return builder.build()


def together(name: str) -> str:
    """The field that holds all values of another as one."""
    return _TOGETHER[name]


def register_tokenizers(index: tantivy.Index) -> None:
    """Tokenizers are not stored in an index: every process that opens one must name them."""
    blanks = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("blanks", blanks)
    # Sorted and counted by, never asked for: no list of works for each value, which may be a title.
    raw = tantivy.Tokenizer.raw()
    nothing = tantivy.TextAnalyzerBuilder(raw).filter(tantivy.Filter.remove_long(1)).build()
    index.register_tokenizer("unasked", nothing)
    index.register_fast_field_tokenizer("unasked", tantivy.TextAnalyzerBuilder(raw).build())


def to_index(document: WorkDocument) -> str:
    """The document in the index's own fields, as JSON: folded, cut, and with its sounds."""
    titles, authors = document.titles[:MAX_TITLES], document.authors[:MAX_AUTHORS]
    folded, names = [fold(text) for text in titles], [fold(text) for text in authors]
    cut = {
        "title": _in_pairs(folded),
        "author": _in_pairs(names),
        "publisher": _in_pairs([fold(text) for text in document.publishers]),
        "subject": _in_pairs([fold(text) for text in document.subjects]),
        "series": _in_pairs([fold(text) for text in document.series]),
    }
    notes = _in_pairs([fold(text[:NOTE_LENGTH]) for text in document.notes[:MAX_NOTES]])
    fields: Fields = {
        "id": [document.work_id],
        **cut,
        "title": [opened(title) for title in cut["title"]],
        "any": [*dict.fromkeys(chain(*cut.values(), notes))],
        "title_words": cut["title"],
        "exact": _exact(titles, folded, authors, names),
        **_numbers(document),
        **_facets(document, folded[0] if folded else ""),
    }
    if han := [title for title in titles if has_han(title)]:
        fields["title_words"] = [" ".join(words_of(one)) for one in distinct(folded)]
        fields["title_chars"] = [_characters(folded)]
    if han or document.title_pinyin:
        forms = [pinyin_forms(title) for title in han]
        fields |= _sounds("title", forms, document.title_pinyin)
    if han := [author for author in authors if has_han(author)]:
        fields["author_chars"] = [_characters(names)]
    if han or document.author_pinyin:
        forms = [pinyin_forms(author, is_person=True) for author in han]
        fields |= _sounds("author", forms, document.author_pinyin)
    return orjson.dumps(fields).decode()


def _exact(
    titles: Sequence[str], folded: Sequence[str], authors: Sequence[str], names: Sequence[str]
) -> list[int]:
    keys = distinct([*map(title_key_of, titles, folded), *map(person_key_of, authors, names)])
    return [key_number(key) for key in keys]


def key_number(key: str) -> int:
    """The key of a title or author as the number the index knows it by."""
    return int.from_bytes(blake2b(key.encode(), digest_size=5).digest())


def opened(title: str) -> str:
    """The tokens of a title, and before them START with the first: ^射雕 射雕 雕英."""
    return f"{START}{title.partition(' ')[0]} {title}" if title else ""


def distinct(values: Collection[_Value | None]) -> tuple[_Value, ...]:
    """Each once, in order, without the empty ones: the hottest function of a rebuild."""
    if not values:
        return ()
    if len(values) > 1:
        return tuple(dict.fromkeys(filter(None, values)))
    (value,) = values
    return (value,) if value else ()


def _in_pairs(folded: Sequence[str]) -> Sequence[str]:
    """Those that are alike once; Han two by two."""
    # Folded words of other scripts are what cutting them would give.
    return [
        " ".join(pairs_of(one)) if has_han(one) else one for one in distinct(folded)[:MAX_VALUES]
    ]


def _characters(folded: Sequence[str]) -> str:
    return " ".join(characters_of(" ".join(folded)))


def _sounds(name: str, forms: list[PinyinForms], catalogued: tuple[str, ...]) -> Fields:
    return {
        f"{name}_sounds": _solid_sounds(forms, catalogued),
        f"{name}_letters": [neighbourly(letter_places(form), between="") for form in forms],
        f"{name}_syllables": _syllables(forms, catalogued),
    }


def _solid_sounds(forms: list[PinyinForms], catalogued: tuple[str, ...]) -> Sequence[Any]:
    """Whole pinyin and initials of the likeliest readings, and what the cataloguer wrote."""
    typed = [*map(pinyin_key, catalogued)]
    for form in forms:
        typed += map(pinyin_key, form.fulls()[:READINGS_KEPT_WHOLE])
        initials = form.all_initials()[:READINGS_KEPT_WHOLE]
        typed += [letters for letters in initials if len(letters) > 1]
    return distinct(typed)


def _syllables(forms: list[PinyinForms], catalogued: tuple[str, ...]) -> list[Any]:
    found = [syllable_places(form) for form in forms]
    for pinyin in catalogued:
        found += [[(syllable,) for syllable in way] for way in split_pinyin(pinyin, limit=1)]
    distinct = [places for i, places in enumerate(found) if places not in found[:i]]
    return [neighbourly(places, between=BETWEEN) for places in distinct]


def _numbers(document: WorkDocument) -> Fields:
    found: Fields = {
        "identifier": distinct(
            [form for text in document.identifiers for form in identifier_forms(text)]
        )
    }
    if document.barcodes:
        found["barcode"] = distinct([text.strip().upper() for text in document.barcodes])
    if document.classes:
        found["class_number"] = distinct([call_number_key(text) for text in document.classes])
    calls = distinct([call_number_key(text) for text in document.call_numbers])
    if calls:
        found |= {"call_number": calls[:MAX_VALUES], "call_order": [min(calls)]}
    return found


def _facets(document: WorkDocument, title: str) -> Fields:
    """What is counted and sorted by; ``title`` is the main one, folded."""
    found: Fields = {
        "available_at": document.available_at,
        "held_at": document.held_at,
        "title_order": [title_order(document.titles[0], folded=title)] if document.titles else (),
        "weight": [weight(document, title)],
    }
    if document.available_at:
        found["is_available"] = [1]
    classes = document.classes
    return found | _counted(
        document.years,
        document.cities,
        document.languages,
        document.materials,
        document.audiences,
        distinct([main_class(text) for text in classes]) if classes else (),
    )


@lru_cache(maxsize=8192)
def _counted(
    years: tuple[int, ...],
    cities: tuple[str, ...],
    languages: tuple[str, ...],
    materials: tuple[str, ...],
    audiences: tuple[str, ...],
    classes: tuple[str, ...],
) -> Fields:
    """The fields of few values, of which the same combinations come again and again."""
    found: Fields = {}
    known = [year for year in years if year > 0]
    if known:
        found["year"] = [max(known)]
    for name, values in (
        ("city", cities),
        ("language", languages),
        ("material", materials),
        ("audience", audiences),
        ("clc", classes),
        ("decade", list({year // 10 * 10 for year in known})),
    ):
        if values:
            found[name] = values
            found[_TOGETHER[name]] = [TOGETHER.join(sorted(map(str, values)))]
    return found


def weight(document: WorkDocument, title: str) -> float:
    """How much likelier a reader wants this work than an equally good match nobody holds.

    From 1 to 2.4: a book on every shelf stands before a shorter title on one, but no match of
    another kind (a sound for a word, a part for the whole) is lifted over a good one. A short
    title is more of what was asked than a long one that merely begins with it.
    """
    wanted = math.log2(1 + document.holdings_count) + math.log2(1 + document.loans_count)
    is_here = 0.15 if document.available_at else 0.0
    brevity = 0.2 / (1 + len(title) / 8) if document.titles else 0.0
    exact = 1.0 + is_here + brevity + min(1.0, 0.12 * wanted)
    return round(exact * _WEIGHT_STEPS) / _WEIGHT_STEPS
