"""What circulation writes into the books: fees, compensation, points, days without lending.

For actions that have a journal open. All sums come from pure functions; this file only writes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from catalog.models import Item
from circulation.actions.operations import Journal
from circulation.domain import accounts
from circulation.domain.accounts import Account, Posting
from circulation.domain.calendar import local_date
from circulation.domain.compensation import (
    Compensation,
    compensation,
    processing_fee,
    refund,
)
from circulation.domain.fees import NOTHING, suspended_until, suspension_days, yuan
from circulation.domain.points import PointScheme, lost_by_lateness
from circulation.domain.policies import Scope, Terms
from circulation.models import LedgerEntry, Loan, PointEntry, Suspension
from circulation.models.ledger import LedgerEntryKind, PointKind
from circulation.readers.copies import lost_copy
from circulation.readers.facts import lock_patron
from library_net.network.models import Agency, Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Whose money, who records it, about whom."""

    patron_id: int | None
    owner_id: int
    collector_id: int


def book(
    journal: Journal,
    postings: Iterable[Posting],
    *,
    sides: Sides,
    kind: LedgerEntryKind,
    loan_id: int | None = None,
    rule: str = "",
    reason: str = "",
    settlement_id: int | None = None,
) -> None:
    """One transaction of the ledger, under the journal's operation."""
    transaction = uuid.uuid4()
    for posting in postings:
        journal.charge(
            LedgerEntry(
                transaction=transaction,
                book_id=posting.book,
                debit=str(posting.debit),
                credit=str(posting.credit),
                amount=posting.amount,
                other_id=posting.other,
                patron_id=sides.patron_id,
                owner_id=sides.owner_id,
                collector_id=sides.collector_id,
                kind=str(kind),
                loan_id=loan_id,
                rule=rule,
                reason=reason,
                settlement_id=settlement_id,
                at=journal.now,
            )
        )


def book_lateness(
    journal: Journal, *, loan: Loan, branch: Branch, days_late: int, fee: Decimal, terms: Terms
) -> None:
    """What a late return costs: money (FE-1), days without lending (FE-3), points (PO-3)."""
    if loan.patron_id is None or not days_late:
        return
    if fee > NOTHING:
        owner_id = loan.owning_agency_id
        book(
            journal,
            accounts.charge(owner=owner_id, amount=fee, income=Account.FEES),
            sides=Sides(patron_id=loan.patron_id, owner_id=owner_id, collector_id=branch.agency_id),
            kind=LedgerEntryKind.OVERDUE,
            loan_id=loan.pk,
            rule=terms.rule_for("fee_per_day"),
        )
    days = suspension_days(
        days_late=days_late,
        per_late_day=terms.suspend_days,
        cap=terms.suspend_cap,
        grace_days=terms.grace_days,
    )
    if days:
        _suspend(journal, loan=loan, days=days, terms=terms)
    points = lost_by_lateness(terms.points, days_late=days_late)
    if points and days_late > terms.grace_days:
        add_points(
            patron_id=loan.patron_id,
            scheme_id=scheme_id(terms.points_scope),
            scheme=terms.points,
            kind=PointKind.LATE,
            points=-points,
            loan_id=loan.pk,
            now=journal.now,
        )


def book_loss(
    journal: Journal,
    *,
    loan: Loan,
    item: Item,
    branch: Branch,
    terms: Terms,
    brings_same_edition: bool = False,
) -> Compensation:
    """A copy on loan counts as lost: what the reader owes its owner (FE-6, FE-7, PO-5).

    With the same edition in hand only the processing fee is owed.
    """
    copy = lost_copy(item)
    worth = compensation(tariff=terms.compensation, copy=copy, today=local_date(journal.now))
    if brings_same_edition and terms.compensation.same_edition:
        fee = processing_fee(tariff=terms.compensation, base=worth.base)
        worth = Compensation(
            base=worth.base,
            times=Decimal(0),
            amount=NOTHING,
            processing=fee,
            is_minimum=False,
            is_whole_set=False,
        )
    sides = Sides(
        patron_id=loan.patron_id,
        owner_id=loan.owning_agency_id,
        collector_id=branch.agency_id,
    )
    for kind, amount in (
        (LedgerEntryKind.COMPENSATION, worth.amount),
        (LedgerEntryKind.PROCESSING, worth.processing),
    ):
        if amount > NOTHING and loan.patron_id is not None:
            book(
                journal,
                accounts.charge(owner=sides.owner_id, amount=amount, income=Account.COMPENSATION),
                sides=sides,
                kind=kind,
                loan_id=loan.pk,
                rule=terms.rule_for("compensation"),
            )
    if terms.points.loss and loan.patron_id is not None and not brings_same_edition:
        add_points(
            patron_id=loan.patron_id,
            scheme_id=scheme_id(terms.points_scope),
            scheme=terms.points,
            kind=PointKind.LOSS,
            points=-terms.points.loss,
            loan_id=loan.pk,
            now=journal.now,
        )
    return worth


