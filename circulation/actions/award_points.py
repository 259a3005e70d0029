"""Counts the points that loans earned; run at night, and safe to run again (PO-2)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from circulation.actions._money import begin, scheme_id
from circulation.domain.calendar import local_date
from circulation.domain.points import Lent, PointScheme, earned
from circulation.domain.policies import Context, Scope, resolve
from circulation.models import Loan, PointEntry
from circulation.models.ledger import PointKind
from circulation.readers.facts import lock_patron, place_of_loan
from circulation.readers.reference import Reference, load_reference

DAYS_BACK: Final = 40  # a loan entered later (an offline journal) still counts


def award_points(*, now: datetime, patron_id: int | None = None) -> int:
    """Points for loans that have none yet, reader by reader; returns how many entries."""
    since = now - timedelta(days=DAYS_BACK)
    counted = PointEntry.objects.filter(loan=OuterRef("pk"), kind=PointKind.LOAN)
    loans = Loan.objects.filter(checked_out_at__gte=since, patron__isnull=False).exclude(
        Exists(counted)
    )
    if patron_id is not None:
        loans = loans.filter(patron_id=patron_id)
    readers = list(loans.values_list("patron_id", flat=True).distinct().order_by("patron_id"))
    reference = load_reference(today=local_date(now))
    return sum(_award(reader, since=since, now=now, reference=reference) for reader in readers)


@transaction.atomic
def _award(patron_id: int | None, *, since: datetime, now: datetime, reference: Reference) -> int:
    assert patron_id is not None
    patron = lock_patron(patron_id)
    counted = PointEntry.objects.filter(loan=OuterRef("pk"), kind=PointKind.LOAN)
    loans = (
        Loan.objects.filter(patron=patron, checked_out_at__gte=since)
        .exclude(Exists(counted))
        .select_related("item", "checkout_branch")
        .order_by("checked_out_at", "pk")
    )
    by_scheme: dict[Scope, list[Lent]] = defaultdict(list)
    schemes: dict[Scope, PointScheme] = {}
    for loan in loans:
        day = local_date(loan.checked_out_at)
        context = Context(
            place=place_of_loan(loan, reference=reference), category=patron.category.code
        )
        terms = resolve(rules=reference.rules, context=context, on=day)
        if terms.points.per_loan:
            scope = Scope(owner=terms.points_scope.owner)
            by_scheme[scope].append(Lent(loan_id=loan.pk, day=day))
            schemes[scope] = terms.points
    count = 0
    for scope, lent in by_scheme.items():
        count += _enter(
            patron_id, scheme=schemes[scope], whose=scheme_id(scope), lent=lent, now=now
        )
    return count


def _enter(
    patron_id: int, *, scheme: PointScheme, whose: int | None, lent: list[Lent], now: datetime
) -> int:
    days = {loan.loan_id: loan.day for loan in lent}
    before = _earned_before(patron_id, whose, since=min(days.values()).replace(day=1))
    found = earned(scheme, loans=lent, before=before)
    begin(patron_id=patron_id, scheme_id=whose, scheme=scheme, now=now)
    PointEntry.objects.bulk_create(
        PointEntry(
            patron_id=patron_id,
            scheme_id=whose,
            kind=PointKind.LOAN,
            points=points,
            loan_id=loan_id,
            day=days[loan_id],
            at=now,
        )
        for loan_id, points in found
    )
    return len(found)


def _earned_before(patron_id: int, whose: int | None, *, since: date) -> dict[date, int]:
    rows = PointEntry.objects.filter(
        patron_id=patron_id, scheme_id=whose, kind=PointKind.LOAN, day__gte=since
    )
    return dict(rows.values_list("day").annotate(sum=Sum("points")))
