"""Crates and odd cases at the desk: by scan, on paper, and settled with a note."""

import re
from datetime import timedelta

import pytest
import zxingcpp
from django.urls import reverse
from django.utils import timezone

from circulation.models import Crate, StaffException, Transit
from circulation.tasks import check_crates
from tests.circulation.calls import Member
from tests.library_net.test_barcodes import picture

pytestmark = pytest.mark.django_db


def at_desk(client, world, agency):
    client.force_login(world.librarian(agency))
    return client


def going_home(world, title="三体"):
    item = world.item(title, at="JJ-MAIN", owner="CD", home="CD-MAIN")
    Member(world, "JJ").checkin(item)
    return item


def open_crate(client, world, code="CRATE-07"):
    client.post(
        reverse("desk:open_crate"),
        {
            "code": code,
            "origin": world.branches["JJ-MAIN"].pk,
            "destination": world.branches["CD-MAIN"].pk,
        },
    )
    return Crate.objects.get()


def scan(client, url, code):
    return client.post(url, {"code": code}, follow=True)


def test_a_crate_is_packed_sent_and_unpacked_by_scans_alone(world, client):
    """TR-2, TR-3, TR-4."""
    item = going_home(world)
    crates = reverse("desk:crates")
    at_desk(client, world, "JJ")
    crate = open_crate(client, world)
    page = reverse("desk:crate", args=[crate.pk])
    packed = scan(client, page, item.barcode)
    client.post(reverse("desk:crate_step", args=[crate.pk, "close"]))
    scan(client, crates, "crate-07")
    at_desk(client, world, "CD")
    scan(client, crates, "CRATE-07")
    arrived = scan(client, page, item.barcode)
    client.post(reverse("desk:crate_step", args=[crate.pk, "empty"]))

    assert packed.context["verdict"]["tone"] == "ok"
    assert arrived.context["verdict"]["tone"] == "ok"
    crate.refresh_from_db()
    assert crate.state == "emptied"
    assert Transit.objects.get().state == "received"


def test_a_copy_that_is_in_the_crate_but_not_on_its_manifest_is_taken_in_too(world, client):
    """TR-4."""
    listed, extra = going_home(world), going_home(world, "活着")
    at_desk(client, world, "JJ")
    crate = open_crate(client, world)
    page = reverse("desk:crate", args=[crate.pk])
    scan(client, page, listed.barcode)
    for step in ("close", "dispatch"):
        client.post(reverse("desk:crate_step", args=[crate.pk, step]))
    at_desk(client, world, "CD")
    client.post(reverse("desk:crate_step", args=[crate.pk, "receive"]))

    shown = scan(client, page, extra.barcode)

    extra.refresh_from_db()
    assert extra.current_branch.code == "CD-MAIN"
    assert len(shown.context["verdict"]["lines"]) == 1


def test_the_manifest_bears_the_crates_code_as_bars_and_as_a_square(world, client):
    """TR-6: read back from the page as printed, by another decoder."""
    item = going_home(world)
    at_desk(client, world, "JJ")
    crate = open_crate(client, world)
    scan(client, reverse("desk:crate", args=[crate.pk]), item.barcode)

    page = client.get(reverse("desk:print_manifest", args=[crate.pk])).content.decode()
    codes = [
        zxingcpp.read_barcodes(picture(svg))[0].text for svg in re.findall(r"<svg.*?</svg>", page)
    ]

    assert codes == ["CRATE-07", "CRATE-07"]
    assert item.barcode in page


def test_another_institutions_crate_is_not_shown(world, client):
    at_desk(client, world, "JJ")
    crate = open_crate(client, world)
    at_desk(client, world, "ZY")

    assert client.get(reverse("desk:crate", args=[crate.pk])).status_code == 404
    assert client.get(reverse("desk:print_manifest", args=[crate.pk])).status_code == 404
    assert client.get(reverse("desk:crates")).context["crates"] == []


def test_an_odd_case_says_what_to_do_and_is_settled_with_a_note(world, client):
    """LO-7."""
    Member(world, "JJ").checkin("99999999")
    case = StaffException.objects.get()
    at_desk(client, world, "JJ")

    page = client.get(reverse("desk:exceptions"))
    client.post(reverse("desk:settle", args=[case.pk]), {"note": " "})
    still = StaffException.objects.get().closed_at
    client.post(reverse("desk:settle", args=[case.pk]), {"note": "交还四川省图书馆"})

    assert "99999999" in page.content.decode()
    assert still is None
    case.refresh_from_db()
    assert (case.note, case.closed_by.username) == ("交还四川省图书馆", "staff-jj")
    assert client.get(reverse("desk:exceptions")).context["count"] == 0


def test_another_institutions_case_is_not_mine_to_settle(world, client):
    """LO-7."""
    Member(world, "JJ").checkin("99999999")
    case = StaffException.objects.get()
    at_desk(client, world, "ZY")

    client.post(reverse("desk:settle", args=[case.pk]), {"note": "好了"})

    assert StaffException.objects.get().closed_at is None
    assert client.get(reverse("desk:exceptions")).context["cases"] == []


def test_the_alarm_of_a_crate_is_a_case_with_a_next_step(world, client):
    """TR-5."""
    item = going_home(world)
    at_desk(client, world, "JJ")
    crate = open_crate(client, world)
    scan(client, reverse("desk:crate", args=[crate.pk]), item.barcode)
    for step in ("close", "dispatch"):
        client.post(reverse("desk:crate_step", args=[crate.pk, step]))
    Crate.objects.update(state="arrived", arrived_at=timezone.now() - timedelta(days=2))
    check_crates()
    at_desk(client, world, "CD")

    page = client.get(reverse("desk:exceptions")).content.decode()

    assert "CRATE-07" in page
    assert item.barcode in page
