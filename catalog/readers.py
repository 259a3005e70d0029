"""Every read the outside needs of the catalogue; each says how many queries it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet

from catalog.domain.items import ItemStatus
from catalog.models import (
    Batch,
    Change,
    Item,
    Manifestation,
    MatchEvidence,
    Reject,
    SourceRecord,
    Work,
)
from catalog.models.harvest import HarvestLine as HarvestLine
from catalog.models.harvest import HarvestScope as HarvestScope
from catalog.models.harvest import count_harvest as count_harvest
from catalog.models.harvest import earliest_change as earliest_change
from catalog.models.harvest import find_harvest_line as find_harvest_line
from catalog.models.harvest import harvest as harvest
from catalog.search.page import CARDS_ON_A_PAGE as CARDS_ON_A_PAGE
from catalog.search.page import BranchAvailability as BranchAvailability
from catalog.search.page import Edition as Edition
from catalog.search.page import FacetChoice as FacetChoice
from catalog.search.page import Suggestion as Suggestion
from catalog.search.page import WorkCard as WorkCard
from catalog.search.page import WorkPage as WorkPage
from catalog.search.page import search_works as search_works
from catalog.search.page import suggest_works as suggest_works
from catalog.search.page import work_availability as work_availability
from catalog.search.query import Sort as Sort
from catalog.search.records import FoundRecord as FoundRecord
from catalog.search.records import RecordSet as RecordSet
from catalog.search.records import Wanted as Wanted
from catalog.search.records import search_records as search_records
from library_net.network.models import Agency, Branch

# --- one work ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One member's record behind a union record."""

    source_id: int
    agency: Agency
    source_key: str  # the member's control number, or the digest where there was none
    format: str
    encoding: str
    flags: tuple[str, ...]
    received_at: datetime
    is_withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLine:
    """Why two member records were held for one manifestation."""

    left_id: int
    right_id: int
    score: float
    fields: tuple[tuple[str, str, float, str, str], ...]  # field, verdict, score, left, right


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchItems:
    branch: Branch  # where the copies are now
    items: tuple[Item, ...]  # with owning agency and home branch loaded
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    manifestation_id: int
    public_id: str
    title: str
    author: str
    publisher: str
    year: int | None
    record: dict[str, Any]  # BibRecord.to_json() of the union; keys may be missing
    provenance: dict[str, int]  # field -> source id, or {"*": source id}
    updated_at: datetime
    sources: tuple[SourceLine, ...]
    evidence: tuple[EvidenceLine, ...]
    branches: tuple[BranchItems, ...]  # copies to take home first

    @property
    def available(self) -> int:
        return sum(place.available for place in self.branches)

    @property
    def copies(self) -> int:
        return sum(len(place.items) for place in self.branches)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """One work with its editions, newest first."""

    work_id: int
    public_id: str  # the one to show; differs from the one asked for after a merge
    title: str
    author: str
    chosen: str  # public id of the edition asked for, empty when the work was
    editions: tuple[EditionPage, ...]
    is_withdrawn: bool = False  # a tombstone: no member holds a record of it any more

    @property
    def available(self) -> int:
        return sum(edition.available for edition in self.editions)

    @property
    def copies(self) -> int:
        return sum(edition.copies for edition in self.editions)


_MOST_HOPS = 50  # of a chain of merges


def find_record_page(*, public_id: str) -> RecordPage | None:
    """The work ``w12``, or the one with edition ``m34``; None when there never was one.

    Ids absorbed long ago lead to what absorbed them. Seven queries, one more for each merge.
    """
    kind, number = public_id[:1], public_id[1:]
    if kind not in ("w", "m") or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    chosen = _surviving(Manifestation, int(number)) if kind == "m" else None
    work_id = chosen.work_id if chosen else int(number) if kind == "w" else 0
    work = _surviving(Work, work_id)
    if work is None:
        return None
    editions = _edition_pages(work.pk)
    return RecordPage(
        work_id=work.pk,
        public_id=work.public_id,
        title=work.title,
        author=work.author,
        chosen=chosen.public_id if chosen else "",
        editions=editions,
        is_withdrawn=not editions,
    )


def find_work_ids(*, public_ids: Collection[str]) -> list[tuple[int, int]]:
    """(work, edition asked for or 0) of those public ids that lead to something.

    Two queries for each, one more for each merge.
    """
    found: list[tuple[int, int]] = []
    for public_id in public_ids:
        kind, number = public_id[:1], public_id[1:]
        if kind not in ("w", "m") or not (number.isascii() and number.isdigit()):
            continue
        if len(number) > 18:
            continue
        edition = _surviving(Manifestation, int(number)) if kind == "m" else None
        work_id = edition.work_id if edition else int(number) if kind == "w" else 0
        if work := _surviving(Work, work_id):
            found.append((work.pk, edition.pk if edition else 0))
    return found


_Redirecting = TypeVar("_Redirecting", Work, Manifestation)


def _surviving(model: type[_Redirecting], pk: int) -> _Redirecting | None:
    """The row itself, or the one that absorbed it, however often."""
    found = model.objects.filter(pk=pk).first()
    for _hop in range(_MOST_HOPS):
        if found is None or found.absorbed_by_id is None:
            break
        found = model.objects.filter(pk=found.absorbed_by_id).first()
    return found


