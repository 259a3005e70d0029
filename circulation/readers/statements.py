"""What one agency did for another: cross-agency loans and returns of a period.

A loan counts between the owner and the agency that lent it, on the day it was lent; a return
between the owner and the agency that took it back, on the day it was taken. Each row is seen by
both sides with the roles exchanged, so the two statements of a pair always agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db.models import F, Sum

from circulation.domain.calendar import ALWAYS_OPEN, local_date
from circulation.domain.fees import NOTHING, yuan
from circulation.models import LedgerEntry, Loan
from circulation.models.ledger import LedgerEntryKind
from library_net.errors import LibraryError

LONGEST_PERIOD_DAYS = 366


class RowKind(StrEnum):
    LOAN = "loan"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Local days, both included."""

    first: date
    last: date

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """From the first second of the first day to the first after the last."""
        second = timedelta(seconds=1)
        before = ALWAYS_OPEN.end_of(self.first - timedelta(days=1))
        return before + second, ALWAYS_OPEN.end_of(self.last) + second


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One book that crossed between the caller and a counterpart."""

    date: str
    kind: RowKind
    loan: int
    barcode: str
    title: str
    owner: str
    partner: str  # who lent it or took it back for the owner
    counterpart: str  # the other side, seen from the caller
    is_ours: bool


@dataclass(slots=True, kw_only=True)
class Total:
    """Between the caller and one counterpart; theirs has the same numbers with sides exchanged."""

    counterpart: str
    our_copies_lent_by_them: int = 0
    their_copies_lent_by_us: int = 0
    our_copies_returned_to_them: int = 0
    their_copies_returned_to_us: int = 0
    our_money_collected_by_them: Decimal = NOTHING
    their_money_collected_by_us: Decimal = NOTHING


@dataclass(slots=True, kw_only=True)
class Statement:
    agency: str
    period: Period
    rows: list[Row] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)


def parse_period(first: str, last: str) -> Period:
    """Raises ``bad_period``."""
    try:
        period = Period(first=date.fromisoformat(first), last=date.fromisoformat(last))
    except ValueError as error:
        raise LibraryError("bad_period") from error
    if not 0 <= (period.last - period.first).days < LONGEST_PERIOD_DAYS:
        raise LibraryError("bad_period")
    return period


def statement(*, agency_id: int, agency: str, period: Period) -> Statement:
    """The statement of one agency. Queries: 5."""
    result = Statement(agency=agency, period=period)
    result.rows = sorted(
        _rows(agency_id=agency_id, agency=agency, period=period),
        key=lambda row: (row.date, row.loan, row.kind),
    )
    money = _money(agency_id=agency_id, period=period)
    result.totals = _totals(result.rows, agency=agency, money=money)
    return result


def _rows(*, agency_id: int, agency: str, period: Period) -> Iterator[Row]:
    start, end = period.instants
    sides = (
        (RowKind.LOAN, "checked_out_at", "checkout_agency"),
        (RowKind.RETURN, "closed_at", "checkin_branch__agency"),
    )
    for kind, instant, partner in sides:
        crossing = (
            Loan.objects.filter(**{f"{instant}__gte": start, f"{instant}__lt": end})
            .exclude(**{partner: F("owning_agency")})
            .exclude(**{partner: None})
        )
        for is_ours in (True, False):
            side = "owning_agency" if is_ours else partner
            found = crossing.filter(**{side: agency_id}).values_list(
                "pk",
                instant,
                "item__barcode",
                "item__source_record__manifestation__title",
                "owning_agency__code",
                f"{partner}__code",
            )
            for pk, at, barcode, title, owner, partner_code in found:
                yield Row(
                    date=local_date(at).isoformat(),
                    kind=kind,
                    loan=pk,
                    barcode=barcode,
                    title=title or "",
                    owner=owner,
                    partner=partner_code,
                    counterpart=partner_code if owner == agency else owner,
                    is_ours=is_ours,
                )


def _money(*, agency_id: int, period: Period) -> list[tuple[str, str, Decimal]]:
    """(owner, collector, collected less paid out) for every pair the agency is a side of."""
    start, end = period.instants
    crossing = LedgerEntry.objects.filter(
        at__gte=start,
        at__lt=end,
        kind__in=(LedgerEntryKind.PAYMENT, LedgerEntryKind.PAYOUT),
        book=F("owner"),  # the owner's side of it; the collector's says the same
    ).exclude(collector=F("owner"))
    mine = crossing.filter(owner_id=agency_id) | crossing.filter(collector_id=agency_id)
    paid = mine.values_list("owner__code", "collector__code").annotate(paid=Sum("owed"))
    return [(owner, collector, yuan(-amount)) for owner, collector, amount in paid]


def _totals(
    rows: Iterable[Row], *, agency: str, money: list[tuple[str, str, Decimal]]
) -> list[Total]:
    totals: dict[str, Total] = {}

    def between(counterpart: str) -> Total:
        return totals.setdefault(counterpart, Total(counterpart=counterpart))

    for row in rows:
        total = between(row.counterpart)
        if row.kind == RowKind.LOAN:
            total.our_copies_lent_by_them += row.is_ours
            total.their_copies_lent_by_us += not row.is_ours
        else:
            total.our_copies_returned_to_them += row.is_ours
            total.their_copies_returned_to_us += not row.is_ours
    for owner, collector, paid in money:
        if owner == agency:
            between(collector).our_money_collected_by_them += paid
        else:
            between(owner).their_money_collected_by_us += paid
    return [totals[code] for code in sorted(totals)]
