"""Vans and plan review, as the librarians of two institutions see them."""

import pytest
from django.urls import reverse

from circulation.actions.checkin import checkin
from circulation.actions.operations import Intent
from circulation.models import Move, Plan, Transit
from library_net.accounts.scope import agency_scope
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(client, world, agency):
    client.force_login(world.librarian(agency))
    return client


def send_home(world, item, *, branch):
    intent = Intent(
        caller="test",
        operation_id=f"in-{item.pk}",
        scope=agency_scope(world.branches[branch].agency_id),
    )
    checkin(intent=intent, branch_id=world.branches[branch].pk, barcode=item.barcode, now=NOW)
    return Transit.objects.get(item=item)


def test_a_set_aside_copy_is_dispatched_here_and_received_there(world, client):
    transit = send_home(
        world, world.item("三体", at="JJ-MAIN", owner="CD", home="CD-MAIN"), branch="JJ-MAIN"
    )

    sign_in(client, world, "JJ")
    leaving = client.get(reverse("desk:vans")).context["leaving"]
    client.post(reverse("desk:move_transits", args=["dispatch"]), {"transit": transit.pk})
    sign_in(client, world, "CD")
    client.post(reverse("desk:move_transits", args=["receive"]), {"transit": transit.pk})

    assert [load.transits[0].pk for load in leaving] == [transit.pk]
    transit.refresh_from_db()
    assert transit.state == "received"


def test_another_institutions_transit_is_not_mine_to_dispatch(world, client):
    transit = send_home(
        world, world.item("三体", at="JJ-MAIN", owner="CD", home="CD-MAIN"), branch="JJ-MAIN"
    )

    sign_in(client, world, "ZY")
    page = client.post(
        reverse("desk:move_transits", args=["dispatch"]), {"transit": transit.pk}, follow=True
    )

    assert page.context["leaving"] == ()
    transit.refresh_from_db()
    assert transit.state == "pending"


@pytest.fixture
def plan(world):
    plan = Plan.objects.create(
        date=NOW.date(), seed=1, as_of=NOW, created_at=NOW, is_verified=True, objective=9, bound=9
    )
    for origin in ("JJ-MAIN", "ZY-MAIN"):
        item = world.item("三体", at=origin)
        Move.objects.create(
            plan=plan,
            item=item,
            origin=world.branches[origin],
            destination=world.branches["CD-MAIN"],
            gain=5,
            cost=0.5,
            why={
                "demand_there": 3.2,
                "stock_there": 0,
                "demand_here": 0.1,
                "stock_here": 2,
                "waiting_there": 1,
            },
        )
    return plan


def test_a_librarian_reviews_the_moves_that_touch_her_branches(world, client, plan):
    sign_in(client, world, "JJ")

    page = client.get(reverse("desk:plan", args=[plan.pk]))

    assert [move.origin.code for move in page.context["review"].moves] == ["JJ-MAIN"]
    assert "3.2" in page.content.decode()


def test_a_veto_keeps_its_reason_and_approval_leaves_it_out(world, client, plan):
    sign_in(client, world, "JJ")
    move = plan.moves.get(origin=world.branches["JJ-MAIN"])

    client.post(reverse("desk:decide_move", args=[move.pk, "veto"]), {"other": "残损"})
    client.post(reverse("desk:approve_plan", args=[plan.pk]))

    move.refresh_from_db()
    assert (move.state, move.veto_reason) == ("vetoed", "残损")
    assert not Transit.objects.exists()


def test_approving_sets_the_copies_aside_for_the_vans(world, client, plan):
    sign_in(client, world, "JJ")

    client.post(reverse("desk:approve_plan", args=[plan.pk]))

    transit = Transit.objects.get()
    assert (transit.reason, transit.origin) == ("rebalance", world.branches["JJ-MAIN"])
    assert plan.moves.get(origin=world.branches["ZY-MAIN"]).state == "proposed"


def test_a_foreign_move_cannot_be_vetoed(world, client, plan):
    sign_in(client, world, "JJ")
    foreign = plan.moves.get(origin=world.branches["ZY-MAIN"])

    client.post(reverse("desk:decide_move", args=[foreign.pk, "veto"]), {"other": "x"})

    foreign.refresh_from_db()
    assert foreign.state == "proposed"
