"""A member's list of copies: good rows are kept, each bad one is reported with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.actions.ingesting.copies import Copy, ItemProblem, load_shelves, save_copies
from catalog.actions.ingesting.editions import works_of
from catalog.domain.identifiers import parse_price
from catalog.domain.items import ItemFacts
from catalog.domain.records import BibRecord, Price
from catalog.models import ChangeKind
from catalog.models.bulk import select_where_in
from catalog.models.feed import note_changes
from library_net.db import LANE_MATCH, one_at_a_time
from library_net.errors import LibraryError
from library_net.network.models import Agency
from library_net.queue import after_commit

MAX_ROWS = 10_000
FIELDS: tuple[str, ...] = (
    "control_number",
    "barcode",
    "branch",
    "location",
    "call_number",
    "volume",
    "price",
)
FIELDS += ("material",)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What was wrong with one row; ``is_refused`` false means it was kept all the same."""

    row: int  # counted from 1
    barcode: str
    code: str
    params: dict[str, Any]
    is_refused: bool = True


@dataclass(slots=True)
class ItemListSaved:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[RowProblem] = field(default_factory=list)


def save_item_list(*, agency: Agency, rows: Sequence[Row], now: datetime) -> ItemListSaved:
    """Add or describe copies of records the member has sent before.

    Raises ``too_many_rows``. Idempotent: the same list again changes nothing.
    """
    if len(rows) > MAX_ROWS:
        raise LibraryError("too_many_rows", limit=MAX_ROWS)
    saved = ItemListSaved()
    good = _good_rows(rows, saved)
    numbered = {row["barcode"]: number for number, row in good}  # the last of equal barcodes wins
    shelves = load_shelves(agency)
    with transaction.atomic(), one_at_a_time(LANE_MATCH):
        copies = _copies(agency, good, saved)
        done = save_copies(copies, agency=agency, shelves=shelves, is_list=True, now=now)
        note_changes(work_ids=works_of(done.source_ids), kind=ChangeKind.AVAILABILITY, now=now)
        after_commit("catalog.number_changes")
    saved.created, saved.updated = done.created, done.updated
    saved.problems += [_row_problem(problem, numbered) for problem in done.problems]
    saved.problems.sort(key=lambda problem: problem.row)
    refused = sum(problem.is_refused for problem in saved.problems)
    saved.unchanged = len(rows) - refused - saved.created - saved.updated
    return saved


def _row_problem(problem: ItemProblem, numbered: dict[str, int]) -> RowProblem:
    return RowProblem(
        row=numbered.get(problem.barcode, 0),
        barcode=problem.barcode,
        code=problem.code,
        params=dict(problem.params),
        is_refused=problem.is_refused,
    )


def _good_rows(rows: Sequence[Row], saved: ItemListSaved) -> list[tuple[int, dict[str, str]]]:
    """Rows with a barcode and a control number, every value as text."""
    good: list[tuple[int, dict[str, str]]] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            saved.problems.append(RowProblem(row=number, barcode="", code="not_a_row", params={}))
            continue
        texts = {name: _text(row.get(name)) for name in FIELDS}
        missing = [name for name in ("barcode", "control_number") if not texts[name]]
        if missing:
            problem = {"code": "missing_field", "params": {"field": missing[0]}}
            saved.problems.append(RowProblem(row=number, barcode=texts["barcode"], **problem))  # type: ignore[arg-type]
        else:
            good.append((number, texts))
    return good


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _copies(
    agency: Agency, good: list[tuple[int, dict[str, str]]], saved: ItemListSaved
) -> list[Copy]:
    keys = sorted({row["control_number"] for _, row in good})
    found = select_where_in(
        "SELECT source_key, id, neutral FROM catalog_sourcerecord"
        " WHERE deleted_at IS NULL AND agency_id = %s AND source_key {values}",
        keys,
        agency.pk,
    )
    records = {key: (pk, neutral) for key, pk, neutral in found}
    copies: list[Copy] = []
    for number, row in good:
        record = records.get(row["control_number"])
        if record is None:
            params = {"control_number": row["control_number"][:80]}
            saved.problems.append(
                RowProblem(
                    row=number, barcode=row["barcode"], code="copy_of_unknown_record", params=params
                )
            )
        else:
            copies.append(Copy(record[0], _facts(row), BibRecord.from_json(record[1])))
    return copies


def _facts(row: dict[str, str]) -> ItemFacts:
    price: Price | None = parse_price(row["price"]) if row["price"] else None
    return ItemFacts(
        barcode=row["barcode"],
        branch_code=row["branch"],
        location=row["location"],
        call_number=row["call_number"],
        volume=row["volume"],
        material=row["material"],
        price=price,
    )
