"""Members' own systems are told what happened to their copies: in order, again, seen by staff."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from catalog.models import Item
from circulation.actions.tell_ledgers import LEASE
from circulation.ledger_tasks import tell_ledgers
from circulation.ledgers import Standing, ledger_of, register
from circulation.models import LedgerMessage
from tests.circulation.calls import Member, reasons
from tests.circulation.town_library import KIND, connected
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def world():
    cache.clear()
    return World.build()


@pytest.fixture
def town():
    with connected() as system:
        yield system


def copy_of(world, ledger=KIND, **more):
    item = world.item("三体", **more)
    Item.objects.filter(pk=item.pk).update(ledger=ledger)
    return item


def at_a_later_time(minutes=60):
    later = timezone.now() + timedelta(minutes=minutes)
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(timezone, "now", lambda: later)
        return tell_ledgers()


def test_a_hosted_copy_leaves_no_message(world, town):
    """LG-1."""
    desk = Member(world, "JJ")
    item = world.item("活着")
    assert desk.checkout("雪", item).status_code == 201
    assert desk.checkin(item).status_code == 200

    assert LedgerMessage.objects.count() == 0


def test_a_refused_loan_and_a_rolled_back_claim_leave_no_message(world, town):
    """LG-1: the message is written with the act or not at all."""
    desk = Member(world, "JJ")
    item = copy_of(world)
    world.agencies["JJ"].is_suspended = True
    world.agencies["JJ"].save()
    seen = Standing(status=item.status, branch_id=item.current_branch_id)
    new = Standing(status="on_loan", branch_id=item.current_branch_id)
    claims = {"item_id": item.pk, "operation_id": "x", "now": timezone.now()}

    refused = desk.checkout("雪", item)
    with transaction.atomic():
        assert ledger_of(KIND).claim(seen=seen, new=new, **claims)
        assert not ledger_of(KIND).claim(seen=seen, new=new, **claims)  # no longer as seen
        transaction.set_rollback(True)

    assert refused.status_code == 403
    assert LedgerMessage.objects.count() == 0


def test_a_system_that_is_down_is_asked_once_in_a_run_and_told_all_when_it_is_up(world, town):
    """LG-2, LG-3."""
    desk = Member(world, "JJ")
    items = [copy_of(world) for _ in range(4)]
    for item in items:
        desk.checkout("雪", item)
        desk.checkin(item)
    LedgerMessage.objects.update(attempts=0, not_before=timezone.now(), error="")

    assert tell_ledgers() == 0
    asked = LedgerMessage.objects.filter(attempts__gt=0).count()
    with town.up():
        assert tell_ledgers() == 0  # it pauses
        assert at_a_later_time() == 8

    assert asked == 1
    for item in items:
        calls = [entry["call"] for entry in town.done.values() if entry["barcode"] == item.barcode]
        assert calls == ["claim", "release"]


def test_what_a_worker_left_half_done_when_it_died_is_told_again(world, town):
    """LG-2."""
    Member(world, "JJ").checkout("雪", copy_of(world))
    LedgerMessage.objects.update(state="sending", lease_until=timezone.now() + LEASE, attempts=1)
    with town.up():
        assert tell_ledgers() == 0  # somebody may still be at it
        assert at_a_later_time() == 1

    assert town.calls == [("claim", "on_loan")]


def test_staff_of_the_owner_see_what_is_refused_and_tell_it_again_or_settle_it(world, town, client):
    """LG-3, LG-4: what was refused holds up neither the copy's later messages nor others."""
    desk = Member(world, "JJ")
    odd, fine = copy_of(world), copy_of(world)
    town.refuses = {odd.barcode}
    with town.up():
        for item in (odd, fine):
            desk.checkout("雪", item)
        desk.checkin(odd)
        at_a_later_time()
    librarian = world.librarian("JJ")
    client.force_login(librarian)
    page = client.get(reverse("desk:ledgers")).content.decode()
    first, second = LedgerMessage.objects.filter(state="refused").order_by("pk")
    post = {"operation_id": "op-1"}

    town.refuses = set()
    client.post(reverse("desk:act_on_ledger", args=[first.pk, "again"]), post)
    client.post(reverse("desk:act_on_ledger", args=[second.pk, "settle"]), post)
    with town.up():
        at_a_later_time()

    assert odd.barcode in page
    assert fine.barcode not in page
    assert [(e["call"], e["barcode"]) for e in town.done.values()] == [
        ("claim", fine.barcode),
        ("claim", odd.barcode),
    ]
    second.refresh_from_db()
    assert (second.state, second.settled_by_id) == ("settled", librarian.pk)
    assert odd.barcode not in client.get(reverse("desk:ledgers")).content.decode()


def test_staff_of_another_institution_see_and_change_nothing(world, town, client):
    """LG-4."""
    item = copy_of(world)
    Member(world, "JJ").checkout("雪", item)
    LedgerMessage.objects.update(state="refused")
    client.force_login(world.librarian("MY"))
    message = LedgerMessage.objects.get()

    page = client.get(reverse("desk:ledgers")).content.decode()
    client.post(
        reverse("desk:act_on_ledger", args=[message.pk, "settle"]), {"operation_id": "op-1"}
    )

    message.refresh_from_db()
    assert message.state == "refused"
    assert item.barcode not in page


def test_a_system_that_does_not_answer_three_times_is_shown(world, town, client):
    """LG-4."""
    item = copy_of(world)
    Member(world, "JJ").checkout("雪", item)
    for hours in (1, 2, 3):
        at_a_later_time(minutes=60 * hours)
    client.force_login(world.librarian("JJ"))

    assert item.barcode in client.get(reverse("desk:ledgers")).content.decode()


def test_a_kind_is_registered_once(town):
    with pytest.raises(ValueError, match=KIND):
        register(KIND, ledger_of(KIND))


def test_a_copy_whose_ledger_has_no_adapter_is_taken_back_and_not_lent(world):
    """LG-5, CI-1."""
    desk = Member(world, "JJ")
    lent, shelved = world.item("三体"), copy_of(world)
    desk.checkout("雪", lent)
    Item.objects.filter(pk=lent.pk).update(ledger=KIND)

    returned = desk.checkin(lent)
    refused = desk.checkout("雪", shelved)
    with connected() as town, town.up():  # the adapter is installed at last
        at_a_later_time()

    assert returned.json()["closed_loan"] is not None
    assert (refused.status_code, reasons(refused)) == (409, ["unknown_ledger"])
    assert town.calls == [("release", "available")]
