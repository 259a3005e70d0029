"""A librarian asks for something in the name of the open reader."""

import pytest
from django.urls import reverse

from circulation.models import HoldRequest
from tests.world import card_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world, client):
    client.force_login(world.librarian("JJ"))
    client.post("/desk/", {"code": card_of(world.patrons["雪"])})
    return client


def ask(desk, what, *, operation="ask-1", **more):
    form = {"what": what, "operation_id": operation, **more}
    return desk.post(reverse("desk:ask"), form, follow=True).content.decode()


def test_a_title_by_the_barcode_of_any_copy_and_one_very_copy(world, desk):
    """RQ-6."""
    any_copy, this_copy = world.item("三体", at="ZY-MAIN"), world.item("活着", at="ZY-MAIN")

    page = ask(desk, any_copy.barcode)
    ask(desk, any_copy.barcode)  # a double click
    ask(desk, this_copy.barcode, operation="ask-2", this_copy="1")

    title, copy = HoldRequest.objects.order_by("pk")
    assert "三体" in page
    assert (title.patron, title.wanted_item) == (world.patrons["雪"], None)
    assert title.pickup_branch == world.branches["JJ-MAIN"]
    assert copy.wanted_item == this_copy


def test_a_record_by_its_number_to_be_collected_at_another_of_our_branches(world, desk):
    """RQ-13, RQ-14."""
    record = world.item("三体", at="ZY-MAIN").source_record
    room = world.branches["JJ-ROOM"]

    ask(desk, record.manifestation.public_id, pickup=room.pk, needed_until="2099-01-31")

    request = HoldRequest.objects.get()
    assert (request.pickup_branch, str(request.needed_until)) == (room, "2099-01-31")


def test_a_refusal_says_why_and_an_unknown_number_is_told_masked(world, desk):
    """RQ-3, ID-12."""
    item = world.item("三体", at="ZY-MAIN")
    ask(desk, item.barcode)

    twice = ask(desk, item.barcode, operation="ask-2")
    unknown = ask(desk, "510199199001010015", operation="ask-3")

    assert HoldRequest.objects.count() == 1
    assert "messagelist" in twice
    assert "510199199001010015" not in unknown


def test_another_institutions_branch_is_no_place_to_collect_and_no_reader_is_no_request(
    world, desk
):
    """RQ-2."""
    item = world.item("三体", at="ZY-MAIN")
    ask(desk, item.barcode, pickup=world.branches["ZY-MAIN"].pk)
    desk.post(reverse("desk:end"))
    ask(desk, world.item("活着", at="ZY-MAIN").barcode, operation="ask-2")

    assert HoldRequest.objects.get().pickup_branch == world.branches["JJ-MAIN"]
