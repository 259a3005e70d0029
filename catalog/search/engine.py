"""The engine's own vocabulary: the few kinds of query ours are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tantivy import FieldType, Occur, Searcher
from tantivy import Query as Engine

from catalog.domain.text import pairs
from catalog.search.schema import build_schema

SCHEMA = build_schema()
MAX_TERMS = 2000  # that a beginning is looked up to
TIE = 0.1  # how much the second best field still counts


def term(name: str, value: Any) -> Engine:
    return Engine.term_query(SCHEMA, name, value)


def any_term(name: str, values: Sequence[Any]) -> Engine:
    return Engine.term_set_query(SCHEMA, name, list(values))


def beginning(searcher: Searcher, name: str, text: str) -> Engine:
    """Every term that begins so; all score alike."""
    # Looking the terms up costs a tenth of what an automaton walks through in a large dictionary.
    found = searcher.terms_with_prefix(name, text, limit=MAX_TERMS + 1)
    if len(found) <= MAX_TERMS:
        return any_term(name, [word for word, _ in found]) if found else nothing()
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=0, prefix=True)


def close_to(name: str, text: str, *, distance: int, is_prefix: bool = False) -> Engine:
    """Terms a few slips of the finger away; two letters the wrong way round are one slip."""
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=distance, prefix=is_prefix)


def between(name: str, first: int | None, last: int | None) -> Engine:
    """Values of a fast field, both ends included; None is no end."""
    return Engine.range_query(SCHEMA, name, FieldType.Integer, first, last)


def phrase(name: str, tokens: Sequence[str]) -> Engine:
    """Tokens side by side."""
    if len(tokens) == 1:
        return term(name, tokens[0])
    return Engine.phrase_query(SCHEMA, name, list(tokens))


def unfinished_phrase(searcher: Searcher, name: str, tokens: Sequence[str]) -> Engine:
    """Tokens side by side of which the last stands for any that begin so (the first 50)."""
    if len(tokens) == 1:
        return beginning(searcher, name, tokens[0])
    return Engine.phrase_prefix_query(SCHEMA, name, list(tokens))


def side_by_side(name: str, text: str) -> Engine:
    tokens = pairs(text)
    return phrase(name, tokens) if tokens else nothing()


def constant(query: Engine, score: float) -> Engine:
    return Engine.const_score_query(query, score)


def boost(query: Engine, factor: float) -> Engine:
    return Engine.boost_query(query, factor)


def everything() -> Engine:
    return Engine.all_query()


def nothing() -> Engine:
    return Engine.empty_query()


def best_of(queries: Sequence[Engine]) -> Engine:
    if len(queries) == 1:
        return queries[0]
    return Engine.disjunction_max_query(list(queries), TIE) if queries else nothing()


def most_of(queries: Sequence[Engine], *, at_least: int) -> Engine:
    asked = [(Occur.Should, query) for query in queries]
    return Engine.boolean_query(asked, minimum_number_should_match=at_least)


def all_of(queries: Sequence[Engine], *, but_not: Sequence[Engine] = ()) -> Engine:
    """What matches every query."""
    if len(queries) == 1 and not but_not:
        return queries[0]
    return Engine.boolean_query(
        [
            *((Occur.Must, query) for query in queries),
            *((Occur.MustNot, query) for query in but_not),
        ]
    )


def lifted(query: Engine, lifts: Iterable[Engine]) -> Engine:
    """What matches the query; lifts only move it up."""
    # One inside the other: several together would be read to their ends as a union.
    for lift in lifts:
        query = Engine.boolean_query([(Occur.Must, query), (Occur.Should, lift)])
    return query
