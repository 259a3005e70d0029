"""A search page: what the index finds, told as cards with availability as it is now.

Handed out by ``catalog.readers``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db.models import Q

from catalog.domain.highlight import Marked, mark
from catalog.domain.query import Filters, Query, parse_box
from catalog.domain.spelling import corrected, heard_in
from catalog.domain.text import has_han, title_key
from catalog.models import Work
from catalog.search.index import BuildProgress, SearchIndex, shared_index
from catalog.search.query import SearchPage, Sort, begin_search, search, works_with_word
from catalog.search.shown import CopiesRow, EditionRow, copies_of, editions_of
from library_net.network.models import Branch

CARDS_ON_A_PAGE = 20
SUGGESTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchAvailability:
    branch: Branch
    available: int  # copies a reader can take home now
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    public_id: str
    title: str
    publisher: str
    year: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCard:
    """One work as a search page shows it."""

    work_id: int
    public_id: str
    title: str
    author: str
    publisher: str  # of the newest edition
    year: int | None  # of the newest edition
    editions: tuple[Edition, ...]  # newest first
    availability: tuple[BranchAvailability, ...]  # branches with a copy to take home first
    highlight: tuple[Marked, ...] = ()  # the title in runs, matched or not

    @property
    def available(self) -> int:
        return sum(place.available for place in self.availability)

    @property
    def copies(self) -> int:
        return sum(place.total for place in self.availability)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetChoice:
    value: str
    count: int
    name: str = ""  # of a branch; other values are named by the page
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    query: Query
    total: int
    page: int
    pages: int
    cards: tuple[WorkCard, ...] = ()
    facets: dict[str, tuple[FacetChoice, ...]] = field(default_factory=dict)
    is_ready: bool = True  # False while the index is being built for the first time
    building: BuildProgress | None = None  # how far that is
    is_similar: bool = False  # nothing was exactly so; these are close to it
    did_you_mean: str = ""  # what would have found something


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A work somebody may be about to type."""

    work_id: int
    title: str
    author: str


def search_works(
    *,
    typed: str,
    filters: Filters | None = None,
    page: int = 1,
    per_page: int = CARDS_ON_A_PAGE,
    sort: Sort = Sort.RELEVANCE,
    with_facets: bool = True,
    is_forgiving: bool = False,
) -> WorkPage:
    """One page of cards for what was typed, best first, with counts to narrow it down.

    The index finds; availability and titles come from the database as they are now, so a copy
    lent a second ago is not promised. A work withdrawn since is left out. ``is_forgiving`` as in
    ``search``. Three queries: editions with their works, copies, branches.
    """
    query = parse_box(typed, filters=filters)
    index = shared_index(settings.SEARCH_INDEX_PATH)
    page = max(1, page)
    begun = begin_search(
        index,
        query,
        offset=(page - 1) * per_page,
        limit=per_page,
        sort=sort,
        with_facets=with_facets,
        is_forgiving=is_forgiving,
    )
    work_ids = [hit.work_id for hit in begun.page.hits]
    copies, editions = copies_of(work_ids), editions_of(work_ids)
    found = replace(begun.page, facets=begun.facets())
    branches = _branches(copies, found)
    cards = _cards(work_ids, query, editions=editions, places=_places(copies, branches))
    return WorkPage(
        query=query,
        total=found.total,
        page=page,
        pages=-(-found.total // per_page),
        cards=cards,
        facets=_named_facets(
            found, query.filters, {branch.code: branch.name for branch in branches.values()}
        ),
        is_ready=found.is_ready,
        building=None if found.is_ready else index.building(),
        is_similar=found.is_similar,
        did_you_mean=_meant(index, typed, cards) if found.is_similar else "",
    )


def suggest_works(*, typed: str, limit: int = SUGGESTIONS) -> tuple[Suggestion, ...]:
    """Works that what is typed so far may be going to ask for, one for each title. One query."""
    if len(typed.strip()) < (1 if has_han(typed) else 2):
        return ()
    index = shared_index(settings.SEARCH_INDEX_PATH)
    found = search(index, parse_box(typed), limit=2 * limit, with_facets=False)
    works = Work.objects.filter(absorbed_by=None).in_bulk([hit.work_id for hit in found.hits])
    by_title: dict[str, Suggestion] = {}
    for hit in found.hits:
        if work := works.get(hit.work_id):
            suggestion = Suggestion(work_id=work.pk, title=work.title, author=work.author)
            by_title.setdefault(title_key(work.title) or work.title, suggestion)
    return tuple(by_title.values())[:limit]


def _meant(index: SearchIndex, typed: str, cards: tuple[WorkCard, ...]) -> str:
    for card in cards[:5]:
        if heard := heard_in(card.title, typed):
            return heard
    return corrected(typed, works_with=lambda word: works_with_word(index, word))


def _cards(
    work_ids: list[int],
    query: Query,
    *,
    editions: dict[int, list[EditionRow]],
    places: dict[int, tuple[BranchAvailability, ...]],
) -> tuple[WorkCard, ...]:
    cards = []
    for work_id in work_ids:
        if not (rows := editions.get(work_id)):
            continue
        newest = rows[0]
        cards.append(
            WorkCard(
                work_id=work_id,
                public_id=f"w{work_id}",
                title=newest.work_title,
                author=newest.work_author,
                publisher=newest.publisher,
                year=newest.year,
                editions=tuple(map(_edition, rows)),
                availability=places.get(work_id, ()),
                highlight=mark(newest.work_title, root=query.root),
            )
        )
    return tuple(cards)


def _edition(row: EditionRow) -> Edition:
    return Edition(public_id=f"m{row.id}", title=row.title, publisher=row.publisher, year=row.year)


def work_availability(*, work_ids: Collection[int]) -> dict[int, tuple[BranchAvailability, ...]]:
    """Copies of each work by the branch where they are, as the database says now. Two queries."""
    copies = copies_of(work_ids)
    return _places(copies, _branches(copies, SearchPage()))


def _branches(copies: list[CopiesRow], found: SearchPage) -> dict[int, Branch]:
    """Where the copies are, and what the facet of branches names. One query."""
    ids = {row.branch_id for row in copies}
    codes = {value.value for value in found.facets.get("available_at", ())}
    if not ids and not codes:
        return {}
    return {row.pk: row for row in Branch.objects.filter(Q(pk__in=ids) | Q(code__in=codes))}


def _places(
    copies: list[CopiesRow], branches: dict[int, Branch]
) -> dict[int, tuple[BranchAvailability, ...]]:
    found: dict[int, list[BranchAvailability]] = defaultdict(list)
    for row in copies:
        place = BranchAvailability(
            branch=branches[row.branch_id], available=row.available, total=row.total
        )
        found[row.work_id].append(place)
    return {
        work_id: tuple(sorted(places, key=lambda p: (-p.available, p.branch.code)))
        for work_id, places in found.items()
    }


def _named_facets(
    found: SearchPage, filters: Filters, branch_names: Mapping[str, str]
) -> dict[str, tuple[FacetChoice, ...]]:
    chosen: dict[str, Any] = {
        "available_at": filters.available_at,
        "language": filters.languages,
        "decade": {str(decade) for decade in filters.decades},
        "material": filters.materials,
        "clc": filters.classes,
        "audience": filters.audiences,
    }
    return {
        facet: tuple(
            FacetChoice(
                value=value.value,
                count=value.count,
                name=branch_names.get(value.value, "") if facet == "available_at" else "",
                is_chosen=value.value in chosen.get(facet, ()),
            )
            for value in values
        )
        for facet, values in found.facets.items()
    }
