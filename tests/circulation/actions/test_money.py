"""Money in double entry: payments, agreements, waivers, settlements; nothing is unbooked."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from circulation.actions.settle_month import confirm_transfer, settle_month
from circulation.domain.accounts import Account, trial_balance
from circulation.models import (
    CollectionAgreement,
    LedgerEntry,
    SettledEntry,
    Settlement,
)
from library_net.append_only import lifted
from library_net.errors import LibraryError
from tests.circulation.bookkeeping import Desk, postings
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


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
