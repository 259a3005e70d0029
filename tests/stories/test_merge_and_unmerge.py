"""Two records are joined and parted again while their copies are lent and waited for."""

import pytest
from django.urls import reverse

from catalog.models import Item, MatchDecision, MatchQuestion
from circulation.models import HoldRequest, Loan
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender
from tests.circulation.calls import Member

pytestmark = pytest.mark.django_db
ISBN = "9787506365437"


@pytest.fixture
def members(world):
    """Two members with a copy each of what the matcher cannot tell to be one book."""
    Sender(world, "JJ").send(
        cnmarc("j", "资治通鉴", "司马光", isbn=ISBN, volume="第1卷", publisher="中华书局",
               items=[("J1", "JJ-MAIN", "K204/1")])
    )  # fmt: skip
    Sender(world, "ZY").send(
        cnmarc("z", "資治通鑒", "司马光", isbn=ISBN, publisher="中华书局",
               items=[("Z1", "ZY-MAIN", "K204.3")])
    )  # fmt: skip
    return Member(world, "JJ"), Member(world, "ZY")


@pytest.fixture
def librarian(world, client):
    client.force_login(world.librarian("JJ"))
    return client


def item(barcode):
    return Item.objects.select_related("source_record__manifestation").get(barcode=barcode)


def public_id(barcode):
    return item(barcode).source_record.manifestation.public_id


def shown(client, *ids):
    """What anybody sees under these ids, without the time of the last change."""
    pages = []
    for one in ids:
        page = client.get(f"/api/v1/records/{one}/").json()
        for edition in page.get("editions", ()):
            edition.pop("updated_at")
        pages.append(page)
    return pages


def circulation():
    """Who has what, and who waits for what: by copy and by member record, never by edition."""
    loans = Loan.objects.values_list("item__barcode", "patron__name", "closed_at").order_by("pk")
    requests = HoldRequest.objects.values_list(
        "patron__name", "state", "item__barcode", "anchor__source_key"
    )
    copies = Item.objects.values_list("barcode", "source_record__source_key", "status")
    return list(loans), list(requests.order_by("pk")), sorted(copies)


def join(librarian):
    question = MatchQuestion.objects.open().get()
    page = reverse("admin:catalog_matchquestion_change", args=[question.pk])
    assert librarian.post(page, {"join": "1", "reason": "馆藏核对"}).status_code == 302


def take_back(librarian):
    decision = MatchDecision.objects.get(undone_at=None)
    librarian.post(
        reverse("admin:catalog_matchdecision_changelist"),
        {"action": "undo", "_selected_action": [decision.pk]},
    )


def test_what_was_joined_parts_again_exactly_while_loans_and_requests_stay_with_their_copies(
    world, members, librarian
):
    """MA-13, MA-16."""
    jinjiang, ziyang = members
    ids = public_id("J1"), public_id("Z1")
    assert ids[0] != ids[1]
    assert jinjiang.checkout("雪", item("J1")).status_code == 201
    assert ziyang.checkout("禾", item("Z1")).status_code == 201
    assert jinjiang.request("川", item("J1")).status_code == 201
    assert ziyang.request("雪", item("Z1")).status_code == 201
    before, lent = shown(librarian, *ids), circulation()

    join(librarian)

    joined = shown(librarian, *ids)
    assert public_id("J1") == public_id("Z1") == ids[0]
    assert joined[0]["editions"] == joined[1]["editions"]
    assert [len(page["editions"]) for page in (before[0], joined[0])] == [2, 1]
    assert circulation() == lent

    take_back(librarian)

    assert shown(librarian, *ids) == before
    assert circulation() == lent
    assert MatchQuestion.objects.open().count() == 1

    join(librarian)

    assert shown(librarian, *ids) == joined
    assert circulation() == lent


def test_while_joined_either_copy_serves_who_waits_and_parting_takes_nothing_away(
    world, members, librarian
):
    """MA-16: a request is anchored on the record its reader chose."""
    jinjiang, ziyang = members
    jinjiang.checkout("雪", item("J1"))
    ziyang.checkout("禾", item("Z1"))
    wanted = jinjiang.request("川", item("J1")).json()["request"]
    join(librarian)

    returned = ziyang.checkin(item("Z1"))

    assert returned.json()["next"]["reason"] == "to_pickup"
    request = HoldRequest.objects.get(pk=wanted)
    assert request.item.barcode == "Z1"

    take_back(librarian)
    request.refresh_from_db()
    assert request.item.barcode == "Z1"  # promised is promised
    transit = returned.json()["next"]["transit"]
    ziyang.post(f"transits/{transit}/dispatch/")
    jinjiang.post(f"transits/{transit}/receive/")
    collected = jinjiang.checkout("川", item("Z1"))

    assert collected.json()["filled_request"] == wanted
    assert item("Z1").source_record.source_key == "z"
    assert jinjiang.checkin(item("J1")).json()["closed_loan"]


def test_a_loan_made_while_joined_survives_the_parting(world, members, librarian):
    jinjiang, _ziyang = members
    join(librarian)
    loan = jinjiang.checkout("雪", item("J1")).json()["loan"]

    take_back(librarian)

    assert Loan.objects.get(pk=loan).item.barcode == "J1"
    assert public_id("J1") != public_id("Z1")
    assert jinjiang.checkin(item("J1")).json()["closed_loan"] == loan
