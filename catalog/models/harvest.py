"""The union records by time of change, tombstones among them: what harvesters read, page by page.

Handed out by ``catalog.readers``. The order is (updated_at, id): a record that changes while a
harvest is under way moves to its end and is met there, so none is skipped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.models.bibliographic import Manifestation
from catalog.models.bulk import select_where_in
from catalog.models.sources import SourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestScope:
    """Which records: changed since (inclusive) and before (exclusive), of one agency or of all."""

    since: datetime | None = None
    before: datetime | None = None
    agency_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestLine:
    """One manifestation as harvesters see it; absorbed and withdrawn ones are deleted."""

    manifestation_id: int
    updated_at: datetime
    is_deleted: bool
    agency_codes: tuple[str, ...] = ()  # of a tombstone: those that may have harvested it
    record: dict[str, Any] = field(default_factory=dict)  # empty when deleted or not asked for

    @property
    def public_id(self) -> str:
        return f"m{self.manifestation_id}"


Place = tuple[datetime, int]
"""updated_at and id of the last record read."""


def harvest(
    *, scope: HarvestScope, after: Place | None, limit: int, with_records: bool
) -> list[HarvestLine]:
    """Records after a place, oldest change first. Two queries, a third if some were absorbed."""
    rows = _in_scope(scope)
    if after is not None:
        changed_at, pk = after
        # The first condition is implied by the second; it is the one an index can use.
        later = Q(updated_at__gt=changed_at) | Q(updated_at=changed_at, pk__gt=pk)
        rows = rows.filter(later, updated_at__gte=changed_at)
    return _lines(rows.order_by("updated_at", "pk")[:limit], with_records=with_records)


def count_harvest(*, scope: HarvestScope) -> int:
    """How many records a whole harvest would meet. One query."""
    return _in_scope(scope).count()


def find_harvest_line(*, manifestation_id: int) -> HarvestLine | None:
    """One record, alive or not; None when there never was one. At most three queries."""
    rows = Manifestation.objects.filter(pk=manifestation_id)
    return next(iter(_lines(rows, with_records=True)), None)


def earliest_change() -> datetime | None:
    """Before this moment nothing changed. One query."""
    stamps = Manifestation.objects.order_by("updated_at", "pk")
    return stamps.values_list("updated_at", flat=True).first()


def _in_scope(scope: HarvestScope) -> QuerySet[Manifestation]:
    rows = Manifestation.objects.all()
    if scope.since:
        rows = rows.filter(updated_at__gte=scope.since)
    if scope.before:
        rows = rows.filter(updated_at__lt=scope.before)
    return rows.filter(_of_agency(scope.agency_code)) if scope.agency_code else rows


def _of_agency(code: str) -> Q:
    """Records the agency holds, and tombstones of those it may have held.

    Sources follow what absorbed their manifestation, so a tombstone is judged by its survivor.
    """
    sources = SourceRecord.objects.filter(agency__code=code)
    own = sources.filter(manifestation_id=OuterRef("pk"))
    living = Q(Exists(own.filter(deleted_at=None)))
    ended = Q(Exists(own), deleted_at__isnull=False)
    survivors = Q(Exists(sources.filter(manifestation_id=OuterRef("absorbed_by_id"))))
    absorbed = Q(absorbed_by__isnull=False) & (
        survivors | Q(absorbed_by__absorbed_by__isnull=False)
    )
    return living | ended | absorbed


def _lines(rows: QuerySet[Manifestation], *, with_records: bool) -> list[HarvestLine]:
    deferred = ("provenance",) if with_records else ("provenance", "record")
    found = list(rows.defer(*deferred))
    gone = {row.pk for row in found if row.deleted_at or row.absorbed_by_id}
    survivors = _survivors([row.pk for row in found if row.absorbed_by_id])
    ids = {row.pk for row in found}.union(*survivors.values())
    living, all_time = _agencies(ids)
    return [
        HarvestLine(
            manifestation_id=row.pk,
            updated_at=row.updated_at,
            is_deleted=row.pk in gone,
            agency_codes=_codes(
                all_time if row.pk in gone else living, [row.pk, *survivors.get(row.pk, ())]
            ),
            record=row.record if with_records and row.pk not in gone else {},
        )
        for row in found
    ]


def _codes(agencies: dict[int, set[str]], ids: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted({code for pk in ids for code in agencies.get(pk, ())}))


def _survivors(ids: list[int]) -> dict[int, list[int]]:
    """What absorbed each of them, and what absorbed that, to the end."""
    rows = select_where_in(
        "WITH RECURSIVE absorbing(first, later) AS ("
        " SELECT id, absorbed_by_id FROM catalog_manifestation WHERE id {values}"
        " UNION SELECT a.first, m.absorbed_by_id FROM absorbing a"
        " JOIN catalog_manifestation m ON m.id = a.later WHERE m.absorbed_by_id IS NOT NULL)"
        " SELECT first, later FROM absorbing",
        ids,
    )
    found: dict[int, list[int]] = defaultdict(list)
    for first, later in rows:
        found[first].append(later)
    return found


def _agencies(ids: Collection[int]) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """Agencies with a record in each manifestation: now, and ever."""
    now: dict[int, set[str]] = defaultdict(set)
    ever: dict[int, set[str]] = defaultdict(set)
    rows = SourceRecord.objects.filter(manifestation_id__in=ids)
    for pk, code, deleted_at in rows.values_list("manifestation_id", "agency__code", "deleted_at"):
        ever[pk or 0].add(code)
        if deleted_at is None:
            now[pk or 0].add(code)
    return now, ever
