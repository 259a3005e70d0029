"""Requests through their REST doors: a pause, another pickup branch, no longer needed, no-shows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from circulation.domain.calendar import local_date
from circulation.models import HoldRequest, LoanRule
from circulation.tasks import expire_requests, resume_requests
from tests.circulation.calls import reasons

pytestmark = pytest.mark.django_db


def day(ahead: int) -> str:
    return (local_date(timezone.now()) + timedelta(days=ahead)).isoformat()


def two_waiting(world, jinjiang):
    """川 first, then 禾, for the copy 雪 has."""
    item = world.item()
    jinjiang.checkout("雪", item)
    first = jinjiang.request("川", item).json()["request"]
    return item, first, jinjiang.request("禾", item).json()["request"]


def test_a_paused_request_is_passed_over_and_keeps_its_place(world, jinjiang):
    """RQ-12."""
    item, first, second = two_waiting(world, jinjiang)

    paused = jinjiang.post(f"requests/{first}/pause/", {"until": day(10)})
    served = jinjiang.checkin(item).json()["next"]["request"]
    resumed = jinjiang.post(f"requests/{first}/resume/")
    jinjiang.checkout("禾", item)

    assert paused.json()["state"] == "suspended"
    assert paused.json()["paused_until"] == day(10)
    assert served == second
    assert resumed.json()["state"] == "waiting"
    assert jinjiang.checkin(item).json()["next"]["request"] == first


def test_a_pause_ends_by_itself_the_day_after_its_last_day(world, jinjiang):
    """RQ-12."""
    _item, first, second = two_waiting(world, jinjiang)
    jinjiang.post(f"requests/{first}/pause/", {"until": day(0)})
    jinjiang.post(f"requests/{second}/pause/", {})
    assert resume_requests() == 0
    yesterday = local_date(timezone.now()) - timedelta(days=1)
    HoldRequest.objects.filter(pk=first).update(suspended_until=yesterday)

    assert resume_requests() == 1
    assert HoldRequest.objects.get(pk=first).state == "waiting"
    assert HoldRequest.objects.get(pk=second).state == "suspended"


def test_what_cannot_pause_says_why(world, jinjiang):
    """RQ-12."""
    item, first, second = two_waiting(world, jinjiang)
    gone_by = jinjiang.post(f"requests/{first}/pause/", {"until": day(-1)})
    not_paused = jinjiang.post(f"requests/{first}/resume/")
    jinjiang.checkin(item)
    ready = jinjiang.post(f"requests/{first}/pause/")
    jinjiang.post(f"requests/{second}/cancel/")

    assert reasons(gone_by) == ["date_passed"]
    assert reasons(not_paused) == ["not_paused"]
    assert reasons(ready) == ["request_on_its_way"]
    assert reasons(jinjiang.post(f"requests/{second}/pause/")) == ["request_closed"]
    assert reasons(jinjiang.post(f"requests/{second}/resume/")) == ["request_closed"]
    assert reasons(jinjiang.post("requests/999999/pause/")) == ["unknown_request"]


def test_a_request_moved_to_another_branch_sends_the_copy_on_its_way_there(world, jinjiang):
    """RQ-14."""
    item, first, _second = two_waiting(world, jinjiang)
    jinjiang.post(f"requests/{first}/pickup/", {"pickup_branch": "JJ-ROOM"})
    sent = jinjiang.checkin(item).json()["next"]
    jinjiang.post(f"transits/{sent['transit']}/dispatch/")

    back = jinjiang.post(f"requests/{first}/pickup/", {"pickup_branch": "JJ-MAIN"})
    received = jinjiang.post(f"transits/{sent['transit']}/receive/").json()["next"]

    assert sent["destination"] == "JJ-ROOM"
    assert back.json()["pickup_branch"] == "JJ-MAIN"
    assert (received["kind"], received["destination"]) == ("transit", "JJ-MAIN")


def test_a_request_on_the_hold_shelf_is_collected_there(world, jinjiang):
    """RQ-14."""
    world.branches["JJ-ROOM"].is_pickup_point = False
    world.branches["JJ-ROOM"].save()
    item, first, second = two_waiting(world, jinjiang)
    jinjiang.checkin(item)

    ready = jinjiang.post(f"requests/{first}/pickup/", {"pickup_branch": "JJ-ROOM"})
    closed = jinjiang.post(f"requests/{second}/pickup/", {"pickup_branch": "JJ-ROOM"})

    assert reasons(ready) == ["request_ready"]
    assert reasons(closed) == ["pickup_not_offered"]


def test_a_request_not_needed_any_more_ends_by_itself(world, jinjiang):
    """RQ-13."""
    item = world.item()
    body = {"card": f"CARD-{world.patrons['川'].number}", "pickup_branch": "JJ-MAIN"}
    body["manifestation"] = item.source_record.manifestation.public_id

    late = jinjiang.post("requests/", {**body, "needed_until": day(-1)})
    placed = jinjiang.post("requests/", {**body, "needed_until": day(0)})
    assert expire_requests() == 0
    yesterday = local_date(timezone.now()) - timedelta(days=1)
    HoldRequest.objects.update(needed_until=yesterday)

    assert reasons(late) == ["date_passed"]
    assert placed.status_code == 201
    assert expire_requests() == 1
    assert HoldRequest.objects.get().state == "expired"


def test_a_rule_may_stop_requests_of_who_never_comes(world, jinjiang):
    """RQ-11: two that nobody collected, and one that was no longer needed, which is no no-show."""
    LoanRule.objects.update(max_no_shows=2)
    for _time in range(2):
        item = world.item()
        assert jinjiang.request("川", item).status_code == 201
        jinjiang.checkin(item)
        HoldRequest.objects.filter(state="ready").update(
            expires_at=timezone.now() - timedelta(hours=1)
        )
        expire_requests()

    refused = jinjiang.request("川", world.item())
    HoldRequest.objects.filter(state="expired").update(ready_at=None)

    assert reasons(refused) == ["too_many_no_shows"]
    assert jinjiang.request("川", world.item()).status_code == 201


def test_a_request_for_one_copy_waits_for_that_copy(world, jinjiang):
    """RQ-6."""
    record = world.record("三体")
    wanted, other = world.item(record), world.item(record)
    body = {"card": f"CARD-{world.patrons['川'].number}", "pickup_branch": "JJ-MAIN"}

    placed = jinjiang.post("requests/", {**body, "barcode": wanted.barcode})
    neither = jinjiang.post("requests/", body)

    assert placed.status_code == 201
    assert neither.status_code == 422
    assert jinjiang.checkin(other).json()["next"] == {"kind": "shelf"}
    assert jinjiang.checkin(wanted).json()["next"]["request"] == placed.json()["request"]
