"""Loads what the decisions are made from, inside the action's transaction.

Locks are taken in one order everywhere: items by id, then patrons by id. On PostgreSQL they are
``FOR NO KEY UPDATE`` of the row alone; on SQLite the immediate transaction is the lock. The
patron's lock is the only guard of the limits on loans and requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import F, Q, Sum

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.facts import (
    CopyFacts,
    Debt,
    HeldLoan,
    LoanFacts,
    MoveFacts,
    NoLending,
    PatronFacts,
    RequestFacts,
    TransitFacts,
)
from circulation.domain.policies import Place
from circulation.domain.states import (
    OPEN_TRANSIT_STATES,
    ItemEventKind,
    MoveState,
    RequestState,
    TransitReason,
    TransitState,
)
from circulation.models import (
    Credential,
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Loan,
    Move,
    Patron,
    Transit,
)
from circulation.models.patrons import CredentialStatus
from circulation.readers.reference import Reference
from library_net.errors import LibraryError

QUEUE_SEEN = 12  # readers looked at for a proposal (RQ-16); beyond them the first is served
SERVED_STATES = (RequestState.IN_TRANSIT, RequestState.READY)


def lock_item(item_id: int) -> Item:
    """The copy with its title, locked. Queries: 1. Raises ``unknown_item``."""
    item = (
        Item.objects.select_for_update(no_key=True, of=("self",))
        .select_related("source_record__manifestation")
        .filter(pk=item_id)
        .first()
    )
    if item is None:
        raise LibraryError("unknown_item", barcode="")
    return item


def last_act_at(item_id: int) -> datetime | None:
    """When the last act on a locked copy was; None before the first. Queries: 1."""
    acts = ItemEvent.objects.filter(item_id=item_id).exclude(kind=ItemEventKind.ADDED)
    return acts.order_by("-pk").values_list("at", flat=True).first()


def lock_patron(patron_id: int) -> Patron:
    """The reader, locked. Queries: 1. Raises ``unknown_patron``."""
    patron = (
        Patron.objects.select_for_update(no_key=True, of=("self",))
        .select_related("category")
        .filter(pk=patron_id)
        .first()
    )
    if patron is None:
        raise LibraryError("unknown_patron")
    return patron


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyState:
    """A locked copy, the rows around it, and the same as facts."""

    item: Item
    facts: CopyFacts
    loan: Loan | None
    transit: Transit | None
    assigned: HoldRequest | None


def copy_state(item: Item, *, reference: Reference) -> CopyState:
    """A locked copy with its open loan, transit and assigned request. Queries: 3."""
    loan = (
        Loan.objects.select_related("patron__category", "checkout_branch")
        .filter(item=item, closed_at=None)
        .first()
    )
    transit = Transit.objects.filter(item=item, state__in=OPEN_TRANSIT_STATES).first()
    assigned = HoldRequest.objects.filter(item=item, state__in=SERVED_STATES).first()
    facts = CopyFacts(
        id=item.pk,
        barcode=item.barcode,
        owner=reference.lineages[item.owning_agency_id],
        status=ItemStatus(item.status),
        material=item.material_type,
        price=item.price,
        home_id=item.home_branch_id,
        current_id=item.current_branch_id,
        is_lendable=item.is_lendable,
        owner_is_suspended=item.owning_agency_id in reference.suspended,
        loan=loan_facts(loan) if loan else None,
        transit=_transit_facts(transit) if transit else None,
        assigned=request_facts(assigned) if assigned else None,
    )
    return CopyState(item=item, facts=facts, loan=loan, transit=transit, assigned=assigned)


def patron_facts(
    patron: Patron, *, reference: Reference, credential_id: int | None = None
) -> PatronFacts:
    """A locked reader with open loans, debts and the presented credential. Queries: 2 or 3."""
    loans = Loan.objects.filter(patron=patron, closed_at=None).select_related(
        "item", "checkout_branch"
    )
    debts = (
        LedgerEntry.objects.filter(patron=patron)
        .values("owner_id")
        .annotate(sum=Sum("owed"))
        .filter(sum__gt=0)
    )
    return PatronFacts(
        id=patron.pk,
        category=patron.category.code,
        is_suspended=patron.is_blocked,
        birth_date=patron.birth_date,
        suspensions=tuple(
            NoLending(owner=owner, until=date.fromisoformat(until))
            for owner, until in patron.suspensions.items()
        ),
        credential_blocked=_is_blocked(credential_id, patron=patron),
        loans=tuple(
            HeldLoan(
                item_id=loan.item_id,
                place=place_of_loan(loan, reference=reference),
                due_at=loan.due_at,
                price=loan.item.price,
            )
            for loan in loans
        ),
        debts=tuple(
            Debt(owner=reference.lineages[row["owner_id"]], amount=row["sum"]) for row in debts
        ),
    )


def place_of_loan(loan: Loan, *, reference: Reference) -> Place:
    """Whose copy was lent where; needs ``item`` and ``checkout_branch`` loaded. Queries: 0."""
    return Place(
        owner=reference.lineages[loan.owning_agency_id],
        visited=reference.lineages[loan.checkout_agency_id],
        branch=loan.checkout_branch.code,
        material=loan.item.material_type,
    )


def same_title(item: Item) -> Q:
    """Requests that this copy's title would answer, as a condition on ``HoldRequest``."""
    manifestation_id = item.source_record.manifestation_id
    if manifestation_id is None:
        return Q(anchor_id=item.source_record_id)
    return Q(anchor__manifestation_id=manifestation_id)


