"""What institutions owe each other for a month, and that it was paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from circulation.actions._money import Sides, book
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain import accounts
from circulation.domain.accounts import Account, Between, Posting, settle
from circulation.domain.calendar import ALWAYS_OPEN, local_date
from circulation.models import LedgerEntry, SettledEntry, Settlement
from circulation.models.ledger import LedgerEntryKind
from library_net.errors import LibraryError
from library_net.network.models import Agency

BATCH = 1000


def settle_month(*, intent: Intent, month: date, now: datetime) -> Answer:
    """One immutable settlement for each pair with money between them until the month's end (FE-11).

    A pair that was settled for this month already is left alone: what came later is in its next
    month. For network administrators. Raises ``month_not_over``, ``books_disagree``,
    ``outside_your_agency``, ``operation_reused``.
    """
    first_day = month.replace(day=1)
    after = (first_day + timedelta(days=32)).replace(day=1)

    def work(_journal: Journal) -> Answer:
        if not intent.scope.everywhere:
            raise LibraryError("outside_your_agency")
        if local_date(now) < after:
            raise LibraryError("month_not_over", month=first_day.strftime("%Y-%m"))
        done = set(Settlement.objects.filter(month=first_day).values_list("first_id", "second_id"))
        end = ALWAYS_OPEN.end_of(after - timedelta(days=1))
        entries = [
            entry
            for entry in LedgerEntry.objects.filter(
                other__isnull=False, at__lte=end, settled=None
            ).exclude(kind=LedgerEntryKind.TRANSFER)
            if _pair(entry) not in done
        ]
        pairs = _settled(entries)
        _write(first_day, pairs=pairs, entries=entries, now=now)
        codes = dict(Agency.objects.values_list("pk", "code"))
        return {
            "month": first_day.strftime("%Y-%m"),
            "pairs": [
                {
                    "first": codes[pair.first],
                    "second": codes[pair.second],
                    "first_owes": str(pair.first_owes),
                    "second_owes": str(pair.second_owes),
                }
                for pair in pairs
            ],
        }

    asked = {"month": first_day.isoformat()}
    return run_once(intent=intent, action="settle_month", asked=asked, now=now, work=work)


def confirm_transfer(*, intent: Intent, settlement_id: int, now: datetime) -> Answer:
    """The creditor says the money of a settlement has arrived; both books are cleared.

    Raises ``unknown_settlement``, ``settlement_paid``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        row = Settlement.objects.select_for_update(no_key=True).filter(pk=settlement_id).first()
        if row is None:
            raise LibraryError("unknown_settlement")
        creditor = row.second_id if row.first_owes >= row.second_owes else row.first_id
        intent.require_agency(creditor)
        if LedgerEntry.objects.filter(settlement=row).exists():
            raise LibraryError("settlement_paid")
        postings = accounts.transfer(
            first=row.first_id,
            second=row.second_id,
            first_owes=row.first_owes,
            second_owes=row.second_owes,
        )
        debtor = row.first_id if creditor == row.second_id else row.second_id
        book(
            journal,
            postings,
            sides=Sides(patron_id=None, owner_id=creditor, collector_id=debtor),
            kind=LedgerEntryKind.TRANSFER,
            settlement_id=row.pk,
        )
        return {"settlement": row.pk, "paid": str(abs(row.first_owes - row.second_owes))}

    asked = {"settlement": settlement_id}
    return run_once(intent=intent, action="confirm_transfer", asked=asked, now=now, work=work)


def _pair(entry: LedgerEntry) -> tuple[int, int]:
    assert entry.other_id is not None
    return min(entry.book_id, entry.other_id), max(entry.book_id, entry.other_id)


def _settled(entries: Iterable[LedgerEntry]) -> tuple[Between, ...]:
    postings = (
        Posting(
            book=entry.book_id,
            debit=Account(entry.debit),
            credit=Account(entry.credit),
            amount=entry.amount,
            other=entry.other_id,
        )
        for entry in entries
    )
    try:
        return settle(postings)
    except ValueError as error:
        raise LibraryError("books_disagree", detail=str(error)) from error


def _write(
    month: date,
    *,
    pairs: Iterable[Between],
    entries: Iterable[LedgerEntry],
    now: datetime,
) -> None:
    rows = {
        (pair.first, pair.second): Settlement.objects.create(
            month=month,
            first_id=pair.first,
            second_id=pair.second,
            first_owes=pair.first_owes,
            second_owes=pair.second_owes,
            created_at=now,
        )
        for pair in pairs
    }
    SettledEntry.objects.bulk_create(
        (SettledEntry(entry=entry, settlement=rows[_pair(entry)]) for entry in entries),
        batch_size=BATCH,
    )
