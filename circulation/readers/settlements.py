"""Monthly settlements as their two sides see them: the list, and the statement of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from circulation.domain.calendar import local_date
from circulation.models import LedgerEntry, Settlement
from circulation.models.ledger import LedgerEntryKind
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from library_net.network.models import Agency


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One payment that one side took for the other, or paid out for it."""

    date: date
    kind: str
    kind_name: str
    owner: str
    collector: str
    patron: str  # the number; empty when the reader's record was erased
    loan: int | None
    amount: Decimal  # what the collector owes the owner for it; a payout is below zero


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """A settlement; the same figures for both sides, and who pays whom."""

    id: int
    month: str
    first: Agency
    second: Agency
    first_owes: Decimal
    second_owes: Decimal
    is_paid: bool
    lines: tuple[SettlementLine, ...] = ()

    @property
    def amount(self) -> Decimal:
        return abs(self.first_owes - self.second_owes)

    @property
    def debtor(self) -> Agency:
        return self.first if self.first_owes > self.second_owes else self.second

    @property
    def creditor(self) -> Agency:
        return self.second if self.first_owes > self.second_owes else self.first


def settlements(scope: Scope, *, month: date | None = None) -> tuple[SettlementView, ...]:
    """The newest first. Queries: 1."""
    rows = _visible(scope)
    if month is not None:
        rows = rows.filter(month=month.replace(day=1))
    return tuple(_view(row) for row in rows.order_by("-month", "first__code", "second__code")[:500])


def settlement(scope: Scope, *, settlement_id: int) -> SettlementView:
    """One with its lines. Queries: 2. Raises ``unknown_settlement``, for a stranger too."""
    row = _visible(scope).filter(pk=settlement_id).first()
    if row is None:
        raise LibraryError("unknown_settlement")
    entries = (
        LedgerEntry.objects.filter(settled__settlement=row, book=F("owner"))
        .select_related("owner", "collector", "patron")
        .order_by("at", "pk")
    )
    return _view(row, lines=_lines(entries))


def open_months(*, today: date) -> tuple[date, ...]:
    """Months that are over and have money nobody has settled. Queries: 1."""
    waiting = (
        LedgerEntry.objects.filter(other__isnull=False, settled=None)
        .exclude(kind=LedgerEntryKind.TRANSFER)
        .dates("at", "month")
    )
    return tuple(month for month in waiting if month < today.replace(day=1))


def _visible(scope: Scope) -> QuerySet[Settlement]:
    transfers = LedgerEntry.objects.filter(settlement=OuterRef("pk"))
    rows = Settlement.objects.select_related("first", "second").annotate(paid=Exists(transfers))
    if scope.everywhere:
        return rows
    mine = scope.agency_ids
    return rows.filter(Q(first__in=mine) | Q(second__in=mine))


def _view(row: Settlement, *, lines: tuple[SettlementLine, ...] = ()) -> SettlementView:
    return SettlementView(
        id=row.pk,
        month=row.month.strftime("%Y-%m"),
        first=row.first,
        second=row.second,
        first_owes=row.first_owes,
        second_owes=row.second_owes,
        is_paid=bool(getattr(row, "paid", False)),
        lines=lines,
    )


def _lines(entries: Iterable[LedgerEntry]) -> tuple[SettlementLine, ...]:
    return tuple(
        SettlementLine(
            date=local_date(entry.at),
            kind=entry.kind,
            kind_name=entry.get_kind_display(),
            owner=entry.owner.code,
            collector=entry.collector.code,
            patron=entry.patron.number if entry.patron else "",
            loan=entry.loan_id,
            amount=-entry.owed,
        )
        for entry in entries
    )
