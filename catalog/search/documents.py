"""From the database to the index: the works of a chunk as documents, in seven queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from catalog.domain.items import ItemStatus
from catalog.models.bulk import select_where_in
from catalog.search.schema import WorkDocument
from library_net.network.models import Agency, Branch

Record = dict[str, Any]  # BibRecord.to_json(); keys may be missing

# A copy nobody will ever find on a shelf does not make a branch a holder.
NOT_HELD = (ItemStatus.WITHDRAWN, ItemStatus.LOST, ItemStatus.MISSING, ItemStatus.CLAIMED_RETURNED)

# Note [Plain look-ups]
# Every query here reads one table by an indexed list of ids: quicker than joins over thousands of
# ids, and without a plan that could go astray on fresh tables.
_WORKS = "SELECT id, title, author FROM catalog_work WHERE absorbed_by_id IS NULL AND id {values}"
_EDITIONS = """
    SELECT id, work_id, deleted_at IS NULL AND absorbed_by_id IS NULL, record
    FROM catalog_manifestation WHERE work_id {values}
"""
_SOURCES = "SELECT id, manifestation_id FROM catalog_sourcerecord WHERE manifestation_id {values}"
_COPIES = """
    SELECT id, source_record_id, barcode, call_number, status, is_lendable, current_branch_id,
        home_branch_id
    FROM catalog_item WHERE status <> %s AND source_record_id {values}
"""
_FORMER = "SELECT item_id, barcode FROM catalog_barcodealias WHERE item_id {values} ORDER BY id"


class _Work(NamedTuple):
    pk: int
    title: str
    author: str


def load_documents(work_ids: Collection[int]) -> Iterator[WorkDocument]:
    """Documents of those works that are alive; a work not among them is gone. Seven queries."""
    works = [_Work(*row) for row in select_where_in(_WORKS, list(work_ids))]
    records: dict[int, list[Record]] = defaultdict(list)
    work_of: dict[int, int] = {}  # every manifestation, the ended ones too
    for pk, work_id, is_alive, record in sorted(select_where_in(_EDITIONS, list(work_ids))):
        work_of[pk] = work_id
        if is_alive:
            records[work_id].append(orjson.loads(record))
    copies, former = _copies(work_of)
    for work in works:
        if work.pk in records:
            yield _document(
                work,
                records[work.pk],
                copies=copies.get(work.pk, []),
                former=former.get(work.pk, []),
            )


def _copies(work_of: Mapping[int, int]) -> tuple[dict[int, list[Record]], dict[int, list[str]]]:
    """Of each work: its copies, and the barcodes they had before."""
    sources = dict(select_where_in(_SOURCES, list(work_of)))
    rows = select_where_in(_COPIES, list(sources), ItemStatus.WITHDRAWN.value)
    places = _places() if rows else {}
    copies: dict[int, list[Record]] = defaultdict(list)
    work_of_item: dict[int, int] = {}
    for pk, source_id, barcode, call_number, status, is_lendable, here, home in sorted(rows):
        work_of_item[pk] = work_id = work_of[sources[source_id]]
        copies[work_id].append(
            {
                "barcode": barcode,
                "call_number": call_number,
                "status": status,
                "is_lendable": is_lendable,
                "current_branch": places[here].branch,
                "city": places[here].city,
                "home_branch": places[home].branch,
            }
        )
    former: dict[int, list[str]] = defaultdict(list)
    for item_id, barcode in select_where_in(_FORMER, list(work_of_item)):
        former[work_of_item[item_id]].append(barcode)
    return copies, former


class _Place(NamedTuple):
    branch: str  # code
    city: str


def _places() -> dict[int, _Place]:
    cities = _cities()
    branches = Branch.objects.values_list("pk", "code", "agency_id")
    return {pk: _Place(code, cities[agency_id]) for pk, code, agency_id in branches}


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


def _document(
    work: _Work,
    records: list[Record],
    *,
    copies: list[Record],
    former: list[str],
) -> WorkDocument:
    people = _items(records, "contributors")
    held = [copy for copy in copies if copy["status"] not in NOT_HELD]
    here = [c for c in held if c["status"] == ItemStatus.AVAILABLE and c["is_lendable"]]
    return WorkDocument(
        work_id=work.pk,
        public_id=f"w{work.pk}",
        titles=_titles(work, records),
        authors=_distinct([work.author, *_values(people, "name"), *_values(people, "original")]),
        publishers=_values(records, "publisher"),
        subjects=_flat(records, "subjects"),
        series=_distinct(
            [*_values(_items(records, "series"), "title"), *_values(records, "volume")]
        ),
        identifiers=_values(_items(records, "identifiers"), "value"),
        call_numbers=_values(copies, "call_number"),
        barcodes=_distinct([*(copy["barcode"] for copy in copies), *former]),
        classes=_values(
            [found for found in _items(records, "classes") if found.get("scheme") == "clc"], "value"
        ),
        languages=_flat(records, "languages"),
        years=tuple(sorted({int(record["year"]) for record in records if record.get("year")})),
        materials=_values(records, "material"),
        audiences=_values(records, "audience"),
        title_pinyin=_values(_items(records, "titles"), "pinyin"),
        author_pinyin=_values(people, "pinyin"),
        notes=_distinct([*_values(records, "summary"), *_flat(records, "notes")]),
        available_at=_values(here, "current_branch"),
        cities=_values(here, "city"),
        held_at=_distinct([*_values(held, "home_branch"), *_values(here, "current_branch")]),
        holdings_count=len(held),
    )


def _titles(work: _Work, records: list[Record]) -> tuple[str, ...]:
    """The title of the work first, then every title of its editions with subtitle and part."""
    found = [work.title]
    for record in records:
        titles = record.get("titles", ())
        found += [title.get("text", "") for title in titles]
        found.append(record.get("part_name", ""))
    return _distinct(found)


def _items(records: Iterable[Record], key: str) -> list[Any]:
    return [value for record in records if key in record for value in record[key] or ()]


def _flat(records: Iterable[Record], key: str) -> tuple[str, ...]:
    return _distinct(_items(records, key))


def _values(rows: Iterable[Record], key: str) -> tuple[str, ...]:
    return _distinct([row[key] for row in rows if key in row])


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    """Each once, in order, without the empty ones: the hottest function of a rebuild."""
    found = list(filter(None, values))
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)
