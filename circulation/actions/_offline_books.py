"""What a copy's story costs, told anew with it: fees, days without lending, points (OF-9).

When a journal changes how a loan ended, the books are compared with what the story says, and the
difference is booked as a row of its own: nothing booked is changed (FE-10). So whatever came first,
the same happenings cost a reader the same. The copy and its readers are locked by whoever calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q, Sum

from circulation.actions._found import terms_of
from circulation.actions._money import Sides, add_points, book, refund_due, scheme_id
from circulation.actions.operations import Journal
from circulation.domain import accounts
from circulation.domain.accounts import Account
from circulation.domain.calendar import days_late, local_date
from circulation.domain.fees import (
    NOTHING,
    overdue_fee,
    suspended_until,
    suspension_days,
    yuan,
)
from circulation.domain.points import lost_by_lateness
from circulation.domain.policies import Terms
from circulation.models import LedgerEntry, Loan, OfflineEvent, Patron, PointEntry, Suspension
from circulation.models.ledger import TOLD_LATER, LedgerEntryKind, PointKind
from circulation.readers.facts import lock_patron
from circulation.readers.reference import Reference, calendar_of

Facts = tuple[Any, ...]
Booked = dict[int, Decimal]  # by loan: an overdue fee of this operation, not in the books yet

# The first row of its kind is an ordinary one; after it the difference is a correction.
FIRST: Final = {Account.FEES: LedgerEntryKind.OVERDUE, Account.REFUNDS: LedgerEntryKind.REFUND}
HANDED_OVER: Final = (LedgerEntryKind.PAYMENT, LedgerEntryKind.PAYOUT, LedgerEntryKind.POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the end of a loan costs by the rules of the day it was lent."""

    fee: Decimal = NOTHING
    days: int = 0  # without lending
    points: int = 0  # lost by being late


def seen(item_id: int, *, readers: Iterable[int]) -> dict[int, Facts]:
    """What decides the cost of each loan a journal may touch, by loan. Queries: 1."""
    begun = OfflineEvent.objects.filter(patron_id__in=readers, began=True).values("loan_id")
    rows = Loan.objects.filter(Q(item_id=item_id) | Q(pk__in=begun)).values_list(
        "pk", "checked_out_at", "due_at", "closed_at", "checkin_branch_id", "lost_at", "found_at"
    )
    return {pk: tuple(facts) for pk, *facts in rows}


