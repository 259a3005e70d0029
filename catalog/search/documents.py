"""From the database to the index: the works of a chunk as documents, in seven queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from catalog.domain.items import ItemStatus
from catalog.domain.records import Material
from catalog.models.bulk import select_where_in
from catalog.search.schema import WorkDocument, distinct
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
    """Documents of those works that are alive, by id; a work not among them is gone. Seven queries.

    One after the other, so that what one takes is free, and still near the core, for the next.
    """
    works = [_Work(*row) for row in sorted(select_where_in(_WORKS, list(work_ids)))]
    records: dict[int, list[str]] = defaultdict(list)  # as JSON
    work_of: dict[int, int] = {}  # every manifestation, the ended ones too
    for pk, work_id, is_alive, record in sorted(select_where_in(_EDITIONS, list(work_ids))):
        work_of[pk] = work_id
        if is_alive:
            records[work_id].append(record)
    copies, former = _copies(work_of)
    for work in works:
        if work.pk in records:
            yield _document(
                work,
                [_read(record) for record in records[work.pk]],
                copies=copies.get(work.pk, []),
                former=former.get(work.pk, []),
            )


def _read(record: str) -> Record:
    """The record with the one default readers filter by: its JSON leaves out what is usual."""
    found: Record = orjson.loads(record)
    found.setdefault("material", Material.BOOK.value)
    return found


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
    work: _Work, records: list[Record], *, copies: list[Record], former: list[str]
) -> WorkDocument:
    # Most works have one edition, whose record is read as it is: half the time of what follows.
    said = records[0].get if len(records) == 1 else _united(records).get
    people = said("contributors", ())
    titles = said("titles", ())
    return WorkDocument(
        work_id=work.pk,
        public_id=f"w{work.pk}",
        titles=distinct([work.title, *(one["text"] for one in titles), said("part_name")]),
        authors=distinct([work.author, *_of_each(people, "name"), *_of_each(people, "original")]),
        publishers=_all(said("publisher")),
        subjects=_all(said("subjects")),
        series=distinct([*_of_each(said("series", ()), "title"), *_all(said("volume"))]),
        identifiers=distinct(_of_each(said("identifiers", ()), "value")),
        classes=distinct([one["value"] for one in said("classes", ()) if one["scheme"] == "clc"]),
        languages=_all(said("languages")),
        years=tuple(sorted(_all(said("year")))),
        materials=_all(said("material")),
        audiences=_all(said("audience")),
        title_pinyin=distinct(_of_each(titles, "pinyin")),
        author_pinyin=distinct(_of_each(people, "pinyin")),
        notes=distinct([*_all(said("summary")), *said("notes", ())]),
        **(_shelves(copies, former) if copies or former else {}),
    )


def _shelves(copies: list[Record], former: list[str]) -> Record:
    """What the document of a work says about its copies."""
    held = [copy for copy in copies if copy["status"] not in NOT_HELD]
    here = [c for c in held if c["status"] == ItemStatus.AVAILABLE and c["is_lendable"]]
    branches = _of_each(here, "current_branch")
    return {
        "call_numbers": distinct(_of_each(copies, "call_number")),
        "barcodes": distinct(_of_each(copies, "barcode") + former),
        "available_at": distinct(branches),
        "cities": distinct(_of_each(here, "city")),
        "held_at": distinct(_of_each(held, "home_branch") + branches),
        "holdings_count": len(held),
    }


def _united(records: list[Record]) -> Record:
    """What several editions say as one record, in which every field is a list."""
    found: Record = defaultdict(list)
    for record in records:
        for key, value in record.items():
            found[key] += value if isinstance(value, list) else [value]
        # In the order of the editions, which matters where a work has too many titles.
        found["titles"] += [{"text": part} for part in found.pop("part_name", ())]
    return found


def _of_each(rows: Iterable[Record], key: str) -> list[Any]:
    return [row[key] for row in rows if key in row]


def _all(value: Any) -> tuple[Any, ...]:
    """What one record says of a field, or several do."""
    if isinstance(value, list):
        return distinct(value)
    return (value,) if value else ()
