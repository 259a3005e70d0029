"""Random days at real desks: fees, payments, refunds, settlements; the books stay right."""

import itertools
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from circulation.actions.charge import charge_damage
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.loan_troubles import report_lost
from circulation.actions.operations import Intent
from circulation.actions.record_payment import pay_out, pay_with_points, record_payment
from circulation.actions.settle_month import confirm_transfer, settle_month
from circulation.domain.accounts import Account, Posting, trial_balance
from circulation.models import LedgerEntry, Loan, LoanRule, PointEntry, Settlement
from circulation.readers.lists import balance
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.world import NOW, World

ANYWHERE = Scope(everywhere=True)
DESKS = ["JJ-MAIN", "ZY-MAIN", "CD-MAIN"]
OWNERS = ["JJ", "ZY", "CD"]
READERS = ["雪", "川"]
EXPECTED = {
    "bad_amount", "too_few_points", "nothing_to_pay_out", "settlement_paid", "loan_closed",
    "already_yours", "on_loan", "too_many_loans", "unknown_loan", "not_ready_to_lend",
}  # fmt: skip
desk = st.sampled_from(DESKS)
owner = st.sampled_from(OWNERS)
reader = st.sampled_from(READERS)
fen = st.integers(1, 400).map(lambda n: Decimal(n) / 100)
index = st.integers(0, 5)


class Books(RuleBasedStateMachine):
    @initialize()
    def a_network(self):
        self.before = transaction.savepoint()  # an atomic block would forbid durable ones
        self.world = World.build()
        network = LoanRule.objects.get(code="test-network")
        network.compensation = {
            "factors": [{"times": "2"}],
            "processing": "5",
            "refund_days": 30,
            "damages": [{"code": "mark", "per_mark": "0.5"}],
        }
        network.points = {"start": 300, "per_late_day": 1, "per_yuan": 100, "loss": 50}
        network.max_loans = 9
        network.save()
        self.items = [
            self.world.item(f"书{n}", at=DESKS[n % 3], price=Decimal(n + 10)) for n in range(6)
        ]
        self.now = NOW
        self.numbers = itertools.count()
        self.cash = defaultdict(Decimal)  # what really changed hands, by desk's agency

    def act(self, action, **given):
        intent = Intent(caller="test", operation_id=f"op-{next(self.numbers)}", scope=ANYWHERE)
        try:
            return action(intent=intent, now=self.now, **given)
        except LibraryError as error:
            assert error.code in EXPECTED, error
            return None

    def branch(self, code: str) -> int:
        return self.world.branches[code].pk

    @rule(item=index, at=desk, who=reader)
    def lend(self, item, at, who):
        self.act(
            checkout,
            branch_id=self.branch(at),
            patron_id=self.world.patrons[who].pk,
            barcode=self.items[item].barcode,
        )

    @rule(item=index, at=desk)
    def take_back(self, item, at):
        checkin(
            intent=Intent(caller="test", operation_id=f"in-{next(self.numbers)}", scope=ANYWHERE),
            branch_id=self.branch(at),
            barcode=self.items[item].barcode,
            now=self.now,
        )

    @rule(loan=index)
    def lose(self, loan):
        loans = list(Loan.objects.filter(closed_at=None).order_by("pk"))
        if loans:
            self.act(report_lost, loan_id=loans[loan % len(loans)].pk)

    @rule(loan=index, at=desk, marks=st.integers(1, 4))
    def damage(self, loan, at, marks):
        loans = list(Loan.objects.order_by("pk"))
        if loans:
            self.act(
                charge_damage,
                loan_id=loans[loan % len(loans)].pk,
                branch_id=self.branch(at),
                damage="mark",
                marks=marks,
            )

    @rule(at=desk, who=reader, whose=owner, amount=fen, forgive=st.booleans())
    def pay(self, at, who, whose, amount, forgive):
        done = self.act(
            record_payment,
            branch_id=self.branch(at),
            patron_id=self.world.patrons[who].pk,
            owner=whose,
            amount=amount,
            is_waiver=forgive,
            reason="病假",
        )
        if done and not forgive:
            self.cash[at[:2]] += amount

    @rule(at=desk, who=reader, whose=owner)
    def pay_by_points(self, at, who, whose):
        self.act(
            pay_with_points,
            branch_id=self.branch(at),
            patron_id=self.world.patrons[who].pk,
            owner=whose,
        )

    @rule(at=desk, who=reader, whose=owner)
    def pay_back(self, at, who, whose):
        done = self.act(
            pay_out, branch_id=self.branch(at), patron_id=self.world.patrons[who].pk, owner=whose
        )
        if done:
            self.cash[at[:2]] -= Decimal(done["paid_out"])

    @rule(days=st.integers(1, 40))
    def time_passes(self, days):
        self.now += timedelta(days=days)

    @rule()
    def settle(self):
        month = self.now.replace(day=1) - timedelta(days=1)
        done = self.act(settle_month, month=month.date())
        net = defaultdict(Decimal)
        for pair in done["pairs"]:
            owed = Decimal(pair["first_owes"]) - Decimal(pair["second_owes"])
            net[pair["first"]] -= owed
            net[pair["second"]] += owed
        assert sum(net.values(), Decimal(0)) == 0

    @rule(which=index)
    def settlement_is_paid(self, which):
        found = list(Settlement.objects.order_by("pk"))
        if found:
            row = found[which % len(found)]
            if self.act(confirm_transfer, settlement_id=row.pk):
                net = row.first_owes - row.second_owes
                self.cash[row.first.code] -= net
                self.cash[row.second.code] += net

    @invariant()
    def the_books_are_right(self):
        if not hasattr(self, "world"):
            return
        entries = list(LedgerEntry.objects.all())
        found = trial_balance(
            Posting(
                book=entry.book_id,
                debit=Account(entry.debit),
                credit=Account(entry.credit),
                amount=entry.amount,
                other=entry.other_id,
            )
            for entry in entries
        )
        books = defaultdict(Decimal)
        for (book, _account), amount in found.items():
            books[book] += amount
        assert set(books.values()) <= {Decimal(0)}
        for code, amount in self.cash.items():
            assert found.get((self.world.agencies[code].pk, Account.CASH), Decimal(0)) == amount
        between = sum(
            amount
            for (_, account), amount in found.items()
            if account in (Account.DUE_FROM, Account.DUE_TO)
        )
        assert between == 0
        owed = sum(amount for (_, account), amount in found.items() if account == Account.READER)
        readers = (self.world.patrons[who].pk for who in READERS)
        assert owed == sum(balance(patron_id=pk) for pk in readers)
        once = [(e.loan_id, e.kind) for e in entries if e.kind in ("overdue", "compensation")]
        assert len(once) == len(set(once))
        assert PointEntry.objects.filter(kind="start").count() <= len(READERS)

    def teardown(self):
        if hasattr(self, "before"):
            transaction.savepoint_rollback(self.before)


@pytest.mark.django_db
@pytest.mark.timeout(280)
def test_whatever_is_charged_paid_and_settled_the_books_stay_right():
    """FE-1, FE-2, FE-4, FE-8, FE-11, PO-4."""
    hypothesis.stateful.run_state_machine_as_test(
        Books,
        settings=hypothesis.settings(
            max_examples=hypothesis.settings().max_examples // 6, stateful_step_count=30
        ),
    )
