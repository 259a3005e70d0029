"""The circulation scenarios a Chinese federation is tried by, through its public doors.

Numbers are those of the project's domain notes. Days pass by moving a loan back in time.
"""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from catalog.models import Item
from circulation.actions.allocate_requests import allocate_requests
from circulation.actions.check_item_events import check_item_events
from circulation.domain.calendar import local_date
from circulation.ledger_tasks import tell_ledgers
from circulation.models import (
    Credential,
    LedgerEntry,
    LedgerMessage,
    Loan,
    LoanRule,
    Operation,
    Patron,
    Transit,
)
from library_net.network.models import ClosedDay
from tests.circulation.calls import Member, reasons
from tests.circulation.town_library import KIND, connected
from tests.concurrency.test_circulation import all_at_once
from tests.world import World, card_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


@pytest.fixture
def world() -> World:
    cache.clear()
    return World.build()


@pytest.fixture
def jinjiang(world) -> Member:
    return Member(world, "JJ")


@pytest.fixture
def ziyang(world) -> Member:
    return Member(world, "ZY")


def days_ago(loan, days):
    """The loan as it would be had it been made and due so much earlier."""
    row = Loan.objects.get(pk=loan)
    gone = timedelta(days=days)
    Loan.objects.filter(pk=loan).update(
        checked_out_at=row.checked_out_at - gone, due_at=row.due_at - gone
    )


def today(ahead=0):
    return local_date(timezone.now()) + timedelta(days=ahead)


def owed(member, reader):
    body = {"branch": member.branch, "card": card_of(member.world.patrons[reader])}
    return member.post("accounts/", body).json()


def test_scenario_1_five_and_five_loans_at_once_in_two_cities_are_exactly_eight(world):
    """CO-7: one credential, the network's limit of eight."""
    LoanRule.objects.update(max_loans=8)
    books = [world.item(f"书{n}", at=("JJ-MAIN", "ZY-MAIN")[n % 2]) for n in range(10)]
    desks = [Member(world, ("JJ", "ZY")[n % 2]) for n in range(10)]

    answers = all_at_once(lambda n: desks[n].checkout("雪", books[n]), threads=10)

    assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409] * 2
    assert Loan.objects.filter(closed_at=None).count() == 8
    assert {code for a in answers if a.status_code == 409 for code in reasons(a)} == {
        "too_many_loans"
    }


def test_scenario_2_a_book_comes_back_elsewhere_while_the_owners_own_system_is_down(
    world, jinjiang, ziyang
):
    """LG-1, LG-2, CI-1: cleared at once, the owner is told later, nobody pays twice."""
    world.agencies["ZY"].return_policy = "home"
    world.agencies["ZY"].save()
    item = world.item("三体", at="JJ-MAIN")
    Item.objects.filter(pk=item.pk).update(ledger=KIND)
    with connected() as town:
        loan = jinjiang.checkout("雪", item).json()["loan"]
        days_ago(loan, 31)  # a day late
        answer = ziyang.checkin(item, key="return-1")
        again = ziyang.checkin(item, key="return-1")  # the desk sends it once more
        cleared = Loan.objects.filter(patron=world.patrons["雪"], closed_at=None).count()
        fees = LedgerEntry.objects.count()
        transit = answer.json()["next"]["transit"]
        ziyang.post(f"transits/{transit}/dispatch/")
        jinjiang.post(f"transits/{transit}/receive/")
        while_down = tell_ledgers()

        town.cuts = 1  # the first answer is lost after its books changed
        with town.up():
            for minutes in (20, 40, 60):
                later = timezone.now() + timedelta(minutes=minutes)
                with pytest.MonkeyPatch.context() as clock:
                    clock.setattr(timezone, "now", lambda later=later: later)
                    tell_ledgers()

    assert (answer.status_code, again.json()) == (200, answer.json())
    assert (answer.json()["closed_loan"], cleared) == (loan, 0)
    assert while_down == 0
    assert town.calls == [
        ("claim", "on_loan"),
        ("claim", "in_transit"),
        ("release", "available"),
    ]
    assert len(town.heard) == 4  # the one whose answer was lost came twice, and counted once
    assert str(owed(jinjiang, "雪")["owed"]) == "0.10"
    assert LedgerEntry.objects.count() == fees
    assert LedgerMessage.objects.exclude(state="taken").count() == 0
    assert check_item_events().is_sound


