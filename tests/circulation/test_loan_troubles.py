"""Claimed, lost, found, recalled, damaged, not found: through their REST doors."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.domain.items import ItemStatus
from circulation.actions.allocate_requests import allocate_requests
from circulation.actions.check_item_events import check_item_events
from circulation.domain.calendar import local_date
from circulation.models import (
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Loan,
    LoanRule,
    Pick,
    StaffException,
)
from circulation.tasks import declare_lost_loans
from tests.circulation.calls import Member, reasons

pytestmark = pytest.mark.django_db

TARIFF = {"factors": [{"times": "1"}], "processing": "5.00", "refund_days": 30}


def lend(jinjiang, item, reader="雪"):
    return jinjiang.checkout(reader, item).json()["loan"]


def overdue(loan, days):
    Loan.objects.filter(pk=loan).update(due_at=timezone.now() - timedelta(days=days))


def exceptions():
    return list(StaffException.objects.order_by("pk").values_list("code", flat=True))


def test_a_claim_asks_staff_to_look_and_keeps_the_loan_open(world, jinjiang):
    """LO-1, RN-9."""
    item = world.item()
    loan = lend(jinjiang, item)

    claimed = jinjiang.post(f"loans/{loan}/claim/")
    again = jinjiang.post(f"loans/{loan}/claim/")
    renewed = jinjiang.renew(loan)

    assert claimed.json()["item"]["status"] == "claimed_returned"
    assert reasons(again) == ["loan_claimed"]
    assert reasons(renewed) == ["loan_claimed"]
    assert exceptions() == ["claimed_returned"]
    assert Loan.objects.get().closed_at is None
    assert "99" not in jinjiang.get("exceptions/").json()["results"][0]["code"]


def test_a_claimed_copy_that_is_found_costs_no_day_of_the_search(world, jinjiang):
    """LO-2."""
    item = world.item()
    loan = lend(jinjiang, item)
    jinjiang.post(f"loans/{loan}/claim/")
    overdue(loan, 20)
    Loan.objects.update(claimed_at=timezone.now() - timedelta(days=19))

    found = jinjiang.checkin(item).json()

    assert (found["closed_loan"], found["days_late"], found["fee"]) == (loan, 1, "0.10")
    assert exceptions() == ["claimed_returned", "was_claimed"]


def test_a_lost_copy_ends_the_loan_and_stands_on_the_account(world, jinjiang):
    """LO-3: ten days late by 0.10, the price of 39.00 and 5.00 for processing."""
    LoanRule.objects.update(compensation=TARIFF)
    item = world.item()
    loan = lend(jinjiang, item)
    overdue(loan, 10)

    lost = jinjiang.post(f"loans/{loan}/lost/")
    again = jinjiang.post(f"loans/{loan}/lost/")

    assert {name: lost.json()[name] for name in ("fee", "compensation", "processing")} == {
        "fee": "1.00",
        "compensation": "39.00",
        "processing": "5.00",
    }
    assert reasons(again) == ["loan_closed"]
    item.refresh_from_db()
    assert item.status == ItemStatus.LOST
    assert Loan.objects.get().lost_at is not None
    assert check_item_events().is_sound


def test_a_lost_copy_that_turns_up_is_refunded_and_taken_in(world, jinjiang):
    """LO-5."""
    LoanRule.objects.update(compensation=TARIFF)
    item = world.item()
    loan = lend(jinjiang, item)
    jinjiang.post(f"loans/{loan}/lost/")

    found = jinjiang.checkin(item)
    jinjiang.checkin(item)

    assert found.json()["next"] == {"kind": "shelf"}
    assert exceptions() == ["was_lost"]
    assert Loan.objects.get().found_at is not None
    refunds = LedgerEntry.objects.filter(kind="refund")
    assert [entry.amount for entry in refunds] != []
    assert len(refunds) == 1


def test_a_lost_copy_lent_from_the_desk_is_refunded_too(world, jinjiang):
    """LO-5, CO-11."""
    LoanRule.objects.update(compensation=TARIFF)
    item = world.item()
    loan = lend(jinjiang, item)
    jinjiang.post(f"loans/{loan}/lost/")

    assert jinjiang.checkout("川", item).status_code == 201
    assert Loan.objects.get(pk=loan).found_at is not None
    assert LedgerEntry.objects.filter(kind="refund").count() == 1


def test_what_is_overdue_for_long_counts_as_lost_by_itself(world, jinjiang):
    """LO-4: not the one a day short, not the one being looked for."""
    LoanRule.objects.update(lost_after_days=60)
    gone, soon, claimed = (lend(jinjiang, world.item(title)) for title in "甲乙丙")
    jinjiang.post(f"loans/{claimed}/claim/")
    for loan, days in ((gone, 60), (soon, 58), (claimed, 90)):
        overdue(loan, days)

    assert declare_lost_loans() == 1
    assert declare_lost_loans() == 0
    assert Loan.objects.get(pk=gone).lost_at is not None
    assert Loan.objects.filter(closed_at=None).count() == 2


def test_without_such_a_rule_nothing_is_given_up(world, jinjiang):
    """LO-4."""
    overdue(lend(jinjiang, world.item()), 900)

    assert declare_lost_loans() == 0


def test_a_recall_brings_the_due_date_forward_once(world, jinjiang):
    """LO-8, RN-10."""
    LoanRule.objects.update(recall_days=7)
    loan = lend(jinjiang, world.item())

    recalled = jinjiang.post(f"loans/{loan}/recall/")
    again = jinjiang.post(f"loans/{loan}/recall/")
    renewed = jinjiang.renew(loan)

    assert recalled.json()["due_date"] == str(local_date(timezone.now()) + timedelta(days=7))
    assert reasons(again) == ["already_recalled"]
    assert reasons(renewed) == ["loan_recalled"]
    assert ItemEvent.objects.filter(kind="recalled").count() == 1


def test_a_recall_never_makes_a_loan_longer_and_a_rule_may_forbid_it(world, jinjiang):
    """LO-8."""
    soon, never = lend(jinjiang, world.item()), lend(jinjiang, world.item())
    Loan.objects.filter(pk=soon).update(due_at=timezone.now() + timedelta(days=2))

    assert reasons(jinjiang.post(f"loans/{soon}/recall/")) == ["due_soon_anyway"]
    LoanRule.objects.update(recall_days=0)
    assert reasons(jinjiang.post(f"loans/{never}/recall/")) == ["due_soon_anyway"]
    assert reasons(Member(world, "MY").post(f"loans/{never}/recall/")) == ["outside_your_agency"]


def test_a_damaged_copy_stays_off_the_shelf_and_the_reader_waits_on(world, jinjiang):
    """LO-6."""
    item = world.item()
    request = jinjiang.request("川", item).json()["request"]
    jinjiang.checkin(item)
    body = {"branch": "JJ-MAIN", "barcode": item.barcode}

    empty = jinjiang.post("copies/damaged/", {**body, "note": "  "})
    damaged = jinjiang.post("copies/damaged/", {**body, "note": "封面脱落"})

    assert empty.status_code == 422
    assert damaged.json()["item"]["status"] == "in_process"
    assert HoldRequest.objects.get(pk=request).state == "waiting"
    assert StaffException.objects.get().params["note"] == "封面脱落"
    assert check_item_events().is_sound


def test_a_copy_not_found_on_the_shelf_is_missing_and_another_is_proposed(world, jinjiang):
    """LO-9."""
    record = world.record("三体")
    first, second = world.item(record), world.item(record)
    jinjiang.request("川", first)
    allocate_requests(now=timezone.now())
    picked = Pick.objects.get().item
    other = second if picked == first else first

    missing = jinjiang.post("copies/not-found/", {"branch": "JJ-MAIN", "barcode": picked.barcode})
    allocate_requests(now=timezone.now())
    lent = jinjiang.checkout("雪", other)
    on_loan = jinjiang.post("copies/not-found/", {"branch": "JJ-MAIN", "barcode": other.barcode})

    assert missing.json()["item"]["status"] == "missing"
    assert Pick.objects.get().item == other
    assert lent.status_code == 201
    assert reasons(on_loan) == ["not_here"]
    assert jinjiang.checkin(picked).json()["exceptions"][0]["code"] == "was_missing"


def test_an_odd_case_is_settled_once_over_rest(world, jinjiang):
    """LO-7."""
    jinjiang.checkin("99999999")
    case = jinjiang.get("exceptions/").json()["results"][0]

    settled = jinjiang.post(f"exceptions/{case['id']}/settle/", {"note": "交还外馆"})
    again = jinjiang.post(f"exceptions/{case['id']}/settle/", {"note": "交还外馆"})

    assert "99999999" in case["text"]
    assert settled.json()["code"] == "unknown_barcode"
    assert reasons(again) == ["unknown_exception"]
    assert jinjiang.get("exceptions/").json()["results"] == []


def test_a_paused_reader_who_finds_it_on_the_shelf_has_it(world, jinjiang):
    """CO-10, RQ-12."""
    item = world.item()
    request = jinjiang.request("川", item).json()["request"]
    jinjiang.post(f"requests/{request}/pause/")

    lent = jinjiang.checkout("川", item)

    assert lent.json()["filled_request"] == request
    assert HoldRequest.objects.get().state == "filled"
