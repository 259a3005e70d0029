"""RQ-15 and RQ-16: what is proposed at the branches, and what the scan of a copy makes of it."""

import pytest
from django.urls import reverse

from catalog.domain.items import ItemStatus
from circulation.actions.allocate_requests import allocate_requests
from circulation.models import HoldRequest, LoanRule, Pick
from circulation.tasks import allocate_changed, allocate_now
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    world = World.build()
    world.agencies["CD"].return_policy = "hold_first"
    world.agencies["CD"].save()
    for origin, destination in (("JJ-MAIN", "ZY-MAIN"), ("ZY-MAIN", "JJ-MAIN")):
        world.route(origin, destination)
    return world


def proposed():
    return dict(Pick.objects.values_list("request_id", "item_id"))


def test_a_request_for_a_copy_on_a_shelf_is_proposed_where_the_copy_stands(
    world, jinjiang, ziyang, client
):
    """RQ-15."""
    item = world.item("三体", at="ZY-MAIN", call_number="I247.5/3")
    request = jinjiang.request("川", item).json()["request"]

    allocate_requests(now=NOW)
    client.force_login(world.librarian("ZY"))
    there = client.get(reverse("desk:vans"))
    client.force_login(world.librarian("JJ"))
    here = client.get(reverse("desk:vans"))

    assert proposed() == {request: item.pk}
    assert [pick.item_id for pick in there.context["pulls"]] == [item.pk]
    assert "I247.5/3" in there.content.decode()
    assert here.context["pulls"] == []


def test_two_readers_and_two_copies_are_matched_together(world, jinjiang, ziyang):
    """RQ-15, RQ-16: the copy in Ziyang goes to the later reader, who collects there."""
    record = world.record("三体")
    near, far = world.item(record, at="JJ-MAIN"), world.item(record, at="ZY-MAIN", owner="JJ")
    far.home_branch = world.branches["ZY-MAIN"]
    far.save()
    first = jinjiang.request("川", near).json()["request"]
    second = ziyang.request("雪", near).json()["request"]

    allocate_requests(now=NOW)
    scanned = ziyang.checkin(far).json()["next"]

    assert proposed() == {first: near.pk, second: far.pk}
    assert scanned == {"kind": "hold_shelf", "request": second}
    assert jinjiang.checkin(near).json()["next"] == {"kind": "hold_shelf", "request": first}


def test_a_later_reader_is_not_served_first_when_the_earlier_ones_copy_is_gone(
    world, jinjiang, ziyang
):
    """RQ-16: circulation won over the first proposal, so the queue order holds again."""
    record = world.record("三体")
    near, far = world.item(record, at="JJ-MAIN"), world.item(record, at="ZY-MAIN", owner="JJ")
    far.home_branch = world.branches["ZY-MAIN"]
    far.save()
    first = jinjiang.request("川", near).json()["request"]
    ziyang.request("雪", near)
    allocate_requests(now=NOW)
    jinjiang.checkout("禾", near)

    scanned = ziyang.checkin(far).json()["next"]

    assert (scanned["kind"], scanned["request"]) == ("transit", first)


def test_a_copy_that_is_no_ones_proposal_goes_to_the_first_in_the_queue(world, jinjiang):
    """RQ-16: it is in our hands now; the proposed one has yet to be found."""
    record = world.record("三体")
    on_shelf, on_loan = world.item(record), world.item(record)
    jinjiang.checkout("禾", on_loan)
    first = jinjiang.request("川", on_shelf).json()["request"]
    allocate_requests(now=NOW)

    assert jinjiang.checkin(on_loan).json()["next"]["request"] == first


def test_what_rules_forbid_is_not_proposed(world, jinjiang):
    """RQ-15: a copy away from home under policy `home`, and one the owner does not lend here."""
    world.agencies["CD"].return_policy = "home"
    world.agencies["CD"].save()
    away = world.item("三体", at="ZY-MAIN", owner="JJ", home="JJ-MAIN")
    strict = world.item("活着", at="ZY-MAIN")
    LoanRule.objects.create(
        code="zy", owner=world.agencies["ZY"], visited=world.agencies["JJ"], is_lendable=False
    )
    jinjiang.request("川", away)
    HoldRequest.objects.create(
        patron=world.patrons["雪"],
        anchor=strict.source_record,
        pickup_branch=world.branches["JJ-MAIN"],
        requesting_agency=world.agencies["JJ"],
        placed_at=NOW,
    )

    allocate_requests(now=NOW)

    assert proposed() == {}


def test_an_owner_sends_no_more_copies_away_in_a_night_than_it_wants(world, jinjiang):
    """RQ-15."""
    world.agencies["ZY"].max_nightly_outgoing = 1
    world.agencies["ZY"].save()
    items = [world.item(title, at="ZY-MAIN") for title in ("三体", "活着")]
    for reader, item in zip(("川", "雪"), items, strict=True):
        jinjiang.request(reader, item)

    allocate_requests(now=NOW)

    assert len(proposed()) == 1


def test_a_run_without_changes_keeps_its_proposals_and_a_lent_copy_loses_its_own(world, jinjiang):
    """RQ-15."""
    item = world.item()
    request = jinjiang.request("川", item).json()["request"]
    first = allocate_requests(now=NOW)
    row = Pick.objects.get()
    again = allocate_requests(now=NOW)
    jinjiang.checkout("禾", item)
    gone = allocate_requests(now=NOW)

    assert (first.picks, first.changed) == (1, 1)
    assert (again.picks, again.changed) == (1, 0)
    assert (gone.picks, gone.changed) == (0, 1)
    assert row.request_id == request


def test_the_periodic_run_works_only_when_something_changed(world, jinjiang, settings):
    """RQ-15."""
    assert allocate_changed() == 0
    jinjiang.request("川", world.item())

    assert allocate_changed() == 1
    assert allocate_changed() == 0
    jinjiang.request("雪", world.item())
    assert allocate_changed() == 2


def test_a_paused_request_has_no_proposal(world, jinjiang):
    """RQ-12, RQ-15."""
    item = world.item()
    request = jinjiang.request("川", item).json()["request"]
    jinjiang.post(f"requests/{request}/pause/")

    assert allocate_now() == 0
    item.refresh_from_db()
    assert item.status == ItemStatus.AVAILABLE
