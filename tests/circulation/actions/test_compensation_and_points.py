"""What a lost, damaged or late copy costs: compensation, refunds, points, days without lending."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from circulation.actions.award_points import award_points
from circulation.actions.charge import charge_damage, lift_suspension
from circulation.actions.record_payment import pay_out, pay_with_points
from circulation.domain.accounts import Account, net_positions, settle
from circulation.models import (
    LedgerEntry,
    LoanRule,
    PointEntry,
    Suspension,
)
from circulation.models.ledger import PointKind
from library_net.errors import LibraryError
from tests.circulation.bookkeeping import POINTS, TARIFF, postings, rule
from tests.world import NOW

pytestmark = pytest.mark.django_db


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
