"""Asking the index: the query tree becomes engine queries; hits, count and facets come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tantivy import Occur, Order, Searcher
from tantivy import Query as Engine

from catalog.domain.callnumber import call_number_key
from catalog.domain.query import (
    And,
    Everything,
    Field,
    Filters,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Sound,
    Term,
    identifier_forms,
)
from catalog.domain.text import (
    characters,
    fold,
    has_han,
    pairs,
    person_key,
    pinyin_key,
    split_pinyin,
    title_key,
    words,
)
from catalog.search.index import SearchIndex
from catalog.search.schema import FACETS, START, build_schema, letter_pairs

MAX_LIMIT = 200
MAX_OFFSET = 10_000  # nobody reads page 500; deeper reading is what the feed and OAI are for
FACET_VALUES = 100
MAX_INITIALS = 12

# How much a match in a field says about relevance, relative to a subject heading.
_BOOSTS = {"title": 3.0, "author": 2.4, "subject": 1.0, "series": 1.0, "publisher": 0.7}
_CHARS = {"title": "title_chars", "author": "author_chars"}
_EXACT_BOOST = 30.0  # the book itself stands before books about it
_SOUND_WHOLE, _SOUND_START, _SOUND_INSIDE = 12.0, 5.0, 3.0
_IDENTIFIER_SCORE = 40.0


class Sort(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"  # by pinyin
    CALL_NUMBER = "call_number"


_ORDERS = {
    Sort.NEWEST: ("year", Order.Desc),
    Sort.OLDEST: ("year", Order.Asc),
    Sort.TITLE: ("title_order", Order.Asc),
    Sort.CALL_NUMBER: ("call_order", Order.Asc),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    work_id: int
    score: float  # 0 when the order is not by relevance


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    value: str  # branch code, language code, decade, CLC letters …
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    total: int = 0
    hits: tuple[Hit, ...] = ()
    facets: dict[str, tuple[FacetValue, ...]] = field(default_factory=dict)
    is_ready: bool = True  # False while there is no index yet


def search(
    index: SearchIndex,
    query: Query,
    *,
    offset: int = 0,
    limit: int = 20,
    sort: Sort = Sort.RELEVANCE,
    with_facets: bool = True,
) -> SearchPage:
    """One page of works with the exact total and exact facet counts under the filters.

    Reads only the index. Availability in it is as old as the follower; what is shown to a reader
    is checked again in the database (``catalog.readers.search_works``).
    """
    searcher = index.searcher()
    if searcher is None:
        return SearchPage(is_ready=False)
    wanted = _with_filters(_ranked(query), query.filters)
    limit = max(1, min(limit, MAX_LIMIT))
    order: dict[str, Any] = {"weight_by_field": "weight"}
    if sort is not Sort.RELEVANCE:
        order = dict(zip(("order_by_field", "order"), _ORDERS[sort], strict=True))
    found = searcher.search(wanted, limit, offset=max(0, min(offset, MAX_OFFSET)), **order)
    addresses = [address for _, address in found.hits]
    ids = searcher.fast_field_values("id", addresses) if addresses else []
    hits = tuple(
        Hit(work_id=int(work_id or 0), score=score if isinstance(score, float) else 0.0)
        for work_id, (score, _) in zip(ids, found.hits, strict=True)
    )
    facets = _facets(searcher, wanted) if with_facets else {}
    total: int = found.count  # type: ignore[attr-defined]  # missing from the stub only
    return SearchPage(total=total, hits=hits, facets=facets)


def _facets(searcher: Searcher, wanted: Engine) -> dict[str, tuple[FacetValue, ...]]:
    asked = {name: {"terms": {"field": name, "size": FACET_VALUES}} for name in FACETS}
    answer = searcher.aggregate(wanted, asked)
    return {
        name: tuple(
            FacetValue(value=_facet_key(bucket["key"]), count=int(bucket["doc_count"]))
            for bucket in answer[name]["buckets"]
        )
        for name in FACETS
    }


def _facet_key(key: Any) -> str:
    return str(int(key)) if isinstance(key, float) else str(key)


# --- the tree becomes engine queries -----------------------------------------------------------


def _ranked(query: Query) -> Engine:
    """The tree, and a lift for works whose title or author is exactly what was typed."""
    asked = _compile(query.root)
    keys = {key for key in (title_key(query.typed), person_key(query.typed)) if key}
    if not keys or isinstance(query.root, Everything):
        return asked
    lifts = [
        (Occur.Should, Engine.const_score_query(_term("exact", k), _EXACT_BOOST)) for k in keys
    ]
    return Engine.boolean_query([(Occur.Must, asked), *lifts])


def _compile(node: Node) -> Engine:  # noqa: PLR0911 - one return for each kind of node
    match node:
        case Everything():
            return Engine.all_query()
        case Term():
            return _compile_term(node)
        case Phrase():
            return _compile_phrase(node)
        case Sound():
            return _compile_sound(node)
        case And(parts=parts):
            wanted = [_compile(part) for part in parts if not isinstance(part, Not)]
            unwanted = [_compile(part.part) for part in parts if isinstance(part, Not)]
            return _all_of(wanted, but_not=unwanted)
        case Or(parts=parts):
            return _best_of([_compile(part) for part in parts])
        case Not(part=part):
            return _all_of([Engine.all_query()], but_not=[_compile(part)])


def _compile_term(node: Term) -> Engine:
    if special := _SPECIAL_FIELDS.get(node.field):
        return special(node.text)
    pieces = words(node.text, overlapping=False)
    if not pieces:
        return Engine.empty_query()
    fields = _text_fields(node.field)
    last = len(pieces) - 1
    asked = [_word(w, fields, is_prefix=node.is_prefix and i == last) for i, w in enumerate(pieces)]
    lifts = []
    if "title" in fields:
        lifts = [_term("title_words", word) for word in pieces if len(word) > 1]
        if len(pieces) > 1:  # the pieces side by side are worth more than apart
            lifts.append(_side_by_side("title", node.text, boost=_BOOSTS["title"]))
    return _all_of(asked, lifts=lifts)


def _word(word: str, fields: dict[str, float], *, is_prefix: bool) -> Engine:
    """One word anywhere in any of the fields, counted where it says most."""
    found: list[Engine] = []
    is_one_character = len(word) == 1 and has_han(word)
    for name, boost in fields.items():
        if is_one_character and name in _CHARS:
            found.append(Engine.boost_query(_term(_CHARS[name], word), boost))
            continue
        found.append(_side_by_side(name, word, boost=boost))
        if is_prefix:
            found.append(Engine.boost_query(_word_beginning(name, word), boost * 0.3))
    return _best_of(found)


def _compile_phrase(node: Phrase) -> Engine:
    if special := _SPECIAL_FIELDS.get(node.field):
        return special(node.text)
    if len(characters(node.text)) == 1:
        return _compile_term(Term(text=node.text, field=node.field))
    fields = _text_fields(node.field)
    return _best_of([_side_by_side(name, node.text, boost=b) for name, b in fields.items()])


def _compile_sound(node: Sound) -> Engine:
    """Pinyin of a title or name: whole, its initials, or part of either, best at the start."""
    solid = pinyin_key(node.text)
    initials = fold(node.text).replace(" ", "")
    if len(solid) < 2:
        return Engine.empty_query()
    found: list[Engine] = []
    for name in ("title", "author"):
        if node.field not in (Field.ANY, Field(name)):
            continue
        found += [_constant(_term(f"{name}_sounds", s), _SOUND_WHOLE) for s in {solid, initials}]
        if len(initials) <= MAX_INITIALS:
            found.append(_constant(_letters(name, START + initials), _SOUND_START))
            found.append(_constant(_letters(name, initials), _SOUND_INSIDE))
        for syllables in split_pinyin(node.text):
            if len(syllables) > 1:
                found.append(_constant(_syllables(name, START, *syllables), _SOUND_START))
                found.append(_constant(_syllables(name, *syllables), _SOUND_INSIDE))
    return _best_of(found)


def _letters(name: str, letters: str) -> Engine:
    asked = letter_pairs(letters)
    if len(asked) == 1:
        return _term(f"{name}_letters", asked[0])
    return Engine.phrase_query(_SCHEMA, f"{name}_letters", list(asked))


def _syllables(name: str, *syllables: str) -> Engine:
    """Side by side; the last may be unfinished."""
    return Engine.phrase_prefix_query(_SCHEMA, f"{name}_syllables", list(syllables))


def _identifier(text: str) -> Engine:
    forms = list(identifier_forms(text))
    return _constant(Engine.term_set_query(_SCHEMA, "identifier", forms), _IDENTIFIER_SCORE)


def _barcode(text: str) -> Engine:
    return _constant(_term("barcode", text.strip().upper()), _IDENTIFIER_SCORE)


def _shelf(name: str) -> Callable[[str], Engine]:
    """Everything that stands under this class or call number: CLC is decimal, so a prefix."""

    def ask(text: str) -> Engine:
        key = call_number_key(text).rstrip(" ")
        return _constant(_prefix(name, key), 5.0) if key else Engine.empty_query()

    return ask


_SPECIAL_FIELDS: dict[Field, Callable[[str], Engine]] = {
    Field.IDENTIFIER: _identifier,
    Field.BARCODE: _barcode,
    Field.CALL_NUMBER: _shelf("call_number"),
    Field.CLASS: _shelf("class_number"),
}


def _text_fields(asked: Field) -> dict[str, float]:
    return _BOOSTS if asked is Field.ANY else {asked.value: _BOOSTS[asked.value]}


# --- the engine's own vocabulary ---------------------------------------------------------------

_SCHEMA = build_schema()


def _term(name: str, value: Any) -> Engine:
    return Engine.term_query(_SCHEMA, name, value)


def _prefix(name: str, text: str) -> Engine:
    # Distance 0: the engine's one prefix query that takes every term and costs nothing to build.
    return Engine.fuzzy_term_query(_SCHEMA, name, text, distance=0, prefix=True)


def _word_beginning(name: str, text: str) -> Engine:
    """Words that begin so; ranked, and limited to the engine's 50 first such words."""
    return Engine.phrase_prefix_query(_SCHEMA, name, [text])


