"""Double entry, pure: what each kind of money movement writes into whose books.

Every posting moves one sum inside the books of one agency from one account to another, so books
balance by construction. Where two agencies take part each writes its own side, and what the one
is owed is what the other owes. Agencies are row ids; sums are CNY above zero. RULES.md, FE-.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from circulation.domain.fees import NOTHING


class Account(StrEnum):
    READER = "reader"  # what the reader owes this agency (below zero: what it owes the reader)
    CASH = "cash"  # collected at this agency's desks
    DUE_FROM = "due_from"  # another agency collected for this one
    DUE_TO = "due_to"  # this agency collected for another
    FEES = "fees"  # income: overdue fees
    COMPENSATION = "compensation"  # income: lost and damaged copies
    WAIVED = "waived"  # forgiven
    REFUNDS = "refunds"  # given back for copies found again
    POINTS = "points"  # paid with points


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """``amount`` from ``credit`` to ``debit``, in the books of ``book``."""

    book: int
    debit: Account
    credit: Account
    amount: Decimal
    other: int | None = None  # the agency on the other side of DUE_FROM and DUE_TO


def charge(*, owner: int, amount: Decimal, income: Account) -> tuple[Posting, ...]:
    """A reader owes the owner of a copy."""
    return (Posting(book=owner, debit=Account.READER, credit=income, amount=amount),)


def payment(*, owner: int, collector: int, amount: Decimal) -> tuple[Posting, ...]:
    """Money handed over: FE-4. What another agency collects, it owes to the owner."""
    if owner == collector:
        return (Posting(book=owner, debit=Account.CASH, credit=Account.READER, amount=amount),)
    return (
        _crossing(collector, Account.CASH, Account.DUE_TO, amount=amount, other=owner),
        _crossing(owner, Account.DUE_FROM, Account.READER, amount=amount, other=collector),
    )


def credit(*, owner: int, amount: Decimal, why: Account) -> tuple[Posting, ...]:
    """A debt that goes without money: WAIVED, POINTS or REFUNDS."""
    return (Posting(book=owner, debit=why, credit=Account.READER, amount=amount),)


def payout(*, owner: int, payer: int, amount: Decimal) -> tuple[Posting, ...]:
    """What stands to the reader's credit is handed out, by the owner or by another for it."""
    if owner == payer:
        return (Posting(book=owner, debit=Account.READER, credit=Account.CASH, amount=amount),)
    return (
        _crossing(owner, Account.READER, Account.DUE_TO, amount=amount, other=payer),
        _crossing(payer, Account.DUE_FROM, Account.CASH, amount=amount, other=owner),
    )


def transfer(
    *, first: int, second: int, first_owes: Decimal, second_owes: Decimal
) -> tuple[Posting, ...]:
    """A settlement is paid: what both owe is set off, the rest goes from one to the other."""
    common = min(first_owes, second_owes)
    debtor, creditor = (first, second) if first_owes > second_owes else (second, first)
    postings = [
        _crossing(book, Account.DUE_TO, Account.DUE_FROM, amount=common, other=other)
        for book, other in ((first, second), (second, first))
        if common
    ]
    if rest := abs(first_owes - second_owes):
        postings += [
            _crossing(debtor, Account.DUE_TO, Account.CASH, amount=rest, other=creditor),
            _crossing(creditor, Account.CASH, Account.DUE_FROM, amount=rest, other=debtor),
        ]
    return tuple(postings)


def _crossing(
    book: int, debit: Account, credit: Account, *, amount: Decimal, other: int
) -> Posting:
    """One side of what happens between two agencies."""
    return Posting(book=book, debit=debit, credit=credit, amount=amount, other=other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two agencies at the end of a period; ``first`` has the smaller id."""

    first: int
    second: int
    first_owes: Decimal
    second_owes: Decimal

    @property
    def net(self) -> Decimal:
        """What ``first`` pays to ``second``; below zero: the other way."""
        return self.first_owes - self.second_owes


def settle(postings: Iterable[Posting]) -> tuple[Between, ...]:
    """What every pair owes each other by these postings: FE-11.

    Raises ``ValueError`` naming the pair when one side's books say otherwise than the other's.
    """
    owed: dict[tuple[int, int], Decimal] = defaultdict(lambda: NOTHING)  # (debtor, creditor)
    claimed: dict[tuple[int, int], Decimal] = defaultdict(lambda: NOTHING)
    for row in postings:
        if row.other is None:
            continue
        owed[row.book, row.other] += _signed(row, Account.DUE_TO, grows_by_credit=True)
        claimed[row.other, row.book] += _signed(row, Account.DUE_FROM, grows_by_credit=False)
    pairs = {(min(pair), max(pair)) for pair in (*owed, *claimed)}
    for pair in sorted({*owed, *claimed}):
        if owed[pair] != claimed[pair]:
            message = f"{pair[0]} owes {owed[pair]} to {pair[1]}, whose books say {claimed[pair]}"
            raise ValueError(message)
    return tuple(
        Between(
            first=first,
            second=second,
            first_owes=owed[first, second],
            second_owes=owed[second, first],
        )
        for first, second in sorted(pairs)
    )


def net_positions(pairs: Iterable[Between]) -> dict[int, Decimal]:
    """What each agency gets (above zero) or pays; over the network they add up to nothing."""
    totals: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    for pair in pairs:
        totals[pair.first] -= pair.net
        totals[pair.second] += pair.net
    return dict(totals)


def trial_balance(postings: Iterable[Posting]) -> dict[tuple[int, Account], Decimal]:
    """Debits less credits of each account of each agency; per agency they add up to nothing."""
    totals: dict[tuple[int, Account], Decimal] = defaultdict(lambda: NOTHING)
    for row in postings:
        totals[row.book, row.debit] += row.amount
        totals[row.book, row.credit] -= row.amount
    return dict(totals)


def _signed(row: Posting, account: Account, *, grows_by_credit: bool) -> Decimal:
    if account not in (row.debit, row.credit):
        return NOTHING
    grows = (row.credit == account) == grows_by_credit
    return row.amount if grows else -row.amount
