"""What a reader owes, to whom, why and where to pay; points; days without lending."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from circulation.domain.agreements import Agreement, may_collect
from circulation.domain.calendar import local_date
from circulation.domain.fees import NOTHING, yuan
from circulation.domain.points import PointScheme
from circulation.domain.policies import Context, Place, Scope, resolve
from circulation.models import CollectionAgreement, LedgerEntry, Patron, PointEntry, Suspension
from circulation.models.ledger import TOLD_LATER, LedgerEntryKind, PointKind
from circulation.readers.reference import load_reference
from library_net.network.models import Agency, Branch

SHOWN: Final = timedelta(days=90)  # how long a reader sees what was counted anew
USUAL_MATERIAL = "book"  # whose rules say what points are worth


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCharge:
    """A charge, and what of it is still owed: payments settle the oldest first."""

    kind: str
    title: str
    on: date
    amount: Decimal
    open: Decimal
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed to one institution; below zero it stands to the reader's credit."""

    owner_id: int
    owner_code: str
    owner: str
    amount: Decimal
    charges: tuple[OpenCharge, ...]
    pay_at: tuple[str, ...]  # institutions whose desks take it

    @property
    def is_credit(self) -> bool:
        return self.amount < NOTHING

    @property
    def shown(self) -> Decimal:
        return abs(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    scheme: str  # the institution's name; empty: the network
    balance: int
    latest: tuple[PointEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLendingUntil:
    owner_code: str
    owner: str  # the institution's name; empty: everywhere
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Counted anew, because a device told later what had happened (OF-9)."""

    owner: str
    title: str
    on: date
    amount: Decimal  # added to what is owed; below zero: given back
    days: int = 0  # without lending that do not count any more

    @property
    def shown(self) -> Decimal:
        return abs(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    debts: tuple[Debt, ...]
    points: tuple[Points, ...]
    suspensions: tuple[NoLendingUntil, ...]
    corrections: tuple[Correction, ...] = ()

    @property
    def owed(self) -> Decimal:
        return sum((debt.amount for debt in self.debts if not debt.is_credit), NOTHING)


def account_of(patron: Patron, *, now: datetime) -> Account:
    """Everything about a reader's money. Queries: 7 or 8."""
    today = local_date(now)
    agencies = {agency.pk: agency for agency in Agency.objects.all()}
    return Account(
        debts=_debts(patron.pk, agencies=agencies, today=today),
        points=_points(patron.pk, agencies=agencies),
        suspensions=_suspensions(patron, agencies=agencies.values(), today=today),
        corrections=_corrections(patron.pk, agencies=agencies, since=now - SHOWN),
    )


def may_collect_here(*, owner_id: int, collector_id: int, on: date) -> bool:
    """May this institution take the owner's money on this day (FE-5). Queries: 2."""
    reference = load_reference(today=on)
    return may_collect(
        agreements(),
        owner=reference.lineages[owner_id],
        collector=reference.lineages[collector_id],
        on=on,
    )


def agreements() -> tuple[Agreement, ...]:
    """Queries: 1."""
    rows = CollectionAgreement.objects.values_list(
        "owner__code", "collector__code", "valid_from", "valid_to"
    )
    return tuple(
        Agreement(owner=owner or "", collector=collector or "", starts_on=first, ends_on=last)
        for owner, collector, first, last in rows
    )


def scheme_for(
    *, patron: Patron, owner: Agency, branch: Branch, now: datetime
) -> tuple[PointScheme, Scope]:
    """The points an owner counts for this reader here, and whose scheme it is."""
    today = local_date(now)
    reference = load_reference(today=today)
    place = Place(
        owner=reference.lineages[owner.pk],
        visited=reference.lineages[branch.agency_id],
        branch=branch.code,
        material=USUAL_MATERIAL,
    )
    context = Context(place=place, category=patron.category.code)
    terms = resolve(rules=reference.rules, context=context, on=today)
    return terms.points, terms.points_scope


def point_balance(*, patron_id: int, scheme_id: int | None, scheme: PointScheme) -> int:
    """A reader without any entry has what everybody begins with (PO-1). Queries: 1."""
    rows = PointEntry.objects.filter(patron_id=patron_id, scheme_id=scheme_id)
    found = list(rows.values_list("kind", "points"))
    start = 0 if any(kind == PointKind.START for kind, _ in found) else scheme.start
    return start + sum(points for _, points in found)


def _debts(patron_id: int, *, agencies: dict[int, Agency], today: date) -> tuple[Debt, ...]:
    rows = (
        LedgerEntry.objects.filter(patron_id=patron_id)
        .exclude(owed=0)
        .select_related("loan__item__source_record__manifestation")
        .order_by("pk")
    )
    by_owner: dict[int, list[LedgerEntry]] = {}
    for row in rows:
        by_owner.setdefault(row.owner_id, []).append(row)
    known = agreements()
    reference = load_reference(today=today)
    found = []
    for owner_id, entries in by_owner.items():
        amount = yuan(sum((entry.owed for entry in entries), NOTHING))
        if amount == NOTHING:
            continue
        owner = reference.lineages[owner_id]
        takers = [
            agency
            for agency in agencies.values()
            if may_collect(known, owner=owner, collector=reference.lineages[agency.pk], on=today)
        ]
        takers.sort(key=lambda agency: (agency.pk != owner_id, agency.code))
        found.append(
            Debt(
                owner_id=owner_id,
                owner_code=agencies[owner_id].code,
                owner=agencies[owner_id].name,
                amount=amount,
                charges=open_charges(entries),
                pay_at=tuple(agency.name for agency in takers),
            )
        )
    return tuple(sorted(found, key=lambda debt: debt.owner_code))


def open_charges(entries: Iterable[LedgerEntry]) -> tuple[OpenCharge, ...]:
    """Charges not yet covered; ``entries`` of one owner, oldest first.

    What was counted anew changes the charge it belongs to before payments cover anything.
    """
    charges = [entry for entry in entries if entry.owed > 0 and entry.kind != "payout"]
    paid = -sum((entry.owed for entry in entries if entry not in charges), NOTHING)
    lessened: dict[tuple[int | None, str], Decimal] = defaultdict(lambda: NOTHING)
    for entry in entries:
        if entry.kind == LedgerEntryKind.CORRECTION and entry.owed < 0:
            lessened[entry.loan_id, entry.debit] -= entry.owed
    found = []
    for entry in charges:
        whose = (entry.loan_id, entry.credit)
        less = min(lessened[whose], entry.amount)
        lessened[whose] -= less
        amount, paid = entry.amount - less, paid - less
        covered = min(max(paid, NOTHING), amount)
        paid -= covered
        if covered < amount:
            found.append(
                OpenCharge(
                    kind=entry.get_kind_display(),
                    title=_title(entry),
                    on=local_date(entry.at),
                    amount=amount,
                    open=amount - covered,
                    rule=entry.rule,
                )
            )
    return tuple(found)


def _title(entry: LedgerEntry | Suspension) -> str:
    if entry.loan is None or entry.loan.item is None:
        return ""
    manifestation = entry.loan.item.source_record.manifestation
    return manifestation.title if manifestation else entry.loan.item.barcode


def _corrections(
    patron_id: int, *, agencies: dict[int, Agency], since: datetime
) -> tuple[Correction, ...]:
    title = "loan__item__source_record__manifestation"
    money = LedgerEntry.objects.filter(patron_id=patron_id, reason=TOLD_LATER, at__gte=since)
    days = Suspension.objects.filter(patron_id=patron_id, corrected_at__gte=since)
    found = [
        Correction(
            owner=agencies[entry.owner_id].name,
            title=_title(entry),
            on=local_date(entry.at),
            amount=yuan(entry.owed),
        )
        for entry in money.select_related(title).order_by("-pk")
    ]
    found += [
        Correction(
            owner=agencies[row.owner_id].name if row.owner_id else "",
            title=_title(row),
            on=local_date(row.corrected_at or row.at),
            amount=NOTHING,
            days=row.days,
        )
        for row in days.select_related(title).order_by("-pk")
    ]
    return tuple(found)


def _points(patron_id: int, *, agencies: dict[int, Agency]) -> tuple[Points, ...]:
    totals = (
        PointEntry.objects.filter(patron_id=patron_id)
        .order_by("scheme_id")
        .values_list("scheme_id")
        .annotate(balance=Sum("points"))
    )
    latest = list(PointEntry.objects.filter(patron_id=patron_id).order_by("-pk")[:20])
    return tuple(
        Points(
            scheme=agencies[scheme_id].name if scheme_id else "",
            balance=balance,
            latest=tuple(entry for entry in latest if entry.scheme_id == scheme_id),
        )
        for scheme_id, balance in totals
    )


def _suspensions(
    patron: Patron, *, agencies: Iterable[Agency], today: date
) -> tuple[NoLendingUntil, ...]:
    names = {agency.code: agency.name for agency in agencies}
    return tuple(
        NoLendingUntil(
            owner_code=owner, owner=names.get(owner, owner), until=date.fromisoformat(until)
        )
        for owner, until in sorted(patron.suspensions.items())
        if date.fromisoformat(until) >= today
    )