def _constant(query: Engine, score: float) -> Engine:
    return Engine.const_score_query(query, score)


def _side_by_side(name: str, text: str, *, boost: float) -> Engine:
    tokens = pairs(text)
    if not tokens:
        return Engine.empty_query()
    if len(tokens) == 1:
        return Engine.boost_query(_term(name, tokens[0]), boost)
    return Engine.boost_query(Engine.phrase_query(_SCHEMA, name, list(tokens)), boost)


def _best_of(queries: list[Engine]) -> Engine:
    if len(queries) == 1:
        return queries[0]
    return Engine.disjunction_max_query(queries, 0.1) if queries else Engine.empty_query()


def _all_of(
    queries: list[Engine], *, but_not: list[Engine] | None = None, lifts: list[Engine] | None = None
) -> Engine:
    if len(queries) == 1 and not but_not and not lifts:
        return queries[0]
    return Engine.boolean_query(
        [
            *((Occur.Must, query) for query in queries),
            *((Occur.MustNot, query) for query in but_not or ()),
            *((Occur.Should, query) for query in lifts or ()),
        ]
    )


def _with_filters(asked: Engine, filters: Filters) -> Engine:
    sets: list[tuple[str, list[Any]]] = [
        ("available_at", sorted(filters.available_at)),
        ("held_at", sorted(filters.held_at)),
        ("language", sorted(filters.languages)),
        ("decade", sorted(filters.decades)),
        ("material", sorted(filters.materials)),
        ("clc", sorted(filters.classes)),
        ("audience", sorted(filters.audiences)),
    ]
    wanted = [Engine.term_set_query(_SCHEMA, name, values) for name, values in sets if values]
    if filters.is_available and not filters.available_at:
        wanted.append(_term("is_available", True))
    # A filter says yes or no; a score of nought keeps it out of the ranking.
    return _all_of([asked, *(_constant(query, 0.0) for query in wanted)])