def test_scenario_3_a_barcode_of_three_libraries_is_settled_by_owner_loan_or_operator(
    world, jinjiang, ziyang
):
    """CI-2, CI-12, CO-13."""
    copies = {
        owner: world.item(f"{owner}的书", at=f"{owner}-MAIN", barcode="01234567")
        for owner in ("JJ", "ZY", "MY")
    }

    by_owner = jinjiang.checkout("雪", "01234567", owner="ZY")
    by_loan = jinjiang.checkin("01234567")  # only one of the three is on loan
    nobody_knows = ziyang.checkin("01234567")  # none is: the operator is asked
    chosen = ziyang.checkin("01234567", owner="MY")

    assert by_owner.json()["item"]["id"] == copies["ZY"].pk
    assert by_loan.json()["item"]["id"] == copies["ZY"].pk
    assert nobody_knows.json()["next"] == {"kind": "staff"}
    assert set(nobody_knows.json()["owners"]) == {"JJ", "ZY", "MY"}
    assert chosen.json()["item"]["id"] == copies["MY"].pk


def test_scenario_4_the_same_loan_is_renewed_from_today_here_and_from_its_due_date_there(
    world, jinjiang
):
    """RN-7."""
    for owner, base, days in (("ZY", "today", 30), ("JJ", "due_date", 15)):
        LoanRule.objects.create(
            code=f"{owner}-renewal",
            owner=world.agencies[owner],
            renew_from=base,
            renewal_days=days,
        )
    loans = {
        owner: jinjiang.checkout("雪", world.item(at=f"{owner}-MAIN")).json()["loan"]
        for owner in ("ZY", "JJ")
    }
    for loan in loans.values():
        days_ago(loan, 20)  # ten days are left

    from_today = jinjiang.renew(loans["ZY"]).json()["due_date"]
    from_due = jinjiang.renew(loans["JJ"]).json()["due_date"]

    assert from_today == str(today(30))
    assert from_due == str(today(10 + 15))


def test_scenario_5_a_closed_day_of_the_place_of_return_forgives(world, jinjiang, ziyang):
    """CI-9: due yesterday; Ziyang was closed then, Jinjiang was not."""
    ClosedDay.objects.create(branch=world.branches["ZY-MAIN"], date=today(-1))
    forgiven, late = (jinjiang.checkout("雪", world.item()).json()["loan"] for _ in range(2))
    for loan in (forgiven, late):
        days_ago(loan, 31)
    copies = {loan: Loan.objects.get(pk=loan).item for loan in (forgiven, late)}

    there = ziyang.checkin(copies[forgiven]).json()
    here = jinjiang.checkin(copies[late]).json()

    assert (there["days_late"], there["fee"]) == (0, "0.00")
    assert (here["days_late"], here["fee"]) == (1, "0.10")


def test_scenario_6_two_books_three_days_late_cost_points_and_money_that_points_may_pay(
    world, jinjiang
):
    """PO-3, PO-4: six points and 0.60 yuan; sixty points pay it only when all are there."""
    answers, accounts = {}, {}
    for reader, start in (("雪", 65), ("川", 66)):
        scheme = {"start": start, "per_late_day": 1, "per_yuan": 100}
        LoanRule.objects.update(points=scheme)
        for title in ("三体", "活着"):
            item = world.item(title)
            days_ago(jinjiang.checkout(reader, item).json()["loan"], 33)
            jinjiang.checkin(item)
        accounts[reader] = owed(jinjiang, reader)
        card = card_of(world.patrons[reader])
        pay = {"branch": "JJ-MAIN", "card": card, "owner": "JJ", "with_points": True}
        answers[reader] = jinjiang.post("payments/", pay)

    assert [str(account["owed"]) for account in accounts.values()] == ["0.60"] * 2
    assert [account["points"][0]["balance"] for account in accounts.values()] == [59, 60]
    assert reasons(answers["雪"]) == ["too_few_points"]
    assert answers["川"].status_code == 201
    assert float(owed(jinjiang, "雪")["owed"]) == 0.6
    assert float(owed(jinjiang, "川")["owed"]) == 0


def test_scenario_7_a_suspended_member_lends_nothing_and_takes_everything_back(world, jinjiang):
    """CO-3, CI-1."""
    lent, other = world.item(), world.item()
    jinjiang.checkout("雪", lent)
    world.agencies["JJ"].is_suspended = True
    world.agencies["JJ"].save()

    refused = jinjiang.checkout("雪", other)
    returned = jinjiang.checkin(lent)

    assert (refused.status_code, reasons(refused)) == (403, ["agency_suspended"])
    assert returned.status_code == 200
    assert returned.json()["closed_loan"] is not None