def correct_books(
    journal: Journal, *, changed: Collection[int], booked: Booked, reference: Reference
) -> None:
    """Bring the books in line with loans that are told otherwise than before."""
    rows = (
        Loan.objects.filter(pk__in=changed)
        .exclude(patron=None)
        .select_related("item", "checkout_branch", "checkin_branch", "patron__category")
    )
    corrected: dict[tuple[int, int], list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for loan in rows.order_by("pk"):
        assert loan.patron_id is not None
        terms = terms_of(loan, reference=reference)
        cost = _cost(loan, terms=terms)
        pending = booked.get(loan.pk, NOTHING)
        owed = _correct_money(journal, loan=loan, cost=cost, terms=terms, pending=pending)
        corrected[loan.patron_id, loan.owning_agency_id].append((owed, owed + pending))
        _correct_suspension(loan, cost=cost, terms=terms, now=journal.now)
        _correct_points(loan, cost=cost, terms=terms, now=journal.now)
    for (patron_id, owner_id), sums in corrected.items():
        owed = sum((owed for owed, _fresh in sums), NOTHING)
        fresh = sum((fresh for _owed, fresh in sums), NOTHING)
        _undo_waiver(journal, patron_id=patron_id, owner_id=owner_id, owed=owed, fresh=fresh)


def _cost(loan: Loan, *, terms: Terms) -> Cost:
    """CI-9, CI-10, LO-2. Nothing while it is out, and nothing for an end nobody saw (OF-4)."""
    branch = loan.checkin_branch or (loan.checkout_branch if loan.lost_at else None)
    if loan.closed_at is None or branch is None:
        return Cost()
    back = min(loan.closed_at, loan.claimed_at or loan.closed_at)
    late = days_late(due=loan.due_at, returned=back, calendar=calendar_of(branch))
    return Cost(
        fee=overdue_fee(
            days_late=late,
            per_day=terms.fee_per_day,
            cap=terms.fee_cap,
            grace_days=terms.grace_days,
            step_days=terms.fee_step_days,
            per_day_after=terms.fee_per_day_after,
        ),
        days=suspension_days(
            days_late=late,
            per_late_day=terms.suspend_days,
            cap=terms.suspend_cap,
            grace_days=terms.grace_days,
        ),
        points=lost_by_lateness(terms.points, days_late=late) if late > terms.grace_days else 0,
    )


def _correct_money(
    journal: Journal, *, loan: Loan, cost: Cost, terms: Terms, pending: Decimal
) -> Decimal:
    """Book what is missing, give back what is too much; what it adds to what is owed."""
    rows = LedgerEntry.objects.filter(loan=loan).exclude(kind=LedgerEntryKind.DAMAGE)
    stands: dict[Account, Decimal] = {Account.FEES: pending}
    for debit, credit, owed in rows.exclude(owed=0).values_list("debit", "credit", "owed"):
        account = Account(credit if debit == Account.READER else debit)
        stands[account] = stands.get(account, NOTHING) + owed
    total = NOTHING
    for account, wanted in _wanted(loan, cost=cost, terms=terms, stands=stands).items():
        more = yuan(wanted - stands.get(account, NOTHING))
        first = FIRST.get(account)
        is_first = first is not None and not pending and not rows.filter(kind=first).exists()
        kind = first if first is not None and is_first else LedgerEntryKind.CORRECTION
        _book(journal, loan=loan, account=account, more=more, kind=kind, terms=terms)
        total += more
    return total


def _wanted(
    loan: Loan, *, cost: Cost, terms: Terms, stands: Mapping[Account, Decimal]
) -> dict[Account, Decimal]:
    """What each account should say of this loan; a loan that was not lost owes no copy."""
    wanted = {Account.FEES: cost.fee, Account.COMPENSATION: NOTHING, Account.REFUNDS: NOTHING}
    if loan.lost_at is not None:
        wanted[Account.COMPENSATION] = stands.get(Account.COMPENSATION, NOTHING)
    if loan.lost_at is not None and loan.found_at is not None:
        wanted[Account.REFUNDS] = -refund_due(loan=loan, found_at=loan.found_at, terms=terms)
    return wanted


def _book(
    journal: Journal,
    *,
    loan: Loan,
    account: Account,
    more: Decimal,
    kind: LedgerEntryKind,
    terms: Terms,
) -> None:
    if not more:
        return
    owner_id = loan.owning_agency_id
    branch = loan.checkin_branch or loan.checkout_branch
    postings = (
        accounts.charge(owner=owner_id, amount=more, income=account)
        if more > NOTHING
        else accounts.credit(owner=owner_id, amount=-more, why=account)
    )
    book(
        journal,
        postings,
        sides=Sides(patron_id=loan.patron_id, owner_id=owner_id, collector_id=branch.agency_id),
        kind=kind,
        loan_id=loan.pk,
        rule=terms.rule_for("fee_per_day" if account == Account.FEES else "compensation"),
        reason=TOLD_LATER,
    )


def _undo_waiver(
    journal: Journal, *, patron_id: int, owner_id: int, owed: Decimal, fresh: Decimal
) -> None:
    """What was forgiven is not given back as well: its waiver goes with it.

    ``owed`` was corrected for this owner, ``fresh`` is all that is not in the books yet.
    """
    if owed >= NOTHING:
        return
    rows = LedgerEntry.objects.filter(patron_id=patron_id, owner_id=owner_id)
    waived = rows.filter(Q(debit=Account.WAIVED) | Q(credit=Account.WAIVED))
    forgiven = -(waived.aggregate(sum=Sum("owed"))["sum"] or NOTHING)
    charged = rows.exclude(kind__in=HANDED_OVER).aggregate(sum=Sum("owed"))["sum"] or NOTHING
    undone = yuan(min(-(charged + fresh), forgiven, -owed))
    if undone > NOTHING:
        book(
            journal,
            accounts.charge(owner=owner_id, amount=undone, income=Account.WAIVED),
            sides=Sides(patron_id=patron_id, owner_id=owner_id, collector_id=owner_id),
            kind=LedgerEntryKind.CORRECTION,
            reason=TOLD_LATER,
        )


def _correct_suspension(loan: Loan, *, cost: Cost, terms: Terms, now: datetime) -> None:
    """A row that says otherwise is replaced; one that staff lifted stays lifted (FE-3)."""
    assert loan.patron_id is not None
    patron = lock_patron(loan.patron_id)
    mine = Suspension.objects.filter(loan=loan, corrected_at=None)
    row = mine.first()
    if row is None and not cost.days:
        return
    if row is not None and row.lifted_at is not None:
        return
    at = loan.closed_at or now
    is_right = row is not None and row.days == cost.days and local_date(row.at) == local_date(at)
    if not is_right:
        mine.update(corrected_at=now)
        if cost.days:
            Suspension.objects.create(
                patron=patron,
                owner_id=scheme_id(terms.suspend_scope),
                until=local_date(at),
                days=cost.days,
                loan=loan,
                rule=terms.rule_for("suspend_days"),
                at=at,
            )
    _count_anew(patron, whose=terms.suspend_scope.owner)


def _count_anew(patron: Patron, *, whose: str) -> None:
    """The days one after the other, in the order of the returns, whatever we heard first."""
    rows = Suspension.objects.filter(patron=patron, corrected_at=None, lifted_at=None)
    rows = rows.filter(owner__code=whose) if whose else rows.filter(owner=None)
    until = None
    for row in rows.order_by("at", "pk"):
        until = suspended_until(today=local_date(row.at), days=row.days, already=until)
        if row.until != until:
            Suspension.objects.filter(pk=row.pk).update(until=until)
    left = {owner: day for owner, day in patron.suspensions.items() if owner != whose}
    patron.suspensions = left if until is None else {**left, whose: until.isoformat()}
    patron.save(update_fields=["suspensions"])


def _correct_points(loan: Loan, *, cost: Cost, terms: Terms, now: datetime) -> None:
    rows = PointEntry.objects.filter(
        loan=loan, kind__in=(PointKind.LATE, PointKind.LOSS, PointKind.CORRECTION)
    )
    said = list(rows.values_list("kind", "points"))
    lost = sum(points for kind, points in said if kind == PointKind.LOSS) if loan.lost_at else 0
    more = lost - cost.points - sum(points for _kind, points in said)
    if not more:
        return
    is_first = more < 0 and all(kind != PointKind.LATE for kind, _points in said)
    assert loan.patron_id is not None
    add_points(
        patron_id=loan.patron_id,
        scheme_id=scheme_id(terms.points_scope),
        scheme=terms.points,
        kind=PointKind.LATE if is_first else PointKind.CORRECTION,
        points=more,
        loan_id=loan.pk,
        now=now,
    )
