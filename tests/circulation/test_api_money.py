"""Money over REST: an account, payments, waivers, points, payouts, damage, settlements."""

from datetime import timedelta

import pytest
from django.utils import timezone

from circulation.actions.settle_month import settle_month
from circulation.models import LedgerEntry
from tests.circulation.bookkeeping import POINTS, TARIFF, Desk, rule
from tests.circulation.calls import Member
from tests.world import card_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(world) -> Desk:
    desk = Desk(world)
    desk.now = timezone.now()
    return desk


def body(member: Member, **more):
    return {"branch": member.branch, "card": card_of(member.world.patrons["雪"]), **more}


def test_an_account_says_what_is_owed_why_and_where_to_pay(world, work):
    rule(points={**POINTS, "per_yuan": 100})
    work.late(world.item("三体"), days=3)
    ziyang = Member(world, "ZY")

    account = ziyang.post("accounts/", body(ziyang)).json()

    assert account["owed"] == "0.30"
    (debt,) = account["debts"]
    assert (debt["owner_code"], debt["charges"][0]["title"]) == ("JJ", "三体")
    assert len(debt["pay_at"]) == 4
    assert account["points"] == [{"scheme": "", "balance": 297}]


def test_a_payment_is_entered_once_for_one_key(world, work):
    """FE-4."""
    work.late(world.item(), days=3)
    ziyang = Member(world, "ZY")
    sent = body(ziyang, owner="JJ", amount="0.20")

    first = ziyang.post("payments/", sent, key="k")
    again = ziyang.post("payments/", sent, key="k")
    other = ziyang.post("payments/", {**sent, "amount": "0.10"}, key="k")

    assert (first.status_code, first.json()) == (201, again.json())
    assert other.status_code == 422
    assert first.json()["still_owed"] == "0.10"
    assert LedgerEntry.objects.filter(kind="payment").count() == 2  # both books


def test_points_and_money_are_not_mixed_in_one_payment(world, work):
    """PO-4."""
    rule(points={**POINTS, "per_yuan": 100})
    work.late(world.item(), days=3)
    jinjiang = Member(world, "JJ")

    both = jinjiang.post("payments/", body(jinjiang, owner="JJ", amount="0.30", with_points=True))
    paid = jinjiang.post("payments/", body(jinjiang, owner="JJ", with_points=True))

    assert both.status_code in (400, 422)
    assert (paid.status_code, paid.json()["points"]) == (201, 30)


def test_a_waiver_needs_the_owner_and_a_reason(world, work):
    """FE-12."""
    work.late(world.item(), days=3)
    jinjiang, ziyang = Member(world, "JJ"), Member(world, "ZY")
    said = {"owner": "JJ", "amount": "0.30"}

    assert jinjiang.post("waivers/", body(jinjiang, **said)).status_code in (400, 422)
    assert ziyang.post("waivers/", body(ziyang, **said, reason="住院")).status_code == 403
    assert jinjiang.post("waivers/", body(jinjiang, **said, reason="住院")).status_code == 201


def test_damage_is_charged_and_an_unknown_kind_names_those_known(world, work):
    """FE-9."""
    rule(compensation={**TARIFF, "damages": [{"code": "torn", "per_mark": "2"}]})
    loan = work.lend(world.item())
    jinjiang = Member(world, "JJ")

    torn = jinjiang.post(
        f"loans/{loan.pk}/damage/", {"branch": "JJ-MAIN", "damage": "torn", "marks": 2}
    )
    eaten = jinjiang.post(f"loans/{loan.pk}/damage/", {"branch": "JJ-MAIN", "damage": "eaten"})

    assert (torn.status_code, torn.json()["fee"]) == (201, "4.00")
    assert eaten.status_code == 422
    assert "torn" in eaten.content.decode()


def test_nothing_stands_to_a_readers_credit_without_a_refund(world, work):
    """FE-8."""
    jinjiang = Member(world, "JJ")

    assert jinjiang.post("payouts/", body(jinjiang, owner="JJ")).status_code == 409


def test_settlements_are_the_same_for_both_sides_and_nobody_elses(world, work):
    """FE-11."""
    first = timezone.localdate().replace(day=1)
    work.now = timezone.now() - timedelta(days=timezone.localdate().day + 3)
    work.late(world.item(), days=3, at="ZY")
    work.pay("0.30", at="ZY")
    settle_month(intent=work.intent(), month=first - timedelta(days=1), now=timezone.now())
    jinjiang, ziyang, mianyang = (Member(world, code) for code in ("JJ", "ZY", "MY"))

    (mine,) = jinjiang.get("settlements/").json()["settlements"]
    address = f"settlements/{mine['id']}/"

    assert (mine["debtor"], mine["creditor"], mine["amount"]) == ("ZY", "JJ", "0.30")
    assert jinjiang.get(address).json() == ziyang.get(address).json()
    assert jinjiang.get(address, format="csv").content.startswith(b"\xef\xbb\xbfdate,kind")
    assert mianyang.get(address).status_code == 404
    assert mianyang.get("settlements/").json() == {"settlements": []}
    assert jinjiang.get("settlements/", month="2026-99").status_code == 422
    assert ziyang.post(f"{address}paid/").status_code == 403
    assert jinjiang.post(f"{address}paid/").json()["paid"] == "0.30"
    assert ziyang.get(address).json()["is_paid"] is True
    assert ziyang.post("settlements/", {"month": mine["month"]}).status_code == 403