def _edition_pages(work_id: int) -> tuple[EditionPage, ...]:
    rows = list(
        Manifestation.objects.filter(work_id=work_id, deleted_at=None, absorbed_by=None).order_by(
            "pk"
        )
    )
    ids = [row.pk for row in rows]
    sources = _source_lines(ids)
    evidence = _evidence_lines(ids)
    branches = items_by_branch(manifestation_ids=ids)
    pages = [
        EditionPage(
            manifestation_id=row.pk,
            public_id=row.public_id,
            title=row.title,
            author=row.author,
            publisher=row.publisher,
            year=row.year,
            record=row.record,
            provenance=row.provenance,
            updated_at=row.updated_at,
            sources=sources.get(row.pk, ()),
            evidence=evidence.get(row.pk, ()),
            branches=branches.get(row.pk, ()),
        )
        for row in rows
    ]
    return tuple(sorted(pages, key=lambda page: (-(page.year or 0), page.manifestation_id)))


def _source_lines(manifestation_ids: Collection[int]) -> dict[int, tuple[SourceLine, ...]]:
    rows = (
        SourceRecord.objects.filter(manifestation_id__in=manifestation_ids)
        .select_related("agency")
        .defer("raw", "neutral")
        .order_by("pk")
    )
    found: dict[int, tuple[SourceLine, ...]] = {}
    for row in rows:
        line = SourceLine(
            source_id=row.pk,
            agency=row.agency,
            source_key=row.source_key,
            format=row.format,
            encoding=row.encoding,
            flags=tuple(row.flags),
            received_at=row.received_at,
            is_withdrawn=row.deleted_at is not None,
        )
        found[row.manifestation_id or 0] = (*found.get(row.manifestation_id or 0, ()), line)
    return found


def _evidence_lines(manifestation_ids: Collection[int]) -> dict[int, tuple[EvidenceLine, ...]]:
    path = "source_record__manifestation_id"
    rows = (
        MatchEvidence.objects.filter(
            **{f"{path}__in": manifestation_ids, "matched_with__manifestation_id": F(path)}
        )
        .order_by("-score", "pk")
        .values_list(path, "source_record_id", "matched_with_id", "score", "fields")
    )
    found: dict[int, tuple[EvidenceLine, ...]] = {}
    for manifestation_id, left, right, score, fields in rows:
        line = EvidenceLine(
            left_id=left, right_id=right, score=score, fields=tuple(tuple(row) for row in fields)
        )
        found[manifestation_id] = (*found.get(manifestation_id, ()), line)
    return found


def items_by_branch(*, manifestation_ids: Collection[int]) -> dict[int, tuple[BranchItems, ...]]:
    """Copies of each manifestation by the branch where they are now. One query."""
    rows = (
        Item.objects.filter(source_record__manifestation_id__in=manifestation_ids)
        .exclude(status=ItemStatus.WITHDRAWN)
        .select_related("current_branch", "home_branch", "owning_agency")
        .annotate(manifestation_id=F("source_record__manifestation_id"))
        .order_by("call_number", "pk")
    )
    places: dict[int, dict[Branch, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        places[row.manifestation_id][row.current_branch].append(row)
    return {
        manifestation_id: tuple(
            sorted(map(_branch_items, at.items()), key=lambda p: (-p.available, p.branch.code))
        )
        for manifestation_id, at in places.items()
    }


def _branch_items(place: tuple[Branch, list[Item]]) -> BranchItems:
    branch, items = place
    available = sum(i.status == ItemStatus.AVAILABLE and i.is_lendable for i in items)
    return BranchItems(branch=branch, items=tuple(items), available=available)


# --- items -------------------------------------------------------------------------------------


def find_items(*, barcode: str, owner_code: str = "") -> Sequence[Item]:
    """Copies with this barcode, present or former; several owners may use one. Two queries."""
    owner = Q(owning_agency__code=owner_code) if owner_code else Q()
    items = Item.objects.select_related("owning_agency", "home_branch", "current_branch")
    items = items.annotate(manifestation_id=F("source_record__manifestation_id"))
    found = list(items.filter(owner, barcode=barcode).order_by("pk"))
    former = items.filter(
        owner, aliases__barcode=barcode, aliases__owning_agency=F("owning_agency")
    )
    known = {item.pk for item in found}
    return found + [item for item in former.order_by("pk") if item.pk not in known]


# --- batches and the feed ----------------------------------------------------------------------


def batches(*, agency_ids: Collection[int] | None) -> QuerySet[Batch]:
    """Batches of these agencies (None: of all), with agency and job loaded."""
    rows = Batch.objects.select_related("agency", "job")
    return rows if agency_ids is None else rows.filter(agency_id__in=agency_ids)


def rejects(*, batch_id: int) -> QuerySet[Reject]:
    """What could not be used of a batch, without the bytes."""
    return Reject.objects.filter(batch_id=batch_id).defer("raw")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    position: int
    kind: str
    work_id: int
    changed_at: datetime


def changes(*, after: int, limit: int) -> list[ChangeLine]:
    """Numbered rows of the feed after a position, in commit order. One query."""
    rows = (
        Change.objects.filter(position__gt=after)
        .order_by("position")
        .values_list("position", "kind", "work_id", "changed_at")[:limit]
    )
    return [
        ChangeLine(position=position or 0, kind=kind, work_id=work_id, changed_at=changed_at)
        for position, kind, work_id, changed_at in rows
    ]
