"""A card is scanned, the book comes back elsewhere, travels, and reaches the next reader."""

import pytest

from catalog.domain.items import ItemStatus
from circulation.domain.states import RequestState, TransitState
from circulation.models import HoldRequest, ItemEvent, Loan, Transit
from tests.circulation.calls import Member

pytestmark = pytest.mark.django_db


def test_a_book_borrowed_in_one_city_comes_back_in_another_and_serves_the_next_reader(world):
    jinjiang, ziyang = Member(world, "JJ"), Member(world, "ZY")
    world.agencies["JJ"].return_policy = "hold_first"
    world.agencies["JJ"].save()
    item = world.item("三体", at="JJ-MAIN")

    lent = jinjiang.checkout("雪", item)
    wanted = jinjiang.request("川", item)
    returned = ziyang.checkin(item)

    assert lent.status_code == 201, lent.json()
    assert lent.json()["due_date"] > "2026-01-01"
    assert wanted.json()["position"] == 1
    assert returned.status_code == 200
    assert returned.json()["closed_loan"] == lent.json()["loan"]
    assert returned.json()["next"]["reason"] == "to_pickup"  # CI-5
    assert returned.json()["next"]["destination"] == "JJ-MAIN"
    item.refresh_from_db()
    assert (item.status, item.current_branch.code) == (ItemStatus.IN_TRANSIT, "ZY-MAIN")

    transit = returned.json()["next"]["transit"]
    assert ziyang.post(f"transits/{transit}/dispatch/").status_code == 200
    arrived = jinjiang.post(f"transits/{transit}/receive/")

    assert arrived.json()["next"] == {"kind": "hold_shelf", "request": wanted.json()["request"]}
    item.refresh_from_db()
    assert (item.status, item.current_branch.code) == (ItemStatus.ON_HOLD_SHELF, "JJ-MAIN")
    request = HoldRequest.objects.get()
    assert (request.state, request.item_id) == (RequestState.READY, item.pk)
    assert request.expires_at is not None

    collected = jinjiang.checkout("川", item)

    assert collected.json()["filled_request"] == request.pk  # CO-10
    request.refresh_from_db()
    assert request.state == RequestState.FILLED
    assert Transit.objects.get().state == TransitState.RECEIVED
    assert Loan.objects.filter(closed_at=None).get().patron == world.patrons["川"]
    assert list(ItemEvent.objects.order_by("pk").values_list("kind", flat=True)) == [
        "checked_out",
        "checked_in",
        "set_aside",
        "dispatched",
        "received",
        "held",
        "checked_out",
    ]
