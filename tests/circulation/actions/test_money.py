"""Money in double entry: fees, compensation, refunds, agreements, points, days without lending."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from circulation.actions._money import book_found, book_loss
from circulation.actions.award_points import award_points
from circulation.actions.charge import charge_damage, lift_suspension
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent, run_once
from circulation.actions.record_payment import pay_out, pay_with_points, record_payment
from circulation.actions.settle_month import confirm_transfer, settle_month
from circulation.domain.accounts import Account, Posting, net_positions, settle, trial_balance
from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, resolve
from circulation.models import (
    CollectionAgreement,
    LedgerEntry,
    Loan,
    LoanRule,
    Patron,
    PointEntry,
    SettledEntry,
    Settlement,
    Suspension,
)
from circulation.models.ledger import PointKind
from circulation.readers.facts import place_of_loan
from circulation.readers.money import account_of
from circulation.readers.reference import load_reference
from library_net.accounts.scope import Scope, agency_scope
from library_net.append_only import lifted
from library_net.errors import LibraryError
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
POINTS = {"start": 300, "per_loan": 2, "most_per_day": 3, "per_late_day": 1, "loss": 50}
TARIFF = {"factors": [{"times": "2"}], "minimum": "20", "processing": "5", "refund_days": 30}


@pytest.fixture
def world() -> World:
    return World.build()


@pytest.fixture
def desk(world) -> "Desk":
    return Desk(world)


class Desk:
    """Everyday work at any branch, each call with an operation id of its own."""

    def __init__(self, world: World) -> None:
        self.world, self.now, self._count = world, NOW, 0

    def intent(self, agency: str = "") -> Intent:
        self._count += 1
        scope = agency_scope(self.world.agencies[agency].pk) if agency else Scope(everywhere=True)
        return Intent(caller="test", operation_id=f"op-{self._count}", scope=scope)

    def lend(self, item, *, at: str = "JJ", reader: str = "雪") -> Loan:
        answer = checkout(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            patron_id=self.world.patrons[reader].pk,
            barcode=item.barcode,
            now=self.now,
        )
        return Loan.objects.get(pk=answer["loan"])

    def bring_back(self, item, *, at: str = "JJ"):
        return checkin(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            barcode=item.barcode,
            now=self.now,
        )

    def late(self, item, *, days: int, at: str = "JJ", reader: str = "雪"):
        """Lend it so that it comes back this many days late, now."""
        loan = self.lend(item, reader=reader)
        Loan.objects.filter(pk=loan.pk).update(due_at=self.now - timedelta(days=days))
        return self.bring_back(item, at=at)

    def money(self, action, *, at: str = "JJ", owner: str = "JJ", reader: str = "雪", **more):
        return action(
            intent=self.intent(at),
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            patron_id=self.world.patrons[reader].pk,
            owner=owner,
            now=self.now,
            **more,
        )

    def pay(self, amount: str, **more):
        return self.money(record_payment, amount=Decimal(amount), **more)

    def lose(self, item, **more):
        """The reader says the copy is lost; the loan stays to be found again."""
        loan = self.lend(item)

        def work(journal):
            worth = book_loss(
                journal,
                loan=loan,
                item=item,
                branch=self.world.branches["JJ-MAIN"],
                terms=self.terms(loan),
                **more,
            )
            return {"total": str(worth.total)}

        answer = run_once(
            intent=self.intent(), action="lose", asked={"loan": loan.pk}, now=self.now, work=work
        )
        return loan, Decimal(answer["total"])

    def find(self, loan) -> Decimal:
        def work(journal):
            amount = book_found(
                journal,
                loan=loan,
                branch=self.world.branches["JJ-MAIN"],
                terms=self.terms(loan),
            )
            return {"refund": str(amount)}

        answer = run_once(
            intent=self.intent(), action="find", asked={"loan": loan.pk}, now=self.now, work=work
        )
        return Decimal(answer["refund"])

    def terms(self, loan):
        loan = Loan.objects.select_related("item", "checkout_branch").get(pk=loan.pk)
        reference = load_reference(today=local_date(self.now))
        place = place_of_loan(loan, reference=reference)
        context = Context(place=place, category="adult")
        return resolve(rules=reference.rules, context=context, on=local_date(self.now))

    def account(self, reader: str = "雪"):
        patron = Patron.objects.get(pk=self.world.patrons[reader].pk)
        return account_of(patron, now=self.now)


def postings() -> list[Posting]:
    return [
        Posting(
            book=entry.book_id,
            debit=Account(entry.debit),
            credit=Account(entry.credit),
            amount=entry.amount,
            other=entry.other_id,
        )
        for entry in LedgerEntry.objects.all()
    ]


def rule(**said) -> None:
    LoanRule.objects.filter(code="test-network").update(**said)
    LoanRule.objects.get(code="test-network").save()  # tells every process


def test_money_taken_elsewhere_stands_in_both_books(world, desk):
    """FE-4."""
    desk.late(world.item(), days=3, at="ZY")
    desk.pay("0.30", at="ZY")
    jinjiang, ziyang = (world.agencies[code].pk for code in ("JJ", "ZY"))

    found = trial_balance(postings())

    assert found[jinjiang, Account.READER] == 0
    assert found[jinjiang, Account.DUE_FROM] == Decimal("0.30")
    assert found[ziyang, Account.CASH] == Decimal("0.30")
    assert found[ziyang, Account.DUE_TO] == Decimal("-0.30")
    transactions = LedgerEntry.objects.filter(kind="payment").values_list("transaction")
    assert len(set(transactions)) == 1


def test_only_the_owner_collects_unless_a_dated_agreement_lets_others(world, desk):
    """FE-5."""
    CollectionAgreement.objects.all().delete()
    desk.late(world.item(), days=3)
    with pytest.raises(LibraryError, match="may_not_collect"):
        desk.pay("0.10", at="ZY")
    assert desk.account().debts[0].pay_at == ("锦江区图书馆",)

    agreement = CollectionAgreement.objects.create(
        code="centre",
        owner=world.agencies["CD"],  # and its districts, Jinjiang among them
        collector=world.agencies["ZY"],
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 11, 30),
    )
    assert desk.account().debts[0].pay_at == ("锦江区图书馆", "资阳市图书馆")
    assert desk.pay("0.10", at="ZY")["still_owed"] == "0.20"
    with pytest.raises(LibraryError, match="may_not_collect"):
        desk.pay("0.10", at="MY")
    agreement.valid_to = date(2026, 11, 1)
    agreement.save()
    with pytest.raises(LibraryError, match="may_not_collect"):
        desk.pay("0.10", at="ZY")


def test_a_waiver_is_the_owners_and_says_why(world, desk):
    """FE-12."""
    desk.late(world.item(), days=3)

    with pytest.raises(LibraryError, match="outside_your_agency"):
        desk.pay("0.30", at="ZY", is_waiver=True, reason="生病")
    with pytest.raises(LibraryError, match="reason_missing"):
        desk.pay("0.30", is_waiver=True, reason=" ")
    desk.pay("0.30", is_waiver=True, reason="读者生病住院")

    assert LedgerEntry.objects.get(kind="waiver").reason == "读者生病住院"
    assert desk.account().owed == 0


def test_one_loan_is_charged_once(world, desk):
    """FE-2."""
    desk.late(world.item(), days=3)
    entry = LedgerEntry.objects.get()
    entry.pk, entry.operation = None, None

    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()


@pytest.mark.parametrize("change", [{"amount": Decimal("0.01")}, {"kind": "waiver"}, {"rule": "x"}])
def test_what_was_booked_cannot_be_changed(world, desk, change):
    """FE-10."""
    desk.late(world.item(), days=3)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.all().delete()


def test_joined_records_take_their_debts_along(world, desk):
    """FE-10."""
    desk.late(world.item(), days=3)

    LedgerEntry.objects.update(patron=world.patrons["川"])

    assert desk.account("川").owed == Decimal("0.30")


@pytest.mark.django_db(transaction=True)
def test_an_emptied_database_guards_its_books_again(world, desk):
    """FE-10."""
    from django.core.management import call_command
    from django.db import connection

    desk.late(world.item(), days=3)
    call_command("flush", interactive=False, verbosity=0)
    assert LedgerEntry.objects.count() == 0

    world = World.build()
    Desk(world).late(world.item(), days=3)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.all().delete()
    with lifted(connection):
        pass


def test_a_lost_volume_of_a_set_costs_the_set_and_is_given_back_within_thirty_days(world, desk):
    """FE-6, FE-7, FE-8: scenario 8 of the domain notes."""
    rule(compensation=TARIFF, max_loans=9)
    prices = [{"text": "CNY158.00(全4册)", "amount": "158.00", "currency": "CNY", "set_of": 4}]
    record = world.record("大藏经", prices=prices, year=2012, country="CN")
    early, late = (world.item(record, price=None, volume=f"第{n}册") for n in (2, 3))
    first, cost = desk.lose(early)
    second, _ = desk.lose(late)
    assert cost == Decimal("158.00") * 2 + 5
    assert desk.account().owed == 2 * cost

    desk.now = NOW + timedelta(days=29)
    assert desk.find(first) == Decimal("316.00")  # the processing fee stays
    desk.now = NOW + timedelta(days=31)
    assert desk.find(second) == 0

    assert desk.account().owed == 2 * cost - 316
    assert [c.kind for c in desk.account().debts[0].charges] != []


def test_what_was_paid_for_a_found_copy_is_paid_out_at_another_desk(world, desk):
    """FE-8."""
    rule(compensation=TARIFF)
    item = world.item(price=Decimal("0.38"))  # a price of the seventies: the minimum holds
    loan, cost = desk.lose(item)
    assert cost == 25
    desk.pay("25.00")
    assert desk.find(loan) == 20
    assert desk.account().debts[0].is_credit

    assert desk.money(pay_out, at="ZY")["paid_out"] == "20.00"

    assert desk.account().debts == ()
    with pytest.raises(LibraryError, match="nothing_to_pay_out"):
        desk.money(pay_out, at="ZY")
    (pair,) = settle(postings())
    jinjiang = world.agencies["JJ"].pk
    assert net_positions([pair])[jinjiang] == -20


def test_the_same_edition_in_hand_costs_the_processing_fee_only(world, desk):
    """FE-6."""
    rule(compensation=TARIFF)

    _, cost = desk.lose(world.item(price=Decimal(40)), brings_same_edition=True)

    assert cost == 5


def test_damage_is_charged_by_its_kind(world, desk):
    """FE-9, PO-5."""
    damages = [{"code": "mark", "per_mark": "0.5"}, {"code": "torn", "share": "0.2"}]
    rule(
        compensation={**TARIFF, "damages": damages},
        points={"start": 300, "damage": 25, "per_yuan": 100},
    )
    loan = desk.lend(world.item(price=Decimal(40)))

    def damage(kind: str, **more):
        return charge_damage(
            intent=desk.intent("JJ"),
            branch_id=world.branches["JJ-MAIN"].pk,
            loan_id=loan.pk,
            damage=kind,
            now=NOW,
            **more,
        )["fee"]

    assert damage("mark", marks=3) == "1.50"
    assert damage("torn") == "8.00"
    with pytest.raises(LibraryError, match="unknown_damage"):
        damage("eaten")
    assert desk.account().points[0].balance == 250


def test_two_books_three_days_late_cost_six_points_and_sixty_fen_that_points_may_pay(world, desk):
    """PO-1, PO-3, PO-4: scenario 6 of the domain notes."""
    rule(points={**POINTS, "start": 66, "per_yuan": 100})
    for title in ("三体", "活着"):
        desk.late(world.item(title), days=3)
    assert desk.account().owed == Decimal("0.60")
    assert desk.account().points[0].balance == 60

    answer = desk.money(pay_with_points)

    assert (answer["paid"], answer["points"], answer["points_left"]) == ("0.60", 60, 0)
    assert desk.account().owed == 0
    assert LedgerEntry.objects.get(kind="points").debit == Account.POINTS


def test_points_pay_all_or_nothing(world, desk):
    """PO-4."""
    rule(points={**POINTS, "start": 65, "per_yuan": 100})
    for title in ("三体", "活着"):
        desk.late(world.item(title), days=3)

    with pytest.raises(LibraryError, match="too_few_points"):
        desk.money(pay_with_points)

    assert desk.account().owed == Decimal("0.60")
    rule(points={"start": 300})
    with pytest.raises(LibraryError, match="no_points_scheme"):
        desk.money(pay_with_points)


def test_borrowing_earns_points_once_up_to_the_days_limit(world, desk):
    """PO-1, PO-2."""
    rule(points=POINTS)
    for title in ("三体", "活着", "围城"):
        desk.lend(world.item(title))

    assert award_points(now=NOW) == 3
    assert award_points(now=NOW) == 0

    earned = PointEntry.objects.filter(kind=PointKind.LOAN).order_by("loan_id")
    assert list(earned.values_list("points", flat=True)) == [2, 1, 0]
    assert desk.account().points[0].balance == 303


def test_a_lost_copy_costs_points(world, desk):
    """PO-5."""
    rule(points=POINTS, compensation=TARIFF)

    desk.lose(world.item())

    assert PointEntry.objects.get(kind=PointKind.LOSS).points == -50


def test_days_without_lending_instead_of_money_stop_the_owners_copies_only(world, desk):
    """FE-3, CO-14."""
    LoanRule.objects.create(code="days", owner=world.agencies["JJ"], suspend_days=2, fee_per_day=0)
    desk.late(world.item("三体"), days=3)
    desk.late(world.item("活着", owner="ZY"), days=3)

    # six days from the 20th; the second book was another library's, whose rule takes money
    assert [(s.owner, s.until) for s in desk.account().suspensions] == [
        ("锦江区图书馆", date(2026, 11, 26))
    ]
    with pytest.raises(LibraryError) as refusal:
        desk.lend(world.item("围城"))
    assert refusal.value.code == "suspended_until"
    assert desk.lend(world.item("边城", at="ZY-MAIN"), at="ZY").pk
    assert desk.account().owed == Decimal("0.30")

    with pytest.raises(LibraryError, match="reason_missing"):
        lift_suspension(
            intent=desk.intent("JJ"),
            patron_id=world.patrons["雪"].pk,
            owner="JJ",
            reason="",
            now=NOW,
        )
    lift_suspension(
        intent=desk.intent("JJ"),
        patron_id=world.patrons["雪"].pk,
        owner="JJ",
        reason="馆方送书迟误",
        now=NOW,
    )
    assert desk.lend(world.item("朝花夕拾")).pk
    assert Suspension.objects.get().reason == "馆方送书迟误"


def test_a_child_is_told_from_what_age_a_copy_is_lent(world, desk):
    """CO-15."""
    LoanRule.objects.create(code="grown", owner=world.agencies["JJ"], min_age=14)

    with pytest.raises(LibraryError) as refusal:
        desk.lend(world.item(), reader="禾")

    assert refusal.value.code == "too_young"


def test_a_month_is_settled_once_and_what_comes_later_is_in_the_next(world, desk):
    """FE-11."""
    desk.now = NOW  # November
    desk.late(world.item("三体"), days=3, at="ZY")
    desk.late(world.item("活着", at="ZY-MAIN", owner="ZY"), days=5, at="JJ")
    desk.pay("0.30", at="ZY")
    desk.pay("0.20", at="JJ", owner="ZY")
    with pytest.raises(LibraryError, match="month_not_over"):
        settle_month(intent=desk.intent(), month=NOW.date(), now=NOW)
    december = NOW + timedelta(days=30)
    with pytest.raises(LibraryError, match="outside_your_agency"):
        settle_month(intent=desk.intent("JJ"), month=NOW.date(), now=december)

    answer = settle_month(intent=desk.intent(), month=NOW.date(), now=december)

    assert answer["pairs"] == [
        {"first": "JJ", "second": "ZY", "first_owes": "0.20", "second_owes": "0.30"}
    ]
    assert SettledEntry.objects.count() == 4
    again = settle_month(intent=desk.intent(), month=NOW.date(), now=december)
    assert again["pairs"] == []
    desk.now = december
    desk.pay("0.30", at="JJ", owner="ZY")
    january = settle_month(
        intent=desk.intent(), month=december.date(), now=december + timedelta(days=30)
    )
    assert [pair["first_owes"] for pair in january["pairs"]] == ["0.30"]


def test_a_settlement_is_immutable_and_its_payment_clears_both_books(world, desk):
    """FE-10, FE-11."""
    desk.late(world.item(), days=3, at="ZY")
    desk.pay("0.30", at="ZY")
    settle_month(intent=desk.intent(), month=NOW.date(), now=NOW + timedelta(days=30))
    row = Settlement.objects.get()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Settlement.objects.update(first_owes=0)

    with pytest.raises(LibraryError, match="outside_your_agency"):  # the debtor cannot say so
        confirm_transfer(intent=desk.intent("ZY"), settlement_id=row.pk, now=NOW)
    confirm_transfer(intent=desk.intent("JJ"), settlement_id=row.pk, now=NOW)
    with pytest.raises(LibraryError, match="settlement_paid"):
        confirm_transfer(intent=desk.intent("JJ"), settlement_id=row.pk, now=NOW)

    found = trial_balance(postings())
    assert {
        amount for (_, account), amount in found.items() if account in ("due_to", "due_from")
    } == {0}
    assert found[world.agencies["JJ"].pk, Account.CASH] == Decimal("0.30")


def test_books_that_disagree_are_not_settled(world, desk):
    """FE-11."""
    desk.late(world.item(), days=3, at="ZY")
    desk.pay("0.30", at="ZY")
    entry = LedgerEntry.objects.filter(kind="payment").first()
    entry.pk, entry.amount = None, Decimal("0.01")
    entry.save()

    with pytest.raises(LibraryError, match="books_disagree"):
        settle_month(intent=desk.intent(), month=NOW.date(), now=NOW + timedelta(days=30))

    assert not Settlement.objects.exists()


def test_the_columns_sum_is_what_the_reader_owes(world, desk):
    desk.late(world.item(), days=3)
    desk.pay("0.10")

    owed = LedgerEntry.objects.aggregate(sum=Sum("owed"))["sum"]

    assert Decimal(owed) == Decimal("0.20")
