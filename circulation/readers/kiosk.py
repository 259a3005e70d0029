"""What a self-service machine is told about a reader and a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from catalog.models import Item
from circulation.domain.blocks import cap_blocks, identity_blocks, rule_blocks
from circulation.domain.calendar import local_date
from circulation.domain.fees import NOTHING
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.reasons import Reason, ReasonCode
from circulation.domain.states import OPEN_REQUEST_STATES, RequestState
from circulation.models import HoldRequest, LedgerEntry, Loan, Patron
from circulation.readers.facts import patron_facts
from circulation.readers.identity import Card
from circulation.readers.lists import debts, open_loans, open_requests
from circulation.readers.reference import desk_at, load_branch, load_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A reader as the machine shows her to herself."""

    patron: Patron
    blocks: tuple[Reason, ...]  # why nothing may be lent to her here now
    may_use_card: bool
    loans: tuple[Loan, ...]
    overdue: tuple[Loan, ...]
    ready: tuple[HoldRequest, ...]
    waiting: tuple[HoldRequest, ...]
    debts: tuple[tuple[str, Decimal], ...]  # by owner's code
    limit: int | None  # on loans, here

    @property
    def owed(self) -> Decimal:
        return sum((amount for _owner, amount in self.debts), NOTHING)


def account(card: Card, *, branch_id: int, now: datetime) -> Account | None:
    """Everything messages 24, 26 and 64 tell. Queries: about 12."""
    patron = Patron.objects.select_related("category", "user").filter(pk=card.patron_id).first()
    if patron is None:
        return None
    branch = load_branch(branch_id=branch_id)
    reference = load_reference(today=local_date(now))
    desk = desk_at(branch, reference=reference)
    facts = patron_facts(patron, reference=reference, credential_id=card.credential_id)
    today = desk.calendar.local_date(now)
    place = Place(owner=desk.agency, visited=desk.agency, branch=desk.branch, material="book")
    terms = resolve(
        rules=reference.rules, context=Context(place=place, category=facts.category), on=today
    )
    identity = identity_blocks(facts, today=today)
    loans = tuple(open_loans(patron_id=patron.pk))
    requests = tuple(open_requests(patron_id=patron.pk))
    return Account(
        patron=patron,
        blocks=(
            *identity,
            *cap_blocks(facts, terms=terms),
            *rule_blocks(facts, terms=terms, now=now),
        ),
        may_use_card=all(reason.code != ReasonCode.CREDENTIAL_BLOCKED for reason in identity),
        loans=loans,
        overdue=tuple(loan for loan in loans if loan.due_at < now),
        ready=tuple(r for r in requests if r.state == RequestState.READY),
        waiting=tuple(r for r in requests if r.state != RequestState.READY),
        debts=tuple(debts(patron_id=patron.pk)),
        limit=min((cap.limit for cap in terms.caps), default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy as message 18 tells of it."""

    item: Item
    loan: Loan | None
    queue: int


def copy_seen(item_id: int) -> Copy | None:
    """Queries: 3."""
    item = (
        Item.objects.select_related(
            "source_record__manifestation", "owning_agency", "home_branch", "current_branch"
        )
        .filter(pk=item_id)
        .first()
    )
    if item is None:
        return None
    loan = Loan.objects.filter(item=item, closed_at=None).first()
    return Copy(item=item, loan=loan, queue=waiting_for(item).count())


def waiting_for(item: Item) -> QuerySet[HoldRequest]:
    """Open requests this copy could answer or answers."""
    manifestation_id = item.source_record.manifestation_id
    rows = HoldRequest.objects.filter(state__in=OPEN_REQUEST_STATES)
    if manifestation_id is None:
        return rows.filter(anchor_id=item.source_record_id)
    return rows.filter(anchor__manifestation_id=manifestation_id)


def owners_paid_before(*, patron_id: int) -> list[str]:
    """Everybody who ever charged or was paid by this reader. Queries: 1."""
    rows = LedgerEntry.objects.filter(patron_id=patron_id)
    return sorted(set(rows.values_list("owner__code", flat=True)))


def who_waits(request_id: int) -> tuple[str, str] | None:
    """Number and masked name of the reader of a request. Queries: 1."""
    request = HoldRequest.objects.select_related("patron").filter(pk=request_id).first()
    return (request.patron.number, request.patron.masked_name) if request else None
