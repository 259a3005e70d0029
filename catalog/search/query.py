"""Asking the index: hits, the exact total and exact facet counts come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any

from tantivy import Order, Searcher
from tantivy import Query as Engine

from catalog.domain.query import Everything, Filters, Query
from catalog.search.compile import Compiler
from catalog.search.index import SearchIndex
from catalog.search.schema import COUNTED_TOGETHER, TOGETHER, together

MAX_LIMIT = 200
MAX_OFFSET = 10_000  # nobody reads page 500; deeper reading is what the feed and OAI are for
FACET_VALUES = 100
COMBINATIONS = 4000  # of cities, decades … that are told apart

_NO_FILTERS = Filters()


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


def _terms(name: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": name, "size": size}}


_COUNTED_TOGETHER = {n: _terms(together(n), COMBINATIONS) for n in COUNTED_TOGETHER}
# Counting branches costs as much as counting all the rest: there are several to a work.
_COUNTED_APART = {"available_at": _terms("available_at", FACET_VALUES)}
COUNTED_IN_TWO = 10_000  # works found: from here on a second core may count along


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    work_id: int
    score: float  # 0 when the order is not by relevance


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    value: str  # branch code, language code, decade, CLC letters …
    count: int


Facets = dict[str, tuple[FacetValue, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    total: int = 0
    hits: tuple[Hit, ...] = ()
    facets: Facets = field(default_factory=dict)
    is_ready: bool = True  # False while there is no index yet
    is_similar: bool = False  # nothing was exactly so; these are close to it


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunSearch:
    """The hits; facets of many works are counted by other cores while the hits are looked up."""

    page: SearchPage  # without facets
    facets: Callable[[], Facets] = dict  # waits for them


def search(
    index: SearchIndex,
    query: Query,
    *,
    offset: int = 0,
    limit: int = 20,
    sort: Sort = Sort.RELEVANCE,
    with_facets: bool = True,
    is_forgiving: bool = False,
) -> SearchPage:
    """One page of works with the exact total and exact facet counts under the filters.

    ``is_forgiving``: where nothing matches, what is a slip of the finger or a wrong character of
    the right sound away. Reads only the index. Availability in it is as old as the follower; what
    is shown to a reader is checked again in the database (``catalog.readers.search_works``).
    """
    begun = begin_search(
        index,
        query,
        offset=offset,
        limit=limit,
        sort=sort,
        with_facets=with_facets,
        is_forgiving=is_forgiving,
    )
    return replace(begun.page, facets=begun.facets())


def begin_search(
    index: SearchIndex,
    query: Query,
    *,
    offset: int = 0,
    limit: int = 20,
    sort: Sort = Sort.RELEVANCE,
    with_facets: bool = True,
    is_forgiving: bool = False,
) -> BegunSearch:
    """As ``search``, for a caller who has something to do while facets are counted."""
    searcher = index.searcher()
    if searcher is None:
        return BegunSearch(page=SearchPage(is_ready=False))
    asked = _Page(searcher=searcher, query=query, offset=offset, limit=limit, sort=sort)
    begun = asked.read(with_facets=with_facets)
    if begun.page.total or not is_forgiving:
        return begun
    return asked.read(with_facets=with_facets, is_forgiving=True)


def works_with_word(index: SearchIndex, word: str) -> int:
    """How many works have this word of a Latin script anywhere."""
    searcher = index.searcher()
    return searcher.doc_freq("any", word) if searcher else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    searcher: Searcher
    query: Query
    offset: int
    limit: int
    sort: Sort

    def read(self, *, with_facets: bool, is_forgiving: bool = False) -> BegunSearch:
        ranked = Compiler(searcher=self.searcher, is_forgiving=is_forgiving)
        counted = replace(ranked, is_ranked=False)
        order: dict[str, Any] = {"weight_by_field": "weight"}
        is_ranked = self.sort is Sort.RELEVANCE
        if not is_ranked:
            order = dict(zip(("order_by_field", "order"), _ORDERS[self.sort], strict=True))
        found = self.searcher.search(
            (ranked if is_ranked else counted).query(self.query),
            max(1, min(self.limit, MAX_LIMIT)),
            offset=max(0, min(self.offset, MAX_OFFSET)),
            **order,
        )
        addresses = [address for _, address in found.hits]
        ids = self.searcher.fast_field_values("id", addresses) if addresses else []
        total: int = found.count  # type: ignore[attr-defined]  # missing from the stub only
        page = SearchPage(
            total=total,
            hits=tuple(
                Hit(work_id=int(work_id or 0), score=score if isinstance(score, float) else 0.0)
                for work_id, (score, _) in zip(ids, found.hits, strict=True)
            ),
            is_similar=is_forgiving and total > 0,
        )
        if not with_facets or not total:
            return BegunSearch(page=page)
        return BegunSearch(page=page, facets=self._begin_to_count(counted, total))

    def _begin_to_count(self, counted: Compiler, total: int) -> Callable[[], Facets]:
        if isinstance(self.query.root, Everything) and self.query.filters == _NO_FILTERS:
            return partial(_facets_of_everything, self.searcher)
        return _begin_to_count(self.searcher, counted.query(self.query), total)


@lru_cache(maxsize=4)
def _facets_of_everything(searcher: Searcher) -> Facets:
    """Of the whole catalogue, counted once for each snapshot of it."""
    return _begin_to_count(searcher, Engine.all_query(), searcher.num_docs)()


@lru_cache(maxsize=1)
def _helpers() -> ThreadPoolExecutor:
    """The engine counts without holding the interpreter, so a thread is a core."""
    return ThreadPoolExecutor(thread_name_prefix="facets")


def _begin_to_count(searcher: Searcher, wanted: Engine, total: int) -> Callable[[], Facets]:
    if total < COUNTED_IN_TWO:
        asked = _COUNTED_TOGETHER | _COUNTED_APART
        return lambda: _facets(searcher.aggregate(wanted, asked), total)
    halves = [
        _helpers().submit(searcher.aggregate, wanted, asked)
        for asked in (_COUNTED_APART, _COUNTED_TOGETHER)
    ]
    return lambda: _facets(halves[0].result() | halves[1].result(), total)


def _facets(answer: dict[str, Any], total: int) -> Facets:
    found = {name: _taken_apart(answer[name]) for name in COUNTED_TOGETHER}
    found["available_at"] = tuple(
        FacetValue(value=value, count=count) for value, count in _pairs(answer["available_at"])
    )
    # A work is on a shelf where it is on a shelf of some city.
    here = sum(count for _, count in _pairs(answer["city"])) + answer["city"]["sum_other_doc_count"]
    states = {"1": here, "0": total - here}
    found["is_available"] = tuple(
        FacetValue(value=state, count=count) for state, count in states.items() if count
    )
    return found


def _taken_apart(answer: dict[str, Any]) -> tuple[FacetValue, ...]:
    """Counts of each value from those of the combinations it is in."""
    counts: Counter[str] = Counter()
    for values, count in _pairs(answer):
        for value in values.split(TOGETHER):
            counts[value] += count
    return tuple(FacetValue(value=v, count=n) for v, n in counts.most_common(FACET_VALUES))


def _pairs(answer: dict[str, Any]) -> Iterable[tuple[str, int]]:
    return ((bucket["key"], bucket["doc_count"]) for bucket in answer["buckets"])
