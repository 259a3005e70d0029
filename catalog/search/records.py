"""What the index finds, as union records: one for each work, for protocols rather than pages.

Handed out by ``catalog.readers``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from catalog.domain.query import Query, identifier_forms
from catalog.models import Manifestation
from catalog.search.index import shared_index
from catalog.search.query import Sort, search


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which edition speaks for its work, where the query says so."""

    manifestation_ids: frozenset[int] = frozenset()
    identifiers: frozenset[str] = frozenset()  # in any spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecord:
    public_id: str  # of the edition
    updated_at: datetime
    record: dict[str, Any]  # BibRecord.to_json()
    other_editions: tuple[str, ...] = ()  # public ids, newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    total: int = 0  # works
    records: tuple[FoundRecord, ...] = field(default_factory=tuple)
    is_ready: bool = True  # False while there is no index yet


def search_records(
    *,
    query: Query,
    wanted: Wanted,
    offset: int,
    limit: int,
    sort: Sort = Sort.RELEVANCE,
) -> RecordSet:
    """One record for each work found: the edition asked for, else the newest. One query.

    A work that was withdrawn since the index last looked is left out.
    """
    found = search(
        shared_index(settings.SEARCH_INDEX_PATH),
        query,
        offset=offset,
        limit=max(limit, 1),
        sort=sort,
        with_facets=False,
    )
    work_ids = [hit.work_id for hit in found.hits] if limit else []
    editions = _editions(work_ids)
    spellings = frozenset(form for text in wanted.identifiers for form in identifier_forms(text))
    return RecordSet(
        total=found.total,
        is_ready=found.is_ready,
        records=tuple(
            _record(editions[work_id], wanted.manifestation_ids, spellings)
            for work_id in work_ids
            if work_id in editions
        ),
    )


def _editions(work_ids: Collection[int]) -> dict[int, list[Manifestation]]:
    """Living editions of each work, newest first."""
    rows = Manifestation.objects.filter(work_id__in=work_ids, deleted_at=None, absorbed_by=None)
    found: dict[int, list[Manifestation]] = defaultdict(list)
    for row in sorted(rows.defer("provenance"), key=lambda row: (-(row.year or 0), row.pk)):
        found[row.work_id].append(row)
    return found


def _record(
    editions: list[Manifestation], chosen: frozenset[int], spellings: frozenset[str]
) -> FoundRecord:
    def distance(row: Manifestation) -> int:
        numbers = {
            form
            for one in row.record.get("identifiers", ())
            for form in identifier_forms(one.get("value", ""))
        }
        return 0 if row.pk in chosen else 1 if spellings & numbers else 2

    first = min(editions, key=distance)
    return FoundRecord(
        public_id=first.public_id,
        updated_at=first.updated_at,
        record=first.record,
        other_editions=tuple(row.public_id for row in editions if row is not first),
    )
