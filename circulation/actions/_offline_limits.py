"""Due dates of loans made without a line, and which of them went over a limit.

OF-8: such a loan is never refused. When it went over a limit of the moment it was made, it is a
loan of one day and flagged; the limits are counted in the order the loans were made, not in the
order we heard of them, and every time anew, so the answer does not depend on that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from circulation.domain.blocks import cap_blocks
from circulation.domain.calendar import due_at
from circulation.domain.facts import HeldLoan, PatronFacts
from circulation.domain.policies import Context, resolve
from circulation.models import Loan, OfflineConflict, OfflineEvent, Patron
from circulation.readers.facts import place_of_loan
from circulation.readers.offline import loans_beside, offline_loans
from circulation.readers.reference import Reference, calendar_of

OVERFLOW_DAYS = 1
OVER_LIMIT = "offline_over_limit"


def set_terms(patron_id: int, *, reference: Reference, now: datetime) -> None:
    """Set the due date of every off-line loan of a locked reader that is not renewed since."""
    mine = offline_loans(patron_id)
    if not mine:
        return
    patron = Patron.objects.select_related("category").get(pk=patron_id)
    beside = loans_beside(patron_id, since=mine[0])
    for loan in mine:
        _set(loan, patron=patron, beside=beside, reference=reference, now=now)


def _set(
    loan: Loan, *, patron: Patron, beside: Sequence[Loan], reference: Reference, now: datetime
) -> None:
    place = place_of_loan(loan, reference=reference)
    calendar = calendar_of(loan.checkout_branch)
    context = Context(place=place, category=patron.category.code)
    on = calendar.local_date(loan.checked_out_at)
    terms = resolve(rules=reference.rules, context=context, on=on)
    held = [other for other in beside if _is_held(other, when=loan)]
    facts = PatronFacts(
        id=patron.pk,
        category=patron.category.code,
        loans=tuple(
            HeldLoan(
                item_id=other.item_id,
                place=place_of_loan(other, reference=reference),
                due_at=other.due_at,
            )
            for other in held
        ),
    )
    over = cap_blocks(facts, terms=terms)
    days = OVERFLOW_DAYS if over else terms.loan_days
    written = {line.parameter: line.rule for line in terms.because}
    if over:
        written["loan_days"] = OVER_LIMIT
    if loan.renewals == 0:
        due = due_at(start=loan.checked_out_at, days=days, calendar=calendar)
        Loan.objects.filter(pk=loan.pk, renewals=0).update(due_at=due, terms=written)
    _flag(loan, is_over=bool(over), now=now)


def _is_held(other: Loan, *, when: Loan) -> bool:
    """It was open at the moment the loan was made, and made before it."""
    is_before = (other.checked_out_at, other.item_id) < (when.checked_out_at, when.item_id)
    is_open = other.closed_at is None or other.closed_at > when.checked_out_at
    return is_before and is_open and other.pk != when.pk


def _flag(loan: Loan, *, is_over: bool, now: datetime) -> None:
    events = OfflineEvent.objects.filter(loan=loan, began=True).select_related("branch")
    first = events.order_by("happened_at", "caller", "operation_id").first()
    if first is None:
        return
    events.exclude(is_over_limit=is_over).update(is_over_limit=is_over)
    told = OfflineConflict.objects.filter(event__loan=loan, code=OVER_LIMIT)
    told.filter(closed_at=None).exclude(event=first if is_over else None).delete()
    if is_over and not told.exists():
        OfflineConflict.objects.create(
            event=first,
            agency_id=first.branch.agency_id,
            code=OVER_LIMIT,
            params={"barcode": first.barcode},
            created_at=now,
        )