def test_scenario_8_one_volume_lost_costs_the_set_and_is_given_back_within_thirty_days(
    world, jinjiang
):
    """FE-6, FE-7, FE-8, LO-3, LO-5: 158.00 x 2 + 5; found on day 29, and on day 31."""
    LoanRule.objects.update(
        compensation={
            "factors": [{"times": "2"}],
            "processing": "5.00",
            "whole_set": True,
            "refund_days": 30,
        }
    )
    prices = [{"text": "CNY158.00(全4册)", "amount": "158.00", "currency": "CNY", "set_of": 4}]
    record = world.record("大藏经", prices=prices, year=2012, country="CN")
    costs, refunds = [], []
    for days in (29, 31):
        volume = world.item(record, price=None, volume="第二册")
        loan = jinjiang.checkout("雪", volume).json()["loan"]
        lost = jinjiang.post(f"loans/{loan}/lost/").json()
        costs.append((lost["compensation"], lost["processing"]))
        before = float(owed(jinjiang, "雪")["owed"])
        with pytest.MonkeyPatch.context() as clock:
            later = timezone.now() + timedelta(days=days)
            clock.setattr(timezone, "now", lambda later=later: later)
            jinjiang.checkin(volume)
        refunds.append(before - float(owed(jinjiang, "雪")["owed"]))

    assert costs == [("316.00", "5.00")] * 2
    assert refunds == [316.0, 0.0]
    assert LedgerEntry.objects.filter(kind="refund").count() == 1


def test_scenario_9_a_child_is_not_registered_without_a_guardian_and_nothing_is_kept(
    world, jinjiang
):
    """ID-14."""
    kept = [model.objects.count() for model in (Patron, Credential, Operation)]
    body = {"branch": "JJ-MAIN", "name": "小禾", "number": "510185202002150024"}

    refused = jinjiang.post("patrons/", body)

    assert refused.status_code == 422
    assert [model.objects.count() for model in (Patron, Credential, Operation)] == kept


def test_scenario_10_a_lost_social_security_card_is_refused_and_the_id_card_works(world, jinjiang):
    """CO-1."""
    document, social = "510199199001010015", "A12345678"
    register = {"branch": "JJ-MAIN", "name": "王小明", "number": document}
    jinjiang.post("patrons/", register)
    added = jinjiang.post(
        "credentials/",
        {
            "branch": "JJ-MAIN",
            "card": document,
            "kind": "social_security",
            "number": social,
        },
    )
    jinjiang.post("credentials/lost/", {"card": social})
    lend = {"branch": "JJ-MAIN", "barcode": world.item().barcode}

    refused = jinjiang.post("checkouts/", {**lend, "card": social})
    lent = jinjiang.post("checkouts/", {**lend, "card": document})

    assert added.status_code == 201, added.json()
    assert (refused.status_code, reasons(refused)) == (403, ["credential_blocked"])
    assert lent.status_code == 201


def test_scenario_11_a_floated_copy_is_called_home_by_a_reader_of_its_owners_city(
    world, jinjiang, ziyang
):
    """RQ-15, CI-5, CI-8: returned in Ziyang it stayed there; a reader in Jinjiang asks for it."""
    world.agencies["JJ"].return_policy = "float"
    world.agencies["JJ"].save()
    item = world.item("三体", at="JJ-MAIN")
    jinjiang.checkout("雪", item)
    floated = ziyang.checkin(item).json()["next"]
    request = jinjiang.request("川", item).json()["request"]

    allocate_requests(now=timezone.now())
    pulled = ziyang.checkin(item).json()["next"]
    ziyang.post(f"transits/{pulled['transit']}/dispatch/")
    jinjiang.post(f"transits/{pulled['transit']}/receive/")
    collected = jinjiang.checkout("川", item)

    assert floated == {"kind": "shelf"}
    assert (pulled["reason"], pulled["destination"]) == ("to_pickup", "JJ-MAIN")
    assert Transit.objects.get().request_id == request
    assert collected.json()["filled_request"] == request
    assert check_item_events().is_sound


def test_scenario_12_skewed_clocks_and_journals_sent_twice_make_one_loan(world, jinjiang):
    """Two machines, ten minutes fast and ten minutes slow, each sends its journal twice."""
    item = world.item()
    card = card_of(world.patrons["雪"])
    now = timezone.now() - timedelta(hours=2)

    def journal(device, *, offset_minutes):
        at = now + timedelta(minutes=offset_minutes)
        return {
            "device": device,
            "branch": "JJ-MAIN",
            "clock_offset_s": -offset_minutes * 60,
            "events": [
                {
                    "operation_id": f"{device}-1",
                    "kind": "checkout",
                    "at": at.isoformat(),
                    "barcode": item.barcode,
                    "card": card,
                }
            ],
        }

    for device, offset in (("kiosk-1", 10), ("kiosk-2", -10), ("kiosk-1", 10), ("kiosk-2", -10)):
        answer = jinjiang.post("journals/", journal(device, offset_minutes=offset))
        assert answer.status_code == 200, answer.json()

    loan = Loan.objects.get()
    assert abs(loan.checked_out_at - now) < timedelta(minutes=1)
    assert check_item_events().is_sound
