"""An approved move is set aside, travels and arrives; or a reader is faster and it is dropped."""

import pytest

from catalog.domain.items import ItemStatus
from circulation.actions.check_item_events import check_item_events
from circulation.models import Move, Plan, Transit
from tests.circulation.calls import Member
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def approved(world: World, item, *, to: str) -> Move:
    plan = Plan.objects.create(
        date=NOW.date(), state="approved", seed=1, as_of=NOW, created_at=NOW, is_verified=True
    )
    return Move.objects.create(
        plan=plan,
        item=item,
        origin=item.current_branch,
        destination=world.branches[to],
        state="approved",
        gain=1,
        cost=0,
    )


def test_a_picked_copy_is_set_aside_and_stays_where_the_plan_sent_it(world):
    """CI-6, CI-7."""
    jinjiang, ziyang = Member(world, "JJ"), Member(world, "ZY")
    item = world.item(at="JJ-MAIN")
    move = approved(world, item, to="ZY-MAIN")

    picked = jinjiang.checkin(item).json()["next"]
    jinjiang.post(f"transits/{picked['transit']}/dispatch/")
    arrived = ziyang.post(f"transits/{picked['transit']}/receive/")

    assert (picked["reason"], picked["move"]) == ("rebalance", move.pk)
    assert arrived.json()["next"] == {"kind": "shelf"}
    move.refresh_from_db()
    item.refresh_from_db()
    assert (move.state, move.plan.state) == ("done", "done")
    assert (item.status, item.current_branch.code) == (ItemStatus.AVAILABLE, "ZY-MAIN")
    assert check_item_events().is_sound


def test_a_reader_who_takes_the_copy_first_drops_the_move(world):
    """CO-11."""
    jinjiang = Member(world, "JJ")
    item = world.item(at="JJ-MAIN")
    move = approved(world, item, to="ZY-MAIN")

    assert jinjiang.checkout("雪", item).status_code == 201

    move.refresh_from_db()
    assert move.state == "dropped"


def test_a_reader_who_takes_it_out_of_the_crate_drops_the_move_too(world):
    """CO-11."""
    jinjiang = Member(world, "JJ")
    item = world.item(at="JJ-MAIN")
    move = approved(world, item, to="ZY-MAIN")
    jinjiang.checkin(item)

    assert jinjiang.checkout("雪", item).status_code == 201

    move.refresh_from_db()
    assert (move.state, move.plan.state) == ("dropped", "done")
    assert Transit.objects.get().state == "cancelled"


def test_a_waiting_reader_drops_the_move(world):
    """CI-7."""
    jinjiang = Member(world, "JJ")
    item = world.item(at="JJ-MAIN")
    move = approved(world, item, to="ZY-MAIN")
    jinjiang.request("川", item)

    assert jinjiang.checkin(item).json()["next"]["kind"] == "hold_shelf"

    move.refresh_from_db()
    assert move.state == "dropped"
