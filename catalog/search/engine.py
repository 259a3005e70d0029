"""The engine's own vocabulary: the few kinds of query ours are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tantivy import FieldType, Occur
from tantivy import Query as Engine

from catalog.domain.text import pairs
from catalog.search.schema import build_schema

SCHEMA = build_schema()
TIE = 0.1  # how much the second best field still counts


def term(name: str, value: Any) -> Engine:
    return Engine.term_query(SCHEMA, name, value)


def any_term(name: str, values: Sequence[Any]) -> Engine:
    return Engine.term_set_query(SCHEMA, name, list(values))


def prefix(name: str, text: str) -> Engine:
    """Every term that begins so; all score alike."""
    # Distance 0: the engine's one prefix query that takes every term and costs nothing to build.
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=0, prefix=True)


def close_to(name: str, text: str, *, distance: int, is_prefix: bool = False) -> Engine:
    """Terms a few slips of the finger away; two letters the wrong way round are one slip."""
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=distance, prefix=is_prefix)


def between(name: str, first: int | None, last: int | None) -> Engine:
    """Values of a fast field, both ends included; None is no end."""
    return Engine.range_query(SCHEMA, name, FieldType.Integer, first, last)


def phrase(name: str, tokens: Sequence[str], *, is_unfinished: bool = False) -> Engine:
    """Tokens side by side; an unfinished last one stands for at most 50 that begin so."""
    if len(tokens) == 1:
        return prefix(name, tokens[0]) if is_unfinished else term(name, tokens[0])
    if is_unfinished:
        return Engine.phrase_prefix_query(SCHEMA, name, list(tokens))
    return Engine.phrase_query(SCHEMA, name, list(tokens))


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


def all_of(
    queries: Sequence[Engine], *, but_not: Sequence[Engine] = (), lifts: Sequence[Engine] = ()
) -> Engine:
    """What matches every query; lifts only move it up."""
    if len(queries) == 1 and not but_not and not lifts:
        return queries[0]
    return Engine.boolean_query(
        [
            *((Occur.Must, query) for query in queries),
            *((Occur.MustNot, query) for query in but_not),
            *((Occur.Should, query) for query in lifts),
        ]
    )
