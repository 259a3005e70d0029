"""Whatever is charged, paid, forgiven, given back and settled in whatever order: books balance."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from circulation.domain import accounts
from circulation.domain.accounts import Account, net_positions, settle, trial_balance

AGENCIES = (1, 2, 3, 4)
sums = st.integers(1, 5_000).map(lambda fen: Decimal(fen) / 100)
agency = st.sampled_from(AGENCIES)
moves = st.one_of(
    st.tuples(st.just("charge"), agency, agency, sums),
    st.tuples(st.just("pay"), agency, agency, sums),
    st.tuples(st.just("waive"), agency, agency, sums),
    st.tuples(st.just("points"), agency, agency, sums),
    st.tuples(st.just("refund"), agency, agency, sums),
    st.tuples(st.just("payout"), agency, agency, sums),
    st.tuples(st.just("settle"), agency, agency, sums),
)


def write(kind: str, owner: int, other: int, amount: Decimal) -> tuple[accounts.Posting, ...]:
    return {
        "charge": lambda: accounts.charge(owner=owner, amount=amount, income=Account.FEES),
        "pay": lambda: accounts.payment(owner=owner, collector=other, amount=amount),
        "waive": lambda: accounts.credit(owner=owner, amount=amount, why=Account.WAIVED),
        "points": lambda: accounts.credit(owner=owner, amount=amount, why=Account.POINTS),
        "refund": lambda: accounts.credit(owner=owner, amount=amount, why=Account.REFUNDS),
        "payout": lambda: accounts.payout(owner=owner, payer=other, amount=amount),
    }[kind]()


@given(st.lists(moves, max_size=60))
def test_books_balance_and_settlements_add_up_to_nothing(history):
    """FE-4, FE-11: per agency, per pair, and over the network."""
    rows, open_rows = [], []
    for kind, owner, other, amount in history:
        if kind != "settle":
            added = write(kind, owner, other, amount)
            rows += added
            open_rows += added
            continue
        pairs = settle(open_rows)
        open_rows = []
        assert sum(net_positions(pairs).values(), Decimal(0)) == 0
        for pair in pairs:
            rows += accounts.transfer(
                first=pair.first,
                second=pair.second,
                first_owes=max(pair.first_owes, Decimal(0)),
                second_owes=max(pair.second_owes, Decimal(0)),
            )
    books = defaultdict(Decimal)
    for (book, _account), amount in trial_balance(rows).items():
        books[book] += amount
    assert set(books.values()) <= {Decimal(0)}
    assert all(row.amount > 0 and row.debit != row.credit for row in rows)
    positions = net_positions(settle(open_rows))
    assert sum(positions.values(), Decimal(0)) == 0


@given(st.lists(moves, max_size=30))
def test_a_paid_settlement_leaves_nothing_between_two_agencies(history):
    """FE-11."""
    rows = [
        row
        for kind, owner, other, amount in history
        if kind != "settle"
        for row in write(kind, owner, other, amount)
    ]
    paid = [
        row
        for pair in settle(rows)
        for row in accounts.transfer(
            first=pair.first,
            second=pair.second,
            first_owes=pair.first_owes,
            second_owes=pair.second_owes,
        )
    ]

    for (_book, account), amount in trial_balance([*rows, *paid]).items():
        if account in (Account.DUE_TO, Account.DUE_FROM):
            assert amount == 0
