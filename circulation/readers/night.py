"""What a night's plan may know, read from the database as raw rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.db.models import JSONField, Q
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from catalog.domain.items import ItemStatus
from catalog.models import Item, Manifestation
from circulation.domain.calendar import SHANGHAI
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import (
    BranchRow,
    ItemRow,
    LoanRow,
    Night,
    OwnerRow,
    RequestRow,
    RouteRow,
)
from circulation.domain.states import OPEN_TRANSIT_STATES, RequestState, TransitState
from circulation.models import HoldRequest, Loan, Transit
from circulation.readers.reference import Reference, load_reference
from library_net.network.models import Agency, Branch, BranchKind, ClosedDay, Route

COPIES_PER_CRATE: Final = 40  # 40 to 60 books, 15 to 20 kg
NIGHTLY_HANDS: Final = {  # copies the people of such a branch can pick, and shelve, in one day
    BranchKind.MAIN: 120,
    BranchKind.READING_SPACE: 40,
    BranchKind.COMMUNITY: 30,
    BranchKind.SELF_SERVICE: 60,
}
NEVER_COUNTED: Final = (ItemStatus.WITHDRAWN, ItemStatus.ON_ORDER, ItemStatus.IN_PROCESS)
SERVED: Final = (RequestState.IN_TRANSIT, RequestState.READY)


def read_night(*, on: date, terms: Terms) -> Night:
    """Every row a plan for the night of `on` is made from and checked against. Queries: 13."""
    reference = load_reference(today=on)
    items = _items(on, reference)
    loans = _loans(on, terms)
    requests = _requests(reference)
    titles = {row.title for row in items}
    titles |= {row.title for row in loans} | {row.title for row in requests}
    return Night(
        date=on,
        terms=terms,
        branches=_branches(on, reference),
        routes=_routes(),
        owners=owner_caps(reference),
        items=items,
        loans=loans,
        requests=requests,
        classes=_classes(titles),
    )


def title_of(manifestation_id: int | None, source_record_id: int) -> int:
    """What counts as one title: the edition; a record not matched yet stands for itself (< 0)."""
    return manifestation_id if manifestation_id is not None else -source_record_id


def _branches(on: date, reference: Reference) -> list[BranchRow]:
    closed = set(ClosedDay.objects.filter(date=on).values_list("branch_id", flat=True))
    rows = Branch.objects.order_by("pk").values_list(
        "pk", "code", "agency_id", "shelf_capacity", "kind", "is_active", "opening_hours"
    )
    return [
        BranchRow(
            branch=pk,
            code=code,
            agency=agency,
            shelf_capacity=capacity,
            is_open=is_active
            and agency not in reference.suspended
            and pk not in closed
            and (not hours or str(on.isoweekday()) in hours),
            outbound_cap=NIGHTLY_HANDS[BranchKind(kind)],
            inbound_cap=NIGHTLY_HANDS[BranchKind(kind)],
        )
        for pk, code, agency, capacity, kind, is_active, hours in rows
    ]


def _routes() -> list[RouteRow]:
    """Legs with the room that copies already set aside for them take up."""
    pending = Transit.objects.filter(state=TransitState.PENDING)
    booked = Counter(pending.values_list("origin_id", "destination_id"))
    rows = Route.objects.order_by("pk").values_list(
        "origin_id", "destination_id", "distance_km", "weekdays", "capacity_crates"
    )
    return [
        RouteRow(
            origin=origin,
            destination=destination,
            km=km,
            weekdays=weekdays,
            capacity=crates * COPIES_PER_CRATE,
            booked=booked[origin, destination],
        )
        for origin, destination, km, weekdays, crates in rows
    ]


def owner_caps(reference: Reference) -> list[OwnerRow]:
    """Each agency's cap on copies that leave it in one night: its own, else its parent's."""
    caps = dict(Agency.objects.values_list("code", "max_nightly_outgoing"))
    return [
        OwnerRow(
            owner=pk,
            outgoing_cap=next((caps[code] for code in chain if caps[code] is not None), None),
        )
        for pk, chain in sorted(reference.lineages.items())
    ]


def _items(on: date, reference: Reference) -> list[ItemRow]:
    bound_for = dict(
        Transit.objects.filter(state__in=OPEN_TRANSIT_STATES).values_list(
            "item_id", "destination_id"
        )
    )
    waiting = Q(state=RequestState.WAITING)
    promised = _ids(HoldRequest.objects.filter(waiting).values_list("wanted_item_id", flat=True))
    promised |= _ids(HoldRequest.objects.filter(state__in=SERVED).values_list("item_id", flat=True))
    lends: dict[tuple[int, str], bool] = {}
    rows = (
        Item.objects.exclude(status__in=NEVER_COUNTED)
        .order_by("pk")
        .values_list(
            "pk",
            "source_record__manifestation_id",
            "source_record_id",
            "owning_agency_id",
            "home_branch_id",
            "current_branch_id",
            "status",
            "is_lendable",
            "material_type",
            "ledger",
        )
    )
    found = []
    for pk, edition, record, owner, home, branch, status, is_lendable, material, ledger in rows:
        kind = (owner, material)
        if kind not in lends:
            lends[kind] = _is_lent(owner, material, on=on, reference=reference)
        found.append(
            ItemRow(
                item=pk,
                title=title_of(edition, record),
                owner=owner,
                home=home,
                branch=branch,
                status=status,
                bound_for=bound_for.get(pk),
                is_lendable=is_lendable,
                is_promised=pk in promised,
                is_pinned=ledger != "hosted" or not lends[kind],
            )
        )
    return found


def _is_lent(owner: int, material: str, *, on: date, reference: Reference) -> bool:
    """Whether the owner, an active member, lends this material at all by its own rules."""
    lineage = reference.lineages[owner]
    place = Place(owner=lineage, visited=lineage, branch="", material=material)
    terms = resolve(rules=reference.rules, context=Context(place=place, category=""), on=on)
    return terms.is_lendable and owner not in reference.suspended


def _loans(on: date, terms: Terms) -> list[LoanRow]:
    oldest = on - timedelta(weeks=terms.smoothing.window_weeks)
    since = datetime.combine(oldest, time(), tzinfo=SHANGHAI).astimezone(UTC)
    rows = (
        Loan.objects.filter(checked_out_at__gte=since)
        .order_by("pk")
        .values_list(
            "item__source_record__manifestation_id",
            "item__source_record_id",
            "checkout_branch_id",
            "checked_out_at",
        )
    )
    return [
        LoanRow(title_of(edition, record), branch, at.astimezone(SHANGHAI).date())
        for edition, record, branch, at in rows.iterator(chunk_size=10_000)
    ]


def _requests(reference: Reference) -> list[RequestRow]:
    """Readers who wait for any copy of a title, where copies can be handed to them."""
    rows = (
        HoldRequest.objects.filter(state=RequestState.WAITING, wanted_item=None)
        .exclude(pickup_branch__agency_id__in=reference.suspended)
        .order_by("pk")
        .values_list("anchor__manifestation_id", "anchor_id", "pickup_branch_id")
    )
    return [RequestRow(title_of(edition, record), branch) for edition, record, branch in rows]


def _classes(titles: set[int]) -> dict[int, int]:
    """Each title's class: the main class letter of its CLC number, 0 where it has none."""
    record = Cast("record", JSONField())
    rows = Manifestation.objects.values_list("pk", KeyTransform("classes", record))
    letters = {pk: _main_class(classes) for pk, classes in rows.iterator(chunk_size=10_000)}
    return {title: letters.get(title, 0) for title in titles}


def _main_class(classes: object) -> int:
    for entry in classes if isinstance(classes, list) else ():
        if isinstance(entry, dict) and entry.get("scheme") == "clc" and entry.get("value"):
            return ord(str(entry["value"])[0].upper())
    return 0


def _ids(values: Iterable[int | None]) -> set[int]:
    return {value for value in values if value is not None}
