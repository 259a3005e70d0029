"""Copies that came with records or in a list: new ones placed, known ones described anew.

A known copy's status, home and place belong to circulation and are never touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from catalog.domain.items import ItemFacts, ItemStatus
from catalog.domain.records import BibRecord, Material, Price
from catalog.models import Item
from catalog.models.bulk import as_datetime, as_price, insert_rows, select_where_in, update_rows
from library_net.accounts.scope import subtree_ids
from library_net.network.models import Agency, Branch, BranchKind, ShelvingLocation

MAX_BARCODE = 64
CENT = Decimal("0.01")
MOST_PRICE = Decimal(99_999_999)


class ItemProblem(NamedTuple):
    """Why a copy was not saved, or not quite as written."""

    source_id: int
    barcode: str
    code: str
    params: Mapping[str, str]
    is_refused: bool


class Copy(NamedTuple):
    """One copy to save, and the record it comes with."""

    source_id: int
    facts: ItemFacts
    record: BibRecord | None  # None: in a list without records


@dataclass(slots=True)
class CopiesSaved:
    created: int = 0
    updated: int = 0
    problems: list[ItemProblem] = field(default_factory=list)
    source_ids: set[int] = field(default_factory=set)  # of new or changed copies


# --- where a member's codes point ---------------------------------------------------------------


@dataclass(slots=True)
class Shelves:
    """A member's branches by every name it may call them, and shelves nothing is lent from."""

    main_id: int | None
    by_name: dict[str, int]
    not_lendable: set[tuple[int, str]]

    def find(self, code: str) -> int | None:
        return self.by_name.get(_folded(code))


def load_shelves(agency: Agency) -> Shelves:
    """The branches of an agency and of those below it; its own come first. Three queries."""
    below = subtree_ids(agency.pk)
    branches = list(Branch.objects.filter(agency_id__in=[agency.pk, *below]).order_by("pk"))
    branches.sort(key=lambda b: (b.agency_id != agency.pk, b.kind != BranchKind.MAIN, b.pk))
    by_name: dict[str, int] = {}
    for name in ("code", "name_zh", "name_en"):
        for branch in branches:
            if text := _folded(getattr(branch, name)):
                by_name.setdefault(text, branch.pk)
    own = [branch for branch in branches if branch.agency_id == agency.pk]
    closed = ShelvingLocation.objects.filter(
        branch_id__in=[branch.pk for branch in branches], is_lendable=False
    )
    return Shelves(
        main_id=own[0].pk if own else None,
        by_name=by_name,
        not_lendable={(row.branch_id, _folded(row.code)) for row in closed},
    )


def _folded(code: str) -> str:
    return " ".join(code.split()).casefold()


# --- saving --------------------------------------------------------------------------------------


class _Existing(NamedTuple):
    item_id: int
    source_id: int
    location: str
    call_number: str
    volume: str
    material_type: str
    price: Decimal | None
    is_listed: bool


_DESCRIBED = ["source_record_id", "location", "call_number", "volume", "material_type", "price"]
_DESCRIBED += ["is_listed"]
_NEW = ["owning_agency_id", "barcode", "home_branch_id", "current_branch_id", "is_lendable"]
_NEW += ["status", "status_changed_at", "ledger", "created_at", *_DESCRIBED]


def save_copies(
    copies: Iterable[Copy], *, agency: Agency, shelves: Shelves, is_list: bool, now: datetime
) -> CopiesSaved:
    """Insert and update in the caller's transaction. Two queries and one write for each kind.

    What a list (``is_list``) says of a copy, records no longer change.
    """
    saved = CopiesSaved()
    wanted: dict[str, Copy] = {}
    for copy in copies:
        barcode = _plain(copy.facts.barcode)
        if not barcode or len(barcode) > MAX_BARCODE:
            saved.problems.append(_problem(copy, "bad_barcode", is_refused=True))
        else:
            wanted[barcode] = copy  # named twice: the later one describes it
    existing = _existing(agency.pk, sorted(wanted))
    inserts, updates = [], []
    stamp = as_datetime(now)
    for barcode, copy in wanted.items():
        described = (*_described(copy), is_list)
        if known := existing.get(barcode):
            if known[1:] != described and (is_list or not known.is_listed):
                updates.append((*_adapted(described), known.item_id))
                saved.source_ids |= {copy.source_id, known.source_id}
            continue
        branch_id, problem = _place(copy, shelves)
        if problem:
            saved.problems.append(problem)
        if branch_id is None:
            continue
        is_lendable = (branch_id, _folded(copy.facts.location)) not in shelves.not_lendable
        place = (agency.pk, barcode, branch_id, branch_id, is_lendable)
        state = (ItemStatus.AVAILABLE.value, stamp, "hosted", stamp)
        inserts.append((*place, *state, *_adapted(described)))
        saved.source_ids.add(copy.source_id)
    insert_rows(Item, _NEW, inserts)
    update_rows(Item, _DESCRIBED, updates)
    saved.created, saved.updated = len(inserts), len(updates)
    return saved


