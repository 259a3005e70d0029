"""What goes wrong with a loan: said to be returned, lost, recalled (RULES.md, LO-)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions._found import terms_of
from circulation.actions._money import book_lateness, book_loss
from circulation.actions.intake import item_answer
from circulation.actions.operations import Answer, Intent, Journal, LostRace, refused, run_once
from circulation.domain.calendar import days_late, local_date
from circulation.domain.fees import overdue_fee
from circulation.domain.reasons import ReasonCode, reason
from circulation.domain.states import ItemEventKind
from circulation.models import Loan, StaffException
from circulation.readers.facts import lock_item, lock_patron
from circulation.readers.reference import Reference, calendar_of, load_reference
from library_net.db import claim
from library_net.errors import LibraryError

CLAIMED: Final = "claimed_returned"  # the code of the exception: look for this copy


def claim_returned(*, intent: Intent, loan_id: int, now: datetime) -> Answer:
    """The reader says they brought it back: staff look for it; rules LO-1 and LO-2.

    By the reader, or by staff where it was lent; so is ``report_lost``. Raises ``Refused``
    (``loan_closed``, ``loan_claimed``), ``unknown_loan``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        loan, item, reference = _open(journal, loan_id)
        _require_reader_or_desk(journal, loan)
        if loan.claimed_at is not None:
            raise refused((reason(ReasonCode.LOAN_CLAIMED),))
        if not claim(_unchanged(loan), claimed_at=now):
            raise LostRace
        journal.happens(item, ItemEventKind.CLAIMED, loan_id=loan.pk)
        branch = loan.checkout_branch
        journal.ask_staff(
            StaffException(
                branch=branch,
                agency_id=branch.agency_id,
                code=CLAIMED,
                params={"barcode": item.barcode},
                item=item,
                barcode=item.barcode,
                created_at=now,
            )
        )
        return {"loan": loan.pk, "item": item_answer(item, reference=reference)}

    asked = {"loan": loan_id}
    return run_once(intent=intent, action="claim_returned", asked=asked, now=now, work=work)


def report_lost(
    *, intent: Intent, loan_id: int, brings_same_edition: bool = False, now: datetime
) -> Answer:
    """The copy is lost: the loan ends and the owner's tariff says what is owed; rule LO-3.

    Raises ``Refused`` (``loan_closed``), ``unknown_loan``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        loan, item, reference = _open(journal, loan_id)
        _require_reader_or_desk(journal, loan)
        if brings_same_edition:
            journal.intent.require_agency(loan.checkout_agency_id)  # somebody saw the new copy
        return _lose(journal, loan=loan, item=item, reference=reference, same=brings_same_edition)

    asked = {"loan": loan_id, "same_edition": brings_same_edition}
    return run_once(intent=intent, action="report_lost", asked=asked, now=now, work=work)


def declare_lost(*, intent: Intent, loan_id: int, now: datetime) -> Answer:
    """So long overdue that the rules count it as lost (LO-4).

    As ``report_lost``; raises ``not_lost_yet`` too.
    """

    def work(journal: Journal) -> Answer:
        loan, item, reference = _open(journal, loan_id)
        journal.intent.require_agency(loan.owning_agency_id)
        after = terms_of(loan, reference=reference).lost_after_days
        late = (local_date(now) - local_date(loan.due_at)).days
        if after is None or late < after or loan.claimed_at is not None:
            raise LibraryError("not_lost_yet")
        return _lose(journal, loan=loan, item=item, reference=reference, same=False)

    asked = {"loan": loan_id}
    return run_once(intent=intent, action="declare_lost", asked=asked, now=now, work=work)


def recall(*, intent: Intent, loan_id: int, now: datetime) -> Answer:
    """Ask for the copy back sooner than agreed; by its owner or where it was lent; rule LO-8.

    Raises ``Refused`` (``loan_closed``, ``loan_claimed``, ``already_recalled``,
    ``due_soon_anyway``), ``unknown_loan``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        loan, item, reference = _open(journal, loan_id)
        scope = journal.intent.scope
        if not scope.covers(loan.owning_agency_id):
            scope.require(loan.checkout_agency_id)
        days = terms_of(loan, reference=reference).recall_days
        calendar = calendar_of(loan.checkout_branch)
        day = calendar.next_open(calendar.local_date(now) + timedelta(days=days or 0))
        due_at = calendar.end_of(day)
        if loan.claimed_at is not None:
            raise refused((reason(ReasonCode.LOAN_CLAIMED),))
        if loan.recalled_at is not None:
            raise refused((reason(ReasonCode.ALREADY_RECALLED),))
        if not days or due_at >= loan.due_at:
            due_date = calendar.local_date(loan.due_at).isoformat()
            raise refused((reason(ReasonCode.DUE_SOON_ANYWAY, due_date=due_date),))
        if not claim(_unchanged(loan), due_at=due_at, recalled_at=now):
            raise LostRace
        journal.happens(item, ItemEventKind.RECALLED, loan_id=loan.pk)
        return {
            "loan": loan.pk,
            "item": item_answer(item, reference=reference),
            "due_at": due_at.isoformat(),
            "due_date": day.isoformat(),
        }

    asked = {"loan": loan_id}
    return run_once(intent=intent, action="recall", asked=asked, now=now, work=work)


