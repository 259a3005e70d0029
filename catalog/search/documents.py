"""From the database to the index: the works of a chunk as documents, in five queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q

from catalog.domain.items import ItemStatus
from catalog.models import BarcodeAlias, Item, Manifestation, Work
from catalog.search.schema import WorkDocument
from library_net.network.models import Agency

Record = dict[str, Any]  # BibRecord.to_json(); keys may be missing

# A copy nobody will ever find on a shelf does not make a branch a holder.
NOT_HELD = (ItemStatus.WITHDRAWN, ItemStatus.LOST, ItemStatus.MISSING, ItemStatus.CLAIMED_RETURNED)
_ITEM_FIELDS = (
    "pk",
    "source_record__manifestation__work_id",
    "barcode",
    "call_number",
    "status",
    "is_lendable",
    "current_branch__code",
    "home_branch__code",
    "current_branch__agency_id",
)


def load_documents(work_ids: Collection[int]) -> Iterator[WorkDocument]:
    """Documents of those works that are alive; a work not among them is gone. Five queries."""
    works = {
        work.pk: work for work in Work.objects.filter(pk__in=work_ids, absorbed_by__isnull=True)
    }
    records: dict[int, list[Manifestation]] = defaultdict(list)
    alive = Q(deleted_at__isnull=True, absorbed_by__isnull=True)
    editions = Manifestation.objects.filter(alive, work_id__in=work_ids).order_by("pk")
    for edition in editions.defer("provenance"):
        records[edition.work_id].append(edition)
    cities = _cities()
    copies: dict[int, list[dict[str, Any]]] = defaultdict(list)
    held = Item.objects.filter(source_record__manifestation__work_id__in=work_ids)
    for row in held.exclude(status=ItemStatus.WITHDRAWN).order_by("pk").values(*_ITEM_FIELDS):
        copies[row["source_record__manifestation__work_id"]].append(row)
    former = _former_barcodes(work_ids)
    for work_id, work in works.items():
        if records[work_id]:
            yield _document(
                work,
                records[work_id],
                copies=copies[work_id],
                former=former[work_id],
                cities=cities,
            )


def _cities() -> dict[int, str]:
    """The code of the root above each agency: the city its branches stand in."""
    rows = {
        pk: (code, parent)
        for pk, code, parent in Agency.objects.values_list("pk", "code", "parent_id")
    }
    found: dict[int, str] = {}
    for pk in rows:
        root, seen = pk, {pk}
        while (above := rows[root][1]) is not None and above not in seen:
            root = above
            seen.add(root)
        found[pk] = rows[root][0]
    return found


def _former_barcodes(work_ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    path = "item__source_record__manifestation__work_id"
    rows = BarcodeAlias.objects.filter(**{f"{path}__in": work_ids})
    for work_id, barcode in rows.values_list(path, "barcode"):
        found[work_id].append(barcode)
    return found


def _document(
    work: Work,
    editions: list[Manifestation],
    *,
    copies: list[dict[str, Any]],
    former: list[str],
    cities: Mapping[int, str],
) -> WorkDocument:
    records: list[Record] = [edition.record for edition in editions]
    people = [person for record in records for person in record.get("contributors", ())]
    held = [copy for copy in copies if copy["status"] not in NOT_HELD]
    here = [c for c in held if c["status"] == ItemStatus.AVAILABLE and c["is_lendable"]]
    return WorkDocument(
        work_id=work.pk,
        public_id=work.public_id,
        titles=_titles(work, records),
        authors=_distinct(
            [work.author, *(p.get("name", "") for p in people), *_values(people, "original")]
        ),
        publishers=_values(records, "publisher"),
        subjects=_flat(records, "subjects"),
        series=_distinct(
            [
                *(series.get("title", "") for series in _items(records, "series")),
                *_values(records, "volume"),
            ]
        ),
        identifiers=_values(_items(records, "identifiers"), "value"),
        call_numbers=_values(copies, "call_number"),
        barcodes=_distinct([*(copy["barcode"] for copy in copies), *former]),
        classes=_distinct(
            found.get("value", "")
            for found in _items(records, "classes")
            if found.get("scheme") == "clc"
        ),
        languages=_flat(records, "languages"),
        years=tuple(sorted({int(record["year"]) for record in records if record.get("year")})),
        materials=_values(records, "material"),
        audiences=_values(records, "audience"),
        title_pinyin=_values(_items(records, "titles"), "pinyin"),
        author_pinyin=_values(people, "pinyin"),
        notes=_distinct([*_values(records, "summary"), *_flat(records, "notes")]),
        available_at=_values(here, "current_branch__code"),
        cities=_distinct(cities[copy["current_branch__agency_id"]] for copy in here),
        held_at=_distinct(
            [*_values(held, "home_branch__code"), *_values(here, "current_branch__code")]
        ),
        holdings_count=len(held),
    )


def _titles(work: Work, records: list[Record]) -> tuple[str, ...]:
    """The title of the work first, then every title of its editions with subtitle and part."""
    found = [work.title]
    for record in records:
        titles = record.get("titles", ())
        found += [title.get("text", "") for title in titles]
        found.append(record.get("part_name", ""))
    return _distinct(found)


def _items(records: Iterable[Record], key: str) -> list[Record]:
    return [value for record in records for value in record.get(key) or ()]


def _flat(records: Iterable[Record], key: str) -> tuple[str, ...]:
    return _distinct(value for record in records for value in record.get(key) or ())


def _values(rows: Iterable[Record], key: str) -> tuple[str, ...]:
    return _distinct(row.get(key) or "" for row in rows)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value for value in dict.fromkeys(values) if value)