def _existing(agency_id: int, barcodes: list[str]) -> dict[str, _Existing]:
    """Copies under these barcodes, present or former."""
    columns = "i.id, i.source_record_id, i.location, i.call_number, i.volume, i.material_type"
    columns += ", i.price, i.is_listed"
    former = select_where_in(
        f"SELECT a.barcode, {columns} FROM catalog_barcodealias a"  # noqa: S608
        " JOIN catalog_item i ON i.id = a.item_id"
        " WHERE a.owning_agency_id = %s AND a.barcode {values}",
        barcodes,
        agency_id,
    )
    present = select_where_in(
        f"SELECT i.barcode, {columns} FROM catalog_item i"  # noqa: S608
        " WHERE i.owning_agency_id = %s AND i.barcode {values}",
        barcodes,
        agency_id,
    )
    return {
        row[0]: _Existing._make((*row[1:7], _amount(row[7]), bool(row[8])))
        for row in (*former, *present)
    }


def _amount(value: object) -> Decimal | None:
    """SQLite gives a number back as text or float."""
    return None if value is None else Decimal(str(value)).quantize(CENT)


_Described = tuple[int, str, str, str, str, Decimal | None]


def _described(copy: Copy) -> _Described:
    facts, record = copy.facts, copy.record
    prices = [facts.price] if facts.price else list(record.prices if record else ())
    return (
        copy.source_id,
        _plain(facts.location)[:80],
        _plain(facts.call_number)[:120],
        _plain(facts.volume or (record.volume if record else ""))[:80],
        _material(facts.material, record),
        next((price for price in map(price_of_copy, prices) if price is not None), None),
    )


def _adapted(described: tuple[int, str, str, str, str, Decimal | None, bool]) -> tuple[object, ...]:
    return (*described[:5], as_price(described[5]), described[6])


def _material(stated: str, record: BibRecord | None) -> str:
    """A kind our loan rules know: the member's own word if it is one of them, else the record's."""
    if stated.casefold() in set(Material):
        return stated.casefold()
    return str(record.material.value) if record else Material.BOOK.value


def price_of_copy(price: Price) -> Decimal | None:
    """What one copy costs in CNY: a set's price is divided among its volumes (domain.md §3e)."""
    if price.amount is None or price.currency not in ("", "CNY") or price.amount <= 0:
        return None
    amount = (price.amount / max(price.set_of or 1, 1)).quantize(CENT, ROUND_HALF_UP)
    return amount if amount <= MOST_PRICE else None


def _place(copy: Copy, shelves: Shelves) -> tuple[int | None, ItemProblem | None]:
    """The branch a new copy starts at: as named, else the main one, and that is said."""
    if shelves.main_id is None and not shelves.by_name:
        return None, _problem(copy, "agency_has_no_branch", is_refused=True)
    fallback = shelves.main_id or min(shelves.by_name.values())
    code = copy.facts.branch_code.strip()
    if not code:
        return fallback, None
    found = shelves.find(code)
    if found is not None:
        return found, None
    return fallback, _problem(copy, "copy_at_unknown_branch", is_refused=False, branch=code[:40])


def _problem(copy: Copy, code: str, *, is_refused: bool, **params: str) -> ItemProblem:
    barcode = _plain(copy.facts.barcode)[:80]
    return ItemProblem(
        copy.source_id, barcode, code, {"barcode": barcode, **params}, is_refused=is_refused
    )


def _plain(text: str) -> str:
    return text.replace("\x00", "").strip()