def book_found(journal: Journal, *, loan: Loan, branch: Branch, terms: Terms) -> Decimal:
    """A copy that counted as lost is back: what is given back to the reader (FE-8).

    It stands to the reader's credit with the owner; what other fees do not use up is paid out.
    """
    amount = refund_due(loan=loan, found_at=journal.now, terms=terms)
    if amount > NOTHING and loan.patron_id is not None:
        owner_id = loan.owning_agency_id
        book(
            journal,
            accounts.credit(owner=owner_id, amount=amount, why=Account.REFUNDS),
            sides=Sides(patron_id=loan.patron_id, owner_id=owner_id, collector_id=branch.agency_id),
            kind=LedgerEntryKind.REFUND,
            loan_id=loan.pk,
            rule=terms.rule_for("compensation"),
        )
    return amount


def refund_due(*, loan: Loan, found_at: datetime, terms: Terms) -> Decimal:
    """What of the compensation goes back when the copy is found at this moment. Queries: 1."""
    charged = {
        row["kind"]: row
        for row in LedgerEntry.objects.filter(
            loan=loan,
            kind__in=(LedgerEntryKind.COMPENSATION, LedgerEntryKind.PROCESSING),
        ).values("kind", "amount", "at")
    }
    lost = charged.get(LedgerEntryKind.COMPENSATION)
    if lost is None or loan.patron_id is None:
        return NOTHING
    processing = charged.get(LedgerEntryKind.PROCESSING)
    return refund(
        tariff=terms.compensation,
        amount=lost["amount"],
        processing=processing["amount"] if processing else NOTHING,
        charged_on=local_date(lost["at"]),
        found_on=local_date(found_at),
    )


def add_points(
    *,
    patron_id: int,
    scheme_id: int | None,
    scheme: PointScheme,
    kind: PointKind,
    points: int,
    loan_id: int | None,
    now: datetime,
) -> None:
    """Write points under the reader's lock."""
    begin(patron_id=patron_id, scheme_id=scheme_id, scheme=scheme, now=now)
    PointEntry.objects.create(
        patron_id=patron_id,
        scheme_id=scheme_id,
        kind=kind,
        points=points,
        loan_id=loan_id,
        day=local_date(now),
        at=now,
    )


def begin(*, patron_id: int, scheme_id: int | None, scheme: PointScheme, now: datetime) -> None:
    """A reader's first entry is what everybody begins with (PO-1). Queries: 0 to 2."""
    if not scheme.start:
        return
    mine = PointEntry.objects.filter(patron_id=patron_id, scheme_id=scheme_id)
    if not mine.filter(kind=PointKind.START).exists():
        mine.create(
            patron_id=patron_id,
            scheme_id=scheme_id,
            kind=PointKind.START,
            points=scheme.start,
            day=local_date(now),
            at=now,
        )


def scheme_id(scope: Scope) -> int | None:
    """The institution whose rule it is; None: the network's. Queries: 0 or 1."""
    if not scope.owner:
        return None
    return Agency.objects.values_list("pk", flat=True).filter(code=scope.owner).first()


def owed_to(*, patron_id: int, owner_id: int) -> Decimal:
    """What a reader owes one owner; below zero stands to their credit. Queries: 1."""
    rows = LedgerEntry.objects.filter(patron_id=patron_id, owner_id=owner_id)
    return yuan(rows.aggregate(sum=Sum("owed"))["sum"] or NOTHING)


def _suspend(journal: Journal, *, loan: Loan, days: int, terms: Terms) -> None:
    assert loan.patron_id is not None
    patron = lock_patron(loan.patron_id)
    whose = terms.suspend_scope.owner
    running = patron.suspensions.get(whose)
    until = suspended_until(
        today=local_date(journal.now),
        days=days,
        already=date.fromisoformat(running) if running else None,
    )
    Suspension.objects.create(
        patron=patron,
        owner_id=scheme_id(terms.suspend_scope),
        until=until,
        days=days,
        loan=loan,
        rule=terms.rule_for("suspend_days"),
        at=journal.now,
    )
    patron.suspensions = {**patron.suspensions, whose: until.isoformat()}
    patron.save(update_fields=["suspensions"])
