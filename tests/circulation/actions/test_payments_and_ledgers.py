"""Money at the desk; the ledger's contract; a reader who acts for themself."""

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.domain.items import ItemStatus
from circulation.actions.cancel_request import cancel_request
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent
from circulation.actions.place_request import place_request
from circulation.actions.record_payment import record_payment
from circulation.actions.renew import renew
from circulation.ledgers import Standing, ledger_of
from circulation.models import LedgerEntry, Loan
from circulation.readers.lists import balance, debts, open_loans, open_requests, positions
from circulation.readers.statements import Period, statement
from library_net.accounts.scope import agency_scope
from library_net.errors import LibraryError
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def staff(world: World, agency: str, operation_id: str) -> Intent:
    scope = agency_scope(world.agencies[agency].pk)
    return Intent(caller=f"test:{agency}", operation_id=operation_id, scope=scope)


def lend(world: World, item, *, reader: str = "雪", agency: str = "JJ"):
    return checkout(
        intent=staff(world, agency, f"lend-{item.pk}"),
        branch_id=world.branches[f"{agency}-MAIN"].pk,
        patron_id=world.patrons[reader].pk,
        barcode=item.barcode,
        now=NOW,
    )


def owe_thirty_fen(world: World) -> None:
    item = world.item()
    lend(world, item)
    Loan.objects.update(due_at=NOW - timedelta(days=3))
    checkin(
        intent=staff(world, "ZY", "back"),
        branch_id=world.branches["ZY-MAIN"].pk,
        barcode=item.barcode,
        now=NOW,
    )


def pay(world: World, amount: str, *, at: str = "ZY", key: str = "pay", **more):
    return record_payment(
        intent=staff(world, at, key),
        branch_id=world.branches[f"{at}-MAIN"].pk,
        patron_id=world.patrons["雪"].pk,
        owner="JJ",
        amount=Decimal(amount),
        now=NOW,
        **more,
    )


def test_money_is_the_owners_whoever_collects_it(world):
    owe_thirty_fen(world)
    reader = world.patrons["雪"].pk
    assert debts(patron_id=reader) == [("JJ", Decimal("0.30"))]

    answer = pay(world, "0.20")
    pay(world, "0.20")  # the same operation once more

    assert answer["still_owed"] == "0.10"
    assert balance(patron_id=reader) == Decimal("0.10")
    period = Period(first=NOW.date(), last=NOW.date())
    (ours,) = statement(agency_id=world.agencies["JJ"].pk, agency="JJ", period=period).totals
    (theirs,) = statement(agency_id=world.agencies["ZY"].pk, agency="ZY", period=period).totals
    assert ours.our_money_collected_by_them == theirs.their_money_collected_by_us
    assert ours.our_money_collected_by_them == Decimal("0.20")


@pytest.mark.parametrize("amount", ["0", "-1", "0.31"])
def test_no_more_than_what_is_owed_is_entered(world, amount):
    owe_thirty_fen(world)

    with pytest.raises(LibraryError, match="bad_amount"):
        pay(world, amount)

    assert LedgerEntry.objects.count() == 1


def test_only_the_owner_forgives(world):
    owe_thirty_fen(world)

    with pytest.raises(LibraryError, match="outside_your_agency"):
        pay(world, "0.30", is_waiver=True)
    waived = pay(world, "0.30", at="JJ", key="waive", is_waiver=True, reason="病假")
    assert waived["still_owed"] == "0.00"


def test_a_reader_renews_and_cancels_what_is_theirs_and_nothing_else(world):
    item = world.item()
    loan = lend(world, item)["loan"]
    me = {"caller": "user:1", "patron_id": world.patrons["雪"].pk}
    other = {"caller": "user:2", "patron_id": world.patrons["川"].pk}

    with pytest.raises(LibraryError, match="outside_your_agency"):
        renew(intent=Intent(operation_id="1", **other), loan_id=loan, now=NOW)
    renew(intent=Intent(operation_id="1", **me), loan_id=loan, now=NOW)
    asked = place_request(
        intent=Intent(operation_id="2", **other),
        patron_id=world.patrons["川"].pk,
        pickup_branch_id=world.branches["ZY-MAIN"].pk,
        anchor_id=item.source_record_id,
        now=NOW,
    )
    with pytest.raises(LibraryError, match="outside_your_agency"):
        cancel_request(intent=Intent(operation_id="3", **me), request_id=asked["request"], now=NOW)
    assert [loan.pk for loan in open_loans(patron_id=me["patron_id"])] == [loan]
    mine = list(open_requests(patron_id=other["patron_id"]))
    assert positions(mine) == {asked["request"]: 1}


def test_the_hosted_ledger_changes_a_copy_only_from_what_was_seen(world):
    item = world.item()
    hosted = ledger_of("hosted")
    here = Standing(status=ItemStatus.AVAILABLE, branch_id=item.current_branch_id)
    lent = Standing(status=ItemStatus.ON_LOAN, branch_id=item.current_branch_id)
    given = {"item_id": item.pk, "operation_id": "1", "now": NOW}

    assert hosted.claim(seen=here, new=lent, **given)
    assert not hosted.claim(seen=here, new=lent, **given)
    assert hosted.look(item_ids=[item.pk]) == {item.pk: lent}
    assert list(hosted.changes(since=NOW)) == [(item.pk, lent)]
    assert hosted.release(seen=lent, new=here, **given)


def test_an_unconnected_ledger_is_named(world):
    item = world.item(ledger="sip2")

    with pytest.raises(LibraryError, match="unknown_ledger"):
        lend(world, item)

    assert Loan.objects.count() == 0