def queue_for(item: Item, *, reference: Reference) -> tuple[RequestFacts, ...]:
    """The first readers who wait for this copy and can be served. Queries: 1. RQ-6, RQ-16."""
    rows = (
        HoldRequest.objects.filter(same_title(item), state=RequestState.WAITING)
        .filter(Q(wanted_item=None) | Q(wanted_item=item))
        .exclude(pickup_branch__agency_id__in=reference.suspended)
        .annotate(pick_item=F("pick__item_id"), pick_status=F("pick__item__status"))
        .order_by("pk")[:QUEUE_SEEN]
    )
    return tuple(
        replace(request_facts(row), pick_id=row.pick_item)
        if row.pick_status == ItemStatus.AVAILABLE or row.pick_item == item.pk
        else request_facts(row)
        for row in rows
    )


def others_waiting_for(item: Item, *, patron_id: int) -> int:
    """Readers without a copy yet who could be given this one. Queries: 1. Rule RN-5."""
    return (
        HoldRequest.objects.filter(same_title(item), state=RequestState.WAITING)
        .filter(Q(wanted_item=None) | Q(wanted_item=item))
        .exclude(patron_id=patron_id)
        .count()
    )


def own_waiting_request(item: Item, *, patron_id: int) -> HoldRequest | None:
    """The reader's own request that taking this copy would fill. Queries: 1. Rule CO-10."""
    return (
        HoldRequest.objects.filter(
            same_title(item),
            patron_id=patron_id,
            state__in=(RequestState.WAITING, RequestState.SUSPENDED),
        )
        .filter(Q(wanted_item=None) | Q(wanted_item=item))
        .order_by("pk")
        .first()
    )


def approved_move(item: Item, *, branch_id: int) -> MoveFacts | None:
    """What an approved plan wants with this copy from this branch. Queries: 1."""
    move = (
        Move.objects.filter(item=item, origin_id=branch_id, state=MoveState.APPROVED)
        .order_by("-pk")
        .first()
    )
    return MoveFacts(id=move.pk, destination_id=move.destination_id) if move else None


def loan_facts(loan: Loan) -> LoanFacts:
    return LoanFacts(
        id=loan.pk,
        patron_id=loan.patron_id or 0,
        lent_at=loan.checked_out_at,
        due_at=loan.due_at,
        renewals=loan.renewals,
        claimed_at=loan.claimed_at,
        is_recalled=loan.recalled_at is not None,
    )


def request_facts(row: HoldRequest) -> RequestFacts:
    return RequestFacts(
        id=row.pk,
        patron_id=row.patron_id,
        pickup_id=row.pickup_branch_id,
        item_id=row.wanted_item_id,
    )


def lendable_kinds(
    *, manifestation_id: int | None, source_record_id: int, item_id: int | None
) -> Iterable[tuple[int, str]]:
    """Owner and material of every copy a request could end with. Queries: 1. Rule RQ-5."""
    copies = Item.objects.filter(is_lendable=True).exclude(
        status__in=(ItemStatus.WITHDRAWN, ItemStatus.LOST, ItemStatus.MISSING)
    )
    if item_id is not None:
        copies = copies.filter(pk=item_id)
    elif manifestation_id is not None:
        copies = copies.filter(source_record__manifestation_id=manifestation_id)
    else:
        copies = copies.filter(source_record_id=source_record_id)
    return copies.values_list("owning_agency_id", "material_type").order_by().distinct()


def _transit_facts(row: Transit) -> TransitFacts:
    return TransitFacts(
        id=row.pk,
        state=TransitState(row.state),
        reason=TransitReason(row.reason),
        destination_id=row.destination_id,
        request_id=row.request_id,
    )


def _is_blocked(credential_id: int | None, *, patron: Patron) -> bool:
    """A credential that is not active, or is not this reader's, opens nothing."""
    if credential_id is None:
        return False
    return not Credential.objects.filter(
        pk=credential_id, patron=patron, status=CredentialStatus.ACTIVE
    ).exists()
