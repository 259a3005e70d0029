"""Renewals, requests and transits through their REST doors."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.domain.items import ItemStatus
from circulation.actions.check_item_events import check_item_events
from circulation.models import (
    HoldRequest,
    StaffException,
    Transit,
)
from circulation.tasks import check_events, expire_requests
from tests.circulation.calls import reasons

pytestmark = pytest.mark.django_db


def test_a_renewal_answers_the_new_date_and_the_second_is_refused(world, jinjiang):
    """RN-3, RN-7."""
    lent = jinjiang.checkout("雪", world.item()).json()

    renewed = jinjiang.renew(lent["loan"], key="renew")
    repeated = jinjiang.renew(lent["loan"], key="renew")
    refused = jinjiang.renew(lent["loan"])

    assert renewed.json()["due_date"] > lent["due_date"]
    assert repeated.content == renewed.content
    assert reasons(refused) == ["no_renewals_left"]


def test_a_renewal_can_name_the_copy(world, jinjiang):
    item = world.item()
    jinjiang.checkout("雪", item)

    assert jinjiang.post("renewals/", {"barcode": item.barcode}).status_code == 200
    assert jinjiang.post("renewals/", {}).status_code == 422


def test_a_member_does_not_renew_what_another_lent(world, jinjiang, ziyang):
    loan = jinjiang.checkout("雪", world.item()).json()["loan"]

    refused = ziyang.renew(loan)

    assert (refused.status_code, reasons(refused)) == (403, ["outside_your_agency"])


def test_a_title_somebody_waits_for_is_not_renewed(world, jinjiang):
    """RN-5."""
    item = world.item()
    loan = jinjiang.checkout("雪", item).json()["loan"]
    jinjiang.request("川", item)

    assert reasons(jinjiang.renew(loan)) == ["wanted_by_another"]


def test_a_request_is_placed_once_and_shown_to_the_pickup_library(world, jinjiang, ziyang):
    """RQ-3."""
    item = world.item()
    jinjiang.checkout("雪", item)

    placed = jinjiang.request("川", item)
    twice = jinjiang.request("川", item)
    owned = jinjiang.request("雪", item)

    assert placed.json()["position"] == 1
    assert reasons(twice) == ["already_requested"]
    assert reasons(owned) == ["already_borrowed"]
    assert [row["id"] for row in jinjiang.get("requests/").json()["results"]] == [
        placed.json()["request"]
    ]
    assert ziyang.get("requests/").json()["results"] == []


def test_a_cancelled_request_frees_the_copy_on_the_hold_shelf(world, jinjiang):
    """RQ-7, RQ-10."""
    item = world.item()
    jinjiang.checkout("雪", item)
    request = jinjiang.request("川", item).json()["request"]
    jinjiang.checkin(item)

    cancelled = jinjiang.post(f"requests/{request}/cancel/")
    again = jinjiang.post(f"requests/{request}/cancel/")

    assert cancelled.json() == {"request": request, "state": "cancelled"}
    assert reasons(again) == ["request_closed"]
    item.refresh_from_db()
    assert item.status == ItemStatus.AVAILABLE
    assert StaffException.objects.get().code == "clear_hold_shelf"


def test_a_request_nobody_collects_expires_and_the_next_reader_is_served(world, jinjiang):
    """RQ-8, RQ-9, RQ-10."""
    item = world.item()
    jinjiang.checkout("雪", item)
    first = jinjiang.request("川", item).json()["request"]
    second = jinjiang.request("禾", item).json()["request"]
    jinjiang.checkin(item)
    assert HoldRequest.objects.get(pk=first).state == "ready"
    assert expire_requests() == 0
    HoldRequest.objects.filter(pk=first).update(expires_at=timezone.now() - timedelta(hours=1))

    assert expire_requests() == 1
    assert expire_requests() == 0
    scanned = jinjiang.checkin(item)

    assert HoldRequest.objects.get(pk=first).state == "expired"
    assert scanned.json()["next"] == {"kind": "hold_shelf", "request": second}
    assert check_events() == 0


def test_a_second_scan_on_the_hold_shelf_does_not_start_the_days_over(world, jinjiang):
    """RQ-8."""
    item = world.item()
    jinjiang.request("川", item)
    jinjiang.checkin(item)
    until = timezone.now() + timedelta(hours=1)
    HoldRequest.objects.update(expires_at=until)

    jinjiang.checkin(item)

    assert HoldRequest.objects.get().expires_at == until


def test_a_book_in_a_crate_is_lent_when_it_lies_on_the_desk(world, jinjiang, ziyang):
    """CO-11."""
    world.agencies["JJ"].return_policy = "hold_first"
    world.agencies["JJ"].save()
    item = world.item()
    jinjiang.checkout("雪", item)
    request = jinjiang.request("川", item).json()["request"]
    transit = ziyang.checkin(item).json()["next"]["transit"]

    lent = ziyang.checkout("禾", item)

    assert lent.status_code == 201
    assert Transit.objects.get(pk=transit).state == "cancelled"
    waiting = HoldRequest.objects.get(pk=request)
    assert (waiting.state, waiting.item_id) == ("waiting", None)
    assert check_item_events().is_sound


def test_a_transit_is_listed_dispatched_and_received_by_its_own_ends(world, jinjiang, ziyang):
    item = world.item()
    jinjiang.checkout("雪", item)
    transit = ziyang.checkin(item).json()["next"]["transit"]

    assert [t["id"] for t in ziyang.get("transits/", direction="out").json()["results"]] == [
        transit
    ]
    assert ziyang.get("transits/", direction="in").json()["results"] == []
    assert jinjiang.get("transits/").json()["results"][0]["destination"] == "JJ-MAIN"
    assert reasons(jinjiang.post(f"transits/{transit}/dispatch/")) == ["outside_your_agency"]
    assert ziyang.post(f"transits/{transit}/dispatch/").status_code == 200
    assert reasons(ziyang.post(f"transits/{transit}/dispatch/")) == ["transit_closed"]
    assert reasons(ziyang.post(f"transits/{transit}/receive/")) == ["outside_your_agency"]
    received = jinjiang.post(f"transits/{transit}/receive/")
    assert received.json()["next"] == {"kind": "shelf"}
    assert reasons(jinjiang.post(f"transits/{transit}/receive/")) == ["transit_closed"]
    assert reasons(jinjiang.post("transits/999999/receive/")) == ["unknown_transit"]
