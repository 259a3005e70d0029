"""What a librarian's pages show: today's work, the reader in front of her, the vans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from django.db.models import F, Model, QuerySet, Sum

from catalog.models import Batch, Item
from circulation.domain.states import MoveState, RequestState, TransitState
from circulation.models import HoldRequest, LedgerEntry, Loan, Move, Patron, StaffException, Transit
from circulation.readers.allocation import live_picks
from library_net.accounts.scope import Scope

_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """How much of each kind of work waits in the agencies of a scope."""

    exceptions: int
    to_pull: int
    to_dispatch: int
    arriving: int
    ready: int
    overdue: int
    moves_to_review: int
    rejects: int


def today(*, scope: Scope, now: datetime) -> Today:
    """Queries: 8, all counts over indexed states."""
    return Today(
        exceptions=_mine(StaffException.objects.filter(closed_at=None), scope, "agency_id").count(),
        to_pull=live_picks(scope=scope).count(),
        to_dispatch=to_dispatch(scope=scope).count(),
        arriving=arriving(scope=scope).count(),
        ready=_mine(
            HoldRequest.objects.filter(state=RequestState.READY), scope, "pickup_branch__agency_id"
        ).count(),
        overdue=_mine(
            Loan.objects.filter(closed_at=None, due_at__lt=now), scope, "checkout_agency_id"
        ).count(),
        moves_to_review=_mine(
            Move.objects.filter(state=MoveState.PROPOSED), scope, "origin__agency_id"
        ).count(),
        rejects=_mine(
            Batch.objects.filter(quarantined__gt=F("mended")), scope, "agency_id"
        ).count(),
    )


def to_dispatch(*, scope: Scope) -> QuerySet[Transit]:
    """Copies set aside at the scope's branches for the next van."""
    rows = Transit.objects.filter(state=TransitState.PENDING)
    return _mine(rows, scope, "origin__agency_id")


def arriving(*, scope: Scope) -> QuerySet[Transit]:
    """Copies on their way to the scope's branches."""
    rows = Transit.objects.filter(state=TransitState.DISPATCHED)
    return _mine(rows, scope, "destination__agency_id")


def _mine(rows: QuerySet[_Row], scope: Scope, path: str) -> QuerySet[_Row]:
    return rows if scope.everywhere else rows.filter(**{f"{path}__in": scope.agency_ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelLoan:
    pk: int
    title: str
    barcode: str
    owner: str
    due_at: datetime
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRequest:
    title: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronPanel:
    """The reader at the desk; of a foreign one only what this visit needs (ID-28)."""

    pk: int
    name: str
    number: str
    category: str
    home: str
    block: str
    is_blocked: bool
    loans: tuple[PanelLoan, ...]
    ready: tuple[PanelRequest, ...]
    on_loan: int  # wherever, also where this desk may not see what
    overdue: int
    owes: Decimal


def patron_panel(patron_id: int, *, scope: Scope, now: datetime) -> PatronPanel | None:
    """Queries: 4."""
    patron = (
        Patron.objects.select_related("category", "registered_at_agency")
        .filter(pk=patron_id)
        .first()
    )
    if patron is None:
        return None
    is_ours = scope.covers(patron.registered_at_agency_id)
    everything = list(
        Loan.objects.filter(patron=patron, closed_at=None)
        .select_related("item__source_record__manifestation", "owning_agency")
        .order_by("due_at", "pk")
    )
    loans = tuple(
        PanelLoan(
            pk=loan.pk,
            title=_title(loan.item),
            barcode=loan.item.barcode,
            owner=loan.owning_agency.name,
            due_at=loan.due_at,
            is_overdue=loan.due_at < now,
        )
        for loan in everything
        if is_ours or scope.covers(loan.owning_agency_id) or scope.covers(loan.checkout_agency_id)
    )
    requests = HoldRequest.objects.filter(patron=patron, state=RequestState.READY)
    ready = tuple(
        PanelRequest(
            title=request.anchor.manifestation.title if request.anchor.manifestation else "",
            branch=request.pickup_branch.name,
        )
        for request in requests.select_related("anchor__manifestation", "pickup_branch")
        if is_ours or scope.covers(request.pickup_branch.agency_id)
    )
    owed = LedgerEntry.objects.filter(patron=patron).aggregate(sum=Sum("owed"))["sum"]
    return PatronPanel(
        pk=patron.pk,
        name=patron.name if is_ours else patron.masked_name,
        number=patron.number,
        category=patron.category.name,
        home=patron.registered_at_agency.name,
        block=patron.block_note if is_ours and patron.is_blocked else "",
        is_blocked=patron.is_blocked,
        loans=loans,
        ready=ready,
        on_loan=len(everything),
        overdue=sum(loan.due_at < now for loan in everything),
        owes=owed or Decimal(0),
    )


def _title(item: Item) -> str:
    manifestation = item.source_record.manifestation
    return manifestation.title if manifestation else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VanLoad:
    """What goes from one branch to another."""

    origin: str
    destination: str
    transits: tuple[Transit, ...]


def van_loads(rows: QuerySet[Transit]) -> tuple[VanLoad, ...]:
    """Transits grouped by leg, in the order of the pick list: by shelf. Queries: 1."""
    legs: dict[tuple[int, int], list[Transit]] = {}
    ordered = rows.select_related(
        "item__source_record__manifestation", "item__owning_agency", "origin", "destination"
    ).order_by(F("origin__code"), F("destination__code"), F("item__call_number"), "pk")
    for transit in ordered[:1000]:
        legs.setdefault((transit.origin_id, transit.destination_id), []).append(transit)
    return tuple(
        VanLoad(
            origin=transits[0].origin.name,
            destination=transits[0].destination.name,
            transits=tuple(transits),
        )
        for transits in legs.values()
    )
