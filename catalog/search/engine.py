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
FEW_TERMS = 16  # more are read as a set, which costs as much for two as for a hundred
TIE = 0.1  # how much the second best field still counts
_NOTHING = Engine.empty_query()


def term(name: str, value: Any) -> Engine:
    return Engine.term_query(SCHEMA, name, value)


def any_term(name: str, values: Sequence[Any]) -> Engine:
    """Any of the values; all score alike."""
    if len(values) > FEW_TERMS:
        return Engine.term_set_query(SCHEMA, name, list(values))
    return constant(sum_of([term(name, value) for value in values]), 1.0)


def known_term(searcher: Searcher, name: str, value: Any) -> Engine:
    """The term, or nothing at once when no work has it."""
    return term(name, value) if searcher.doc_freq(name, value) else nothing()


def beginning(searcher: Searcher, name: str, text: str) -> Engine:
    """Every term that begins so; all score alike."""
    # Looking the terms up costs a tenth of what an automaton walks through in a large dictionary.
    found = searcher.terms_with_prefix(name, text, limit=MAX_TERMS + 1)
    if len(found) <= MAX_TERMS:
        return any_term(name, [word for word, _ in found])
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=0, prefix=True)


def close_to(name: str, text: str, *, distance: int, is_prefix: bool = False) -> Engine:
    """Terms a few slips of the finger away; two letters the wrong way round are one slip."""
    return Engine.fuzzy_term_query(SCHEMA, name, text, distance=distance, prefix=is_prefix)


def between(name: str, first: int | None, last: int | None) -> Engine:
    """Values of a fast field, both ends included; None is no end."""
    return Engine.range_query(SCHEMA, name, FieldType.Integer, first, last)


def phrase(searcher: Searcher, name: str, tokens: Sequence[str]) -> Engine:
    """Tokens side by side; nothing at once when no work has one of them."""
    if not tokens or not all(searcher.doc_freq(name, token) for token in tokens):
        return nothing()
    if len(tokens) == 1:
        return term(name, tokens[0])
    return Engine.phrase_query(SCHEMA, name, list(tokens))


def unfinished_phrase(searcher: Searcher, name: str, tokens: Sequence[str]) -> Engine:
    """Tokens side by side of which the last stands for any that begin so (the first 50)."""
    *whole, _last = tokens
    if not whole:
        return beginning(searcher, name, tokens[0])
    if not all(searcher.doc_freq(name, token) for token in whole):
        return nothing()
    return Engine.phrase_prefix_query(SCHEMA, name, list(tokens))


def side_by_side(searcher: Searcher, name: str, text: str) -> Engine:
    return phrase(searcher, name, pairs(text))


def constant(query: Engine, score: float) -> Engine:
    return query if query is _NOTHING else Engine.const_score_query(query, score)


def boost(query: Engine, factor: float) -> Engine:
    return query if query is _NOTHING else Engine.boost_query(query, factor)


def everything() -> Engine:
    return Engine.all_query()


def nothing() -> Engine:
    """The one query that matches no work; what is put together from it leaves it out."""
    return _NOTHING


def best_of(queries: Iterable[Engine]) -> Engine:
    """What matches any of them, ranked by the one it matches best."""
    some = _found(queries)
    if len(some) < 2:
        return some[0] if some else _NOTHING
    return Engine.disjunction_max_query(some, TIE)


def sum_of(queries: Iterable[Engine]) -> Engine:
    """What matches any of them; the scores add up."""
    some = _found(queries)
    if len(some) < 2:
        return some[0] if some else _NOTHING
    return Engine.boolean_query([(Occur.Should, query) for query in some])


def most_of(queries: Sequence[Engine], *, at_least: int) -> Engine:
    asked = [(Occur.Should, query) for query in queries]
    return Engine.boolean_query(asked, minimum_number_should_match=at_least)


def all_of(queries: Sequence[Engine], *, but_not: Iterable[Engine] = ()) -> Engine:
    """What matches every query."""
    unwanted = _found(but_not)
    if any(query is _NOTHING for query in queries):
        return _NOTHING
    if len(queries) == 1 and not unwanted:
        return queries[0]
    return Engine.boolean_query(
        [
            *((Occur.Must, query) for query in queries),
            *((Occur.MustNot, query) for query in unwanted),
        ]
    )


def lifted(query: Engine, lifts: Iterable[Engine]) -> Engine:
    """What matches the query; lifts only move it up."""
    if query is _NOTHING:
        return query
    # One inside the other: several together would be read to their ends as a union.
    for lift in _found(lifts):
        query = Engine.boolean_query([(Occur.Must, query), (Occur.Should, lift)])
    return query


def _found(queries: Iterable[Engine]) -> list[Engine]:
    return [query for query in queries if query is not _NOTHING]
