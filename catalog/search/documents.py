"""From the database to the index: the works of a chunk as documents, in seven queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from catalog.domain.items import ItemStatus
from catalog.domain.records import Material
from catalog.models.bulk import select_where_in
from catalog.search.schema import WorkDocument, distinct
from library_net.network.models import Agency, Branch


class _Value(msgspec.Struct, kw_only=True, gc=False):
    """What a document takes of a BibRecord in JSON, which leaves out what is usual."""


class _Title(_Value, kw_only=True):
    text: str
    pinyin: str = ""


class _Person(_Value, kw_only=True):
    name: str
    pinyin: str = ""
    original: str = ""


class _Identifier(_Value, kw_only=True):
    value: str


class _Class(_Value, kw_only=True):
    scheme: str
    value: str


class _Series(_Value, kw_only=True):
    title: str


class _Edition(_Value, kw_only=True):
    """One edition, or what several say: then in lists, where one says a text or a number."""

    titles: list[_Title] = []
    part_name: str = ""
    contributors: list[_Person] = []
    publisher: str | list[str] = ""
    year: int | list[int | None] | None = None
    languages: list[str] = []
    identifiers: list[_Identifier] = []
    subjects: list[str] = []
    classes: list[_Class] = []
    series: list[_Series] = []
    volume: str | list[str] = ""
    notes: list[str] = []
    summary: str | list[str] = ""
    audience: str | list[str] = ""
    material: str | list[str] = Material.BOOK.value


_read = msgspec.json.Decoder(_Edition).decode
_Row = dict[str, Any]

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
        if found := records.get(work.pk):
            yield _document(
                work,
                [_read(record) for record in found],
                copies=copies.get(work.pk, []),
                former=former.get(work.pk, []),
            )


def _copies(work_of: Mapping[int, int]) -> tuple[dict[int, list[_Row]], dict[int, list[str]]]:
    """Of each work: its copies, and the barcodes they had before."""
    sources = dict(select_where_in(_SOURCES, list(work_of)))
    rows = select_where_in(_COPIES, list(sources), ItemStatus.WITHDRAWN.value)
    places = _places() if rows else {}
    copies: dict[int, list[_Row]] = defaultdict(list)
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
    work: _Work, editions: list[_Edition], *, copies: list[_Row], former: list[str]
) -> WorkDocument:
    # Most works have one edition, which is read as it is.
    said = editions[0] if len(editions) == 1 else _united(editions)
    titles, people = said.titles, said.contributors
    return WorkDocument(
        work_id=work.pk,
        public_id=f"w{work.pk}",
        titles=distinct([work.title, *[one.text for one in titles], said.part_name]),
        authors=distinct(
            [work.author, *[one.name for one in people], *[one.original for one in people]]
        ),
        publishers=_all(said.publisher),
        subjects=distinct(said.subjects),
        series=distinct([*[one.title for one in said.series], *_all(said.volume)]),
        identifiers=distinct([one.value for one in said.identifiers]),
        classes=distinct([one.value for one in said.classes if one.scheme == "clc"]),
        languages=distinct(said.languages),
        years=tuple(sorted(_all(said.year))),
        materials=_all(said.material),
        audiences=_all(said.audience),
        title_pinyin=distinct([one.pinyin for one in titles]),
        author_pinyin=distinct([one.pinyin for one in people]),
        notes=distinct([*_all(said.summary), *said.notes]),
        **(_shelves(copies, former) if copies or former else {}),
    )


def _shelves(copies: list[_Row], former: list[str]) -> _Row:
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


def _united(editions: list[_Edition]) -> _Edition:
    """What several editions say as one, in which every field is a list."""
    found: dict[str, Any] = {
        field: [one for edition in editions for one in _several(getattr(edition, field))]
        for field in _Edition.__struct_fields__
        if field not in ("titles", "part_name")
    }
    # In the order of the editions, which matters where a work has too many titles.
    found["titles"] = [t for e in editions for t in (*e.titles, _Title(text=e.part_name))]
    return _Edition(**found)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of_each(rows: Iterable[_Row], key: str) -> list[Any]:
    return [row[key] for row in rows]


def _all(value: Any) -> tuple[Any, ...]:
    """What one edition says of a field, or several do."""
    if isinstance(value, list):
        return distinct(value)
    return (value,) if value else ()
