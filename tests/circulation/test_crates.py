"""Crates through their REST doors: packed, sent, unpacked, and what is missing from one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from circulation.models import Crate, StaffException, Transit
from circulation.tasks import check_crates, check_events
from tests.circulation.calls import Member, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def center(world) -> Member:
    return Member(world, "CD")


def going_home(world, jinjiang, title="三体"):
    """A copy of the central library, handed in at Jinjiang and set aside to go home."""
    item = world.item(title, at="JJ-MAIN", owner="CD", home="CD-MAIN")
    jinjiang.checkin(item)
    return item


def load(jinjiang, *items, code="crate-07", destination="CD-MAIN"):
    body = {"code": code, "origin": "JJ-MAIN", "destination": destination}
    crate = jinjiang.post("crates/", body).json()["crate"]
    for item in items:
        jinjiang.post(f"crates/{crate}/copies/", {"barcode": item.barcode})
    return crate


def test_a_crate_travels_with_its_manifest_and_is_free_again_when_empty(world, jinjiang, center):
    """TR-2, TR-3, TR-4."""
    items = [going_home(world, jinjiang, title) for title in ("三体", "活着")]
    crate = load(jinjiang, *items)

    closed = jinjiang.post(f"crates/{crate}/close/")
    sent = jinjiang.post(f"crates/{crate}/dispatch/")
    arrived = center.post(f"crates/{crate}/receive/")
    too_soon = center.post(f"crates/{crate}/empty/")
    for item in items:
        center.checkin(item)
    emptied = center.post(f"crates/{crate}/empty/")

    assert (closed.json()["state"], closed.json()["copies"]) == ("closed", 2)
    assert sent.json()["state"] == "dispatched"
    assert arrived.json()["state"] == "arrived"
    assert reasons(too_soon) == ["crate_not_empty"]
    assert emptied.json()["state"] == "emptied"
    assert set(Transit.objects.values_list("state", flat=True)) == {"received"}
    assert check_events() == 0
    assert load(jinjiang, code="CRATE-07") != crate


def test_only_what_is_set_aside_for_its_destination_goes_into_a_crate(world, jinjiang):
    """TR-2."""
    home = going_home(world, jinjiang)
    crate = load(jinjiang, destination="ZY-MAIN")

    elsewhere = jinjiang.post(f"crates/{crate}/copies/", {"barcode": home.barcode})
    on_shelf = jinjiang.post(f"crates/{crate}/copies/", {"barcode": world.item().barcode})
    jinjiang.post(f"crates/{crate}/close/")
    closed = jinjiang.post(f"crates/{crate}/copies/", {"barcode": home.barcode})
    jinjiang.post(f"crates/{crate}/reopen/")

    assert reasons(elsewhere) == ["goes_elsewhere"]
    assert reasons(on_shelf) == ["not_set_aside"]
    assert reasons(closed) == ["crate_closed"]
    assert Crate.objects.get(pk=crate).state == "open"


def test_one_crate_carries_one_load_at_a_time(world, jinjiang):
    """TR-1."""
    load(jinjiang)
    body = {"code": "CRATE-07", "origin": "JJ-MAIN", "destination": "ZY-MAIN"}

    again = jinjiang.post("crates/", body)
    nowhere = jinjiang.post("crates/", {**body, "code": "C8", "destination": "JJ-MAIN"})
    nonsense = jinjiang.post("crates/", {**body, "code": "箱子"})

    assert reasons(again) == ["crate_in_use"]
    assert reasons(nowhere) == ["crate_stays_here"]
    assert reasons(nonsense) == ["bad_crate_code"]


def test_a_copy_lent_from_the_crate_is_left_out_when_it_leaves(world, jinjiang):
    """TR-3."""
    lent, stays = (going_home(world, jinjiang, title) for title in ("三体", "活着"))
    crate = load(jinjiang, lent, stays)
    jinjiang.post(f"crates/{crate}/close/")
    jinjiang.checkout("雪", lent)

    sent = jinjiang.post(f"crates/{crate}/dispatch/")
    manifest = jinjiang.get(f"crates/{crate}/").json()["manifest"]

    assert sent.json()["copies"] == 1
    assert [line["barcode"] for line in manifest] == [stays.barcode]


def test_a_copy_that_did_not_come_out_of_its_crate_raises_an_alarm_once(world, jinjiang, center):
    """TR-5: and when it turns up elsewhere, it is still known by its transit."""
    there, missing = (going_home(world, jinjiang, title) for title in ("三体", "活着"))
    crate = load(jinjiang, there, missing)
    for step, who in (("close", jinjiang), ("dispatch", jinjiang), ("receive", center)):
        who.post(f"crates/{crate}/{step}/")
    center.checkin(there)
    assert check_crates() == 0
    Crate.objects.update(arrived_at=timezone.now() - timedelta(hours=25))

    assert check_crates() == 1
    assert check_crates() == 0
    alarm = StaffException.objects.get()
    assert (alarm.code, alarm.branch.code, alarm.barcode) == (
        "missing_in_crate",
        "CD-MAIN",
        missing.barcode,
    )
    assert alarm.params["crate"] == "CRATE-07"
    assert Crate.objects.get().state == "emptied"
    assert center.checkin(missing).json()["next"] == {"kind": "shelf"}
    assert check_events() == 0


def test_each_end_does_its_own_part(world, jinjiang, center):
    crate = load(jinjiang, going_home(world, jinjiang))
    jinjiang.post(f"crates/{crate}/close/")

    assert reasons(center.post(f"crates/{crate}/dispatch/")) == ["outside_your_agency"]
    jinjiang.post(f"crates/{crate}/dispatch/")
    assert reasons(jinjiang.post(f"crates/{crate}/receive/")) == ["outside_your_agency"]
    assert [row["id"] for row in center.get("crates/").json()["results"]] == [crate]
    assert Member(world, "MY").get("crates/").json()["results"] == []
    assert reasons(Member(world, "MY").get(f"crates/{crate}/")) == ["unknown_crate"]