def _open(journal: Journal, loan_id: int) -> tuple[Loan, Item, Reference]:
    """The open loan with its copy and reader locked, in that order."""
    seen = Loan.objects.filter(pk=loan_id).values("item_id", "patron_id").first()
    if seen is None or seen["patron_id"] is None:
        raise LibraryError("unknown_loan")
    item = lock_item(seen["item_id"])
    lock_patron(seen["patron_id"])
    loan = Loan.objects.select_related("checkout_branch__agency", "patron__category").get(
        pk=loan_id
    )
    loan.item = item
    if loan.closed_at is not None:
        raise refused((reason(ReasonCode.LOAN_CLOSED),))
    return loan, item, load_reference(today=local_date(journal.now))


def _require_reader_or_desk(journal: Journal, loan: Loan) -> None:
    journal.intent.require_patron_or_agency(
        patron_id=loan.patron_id, agency_id=loan.checkout_agency_id
    )


def _unchanged(loan: Loan) -> QuerySet[Loan]:
    return Loan.objects.filter(
        pk=loan.pk, closed_at=None, due_at=loan.due_at, claimed_at=loan.claimed_at
    )


def _lose(journal: Journal, *, loan: Loan, item: Item, reference: Reference, same: bool) -> Answer:
    """End the loan without the copy: what the lateness cost so far, and what the copy costs."""
    now, branch = journal.now, loan.checkout_branch
    terms = terms_of(loan, reference=reference)
    if not claim(_unchanged(loan), closed_at=now, lost_at=now):
        raise LostRace
    until = min(now, loan.claimed_at or now)
    late = days_late(due=loan.due_at, returned=until, calendar=calendar_of(branch))
    fee = overdue_fee(
        days_late=late,
        per_day=terms.fee_per_day,
        cap=terms.fee_cap,
        grace_days=terms.grace_days,
        step_days=terms.fee_step_days,
        per_day_after=terms.fee_per_day_after,
    )
    book_lateness(journal, loan=loan, branch=branch, days_late=late, fee=fee, terms=terms)
    worth = book_loss(
        journal, loan=loan, item=item, branch=branch, terms=terms, brings_same_edition=same
    )
    if item.status in (ItemStatus.ON_LOAN, ItemStatus.CLAIMED_RETURNED):
        journal.happens(item, ItemEventKind.LOST, loan_id=loan.pk)
    return {
        "loan": loan.pk,
        "item": item_answer(item, reference=reference),
        "compensation": str(worth.amount),
        "processing": str(worth.processing),
        "fee": str(fee),
    }
