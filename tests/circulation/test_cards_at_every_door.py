"""A phone's code and an electronic card are as good as plastic at every door over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from circulation.models import Credential, Guardianship, Loan, OfflineConflict, Proxy, UsedCode
from tests.circulation.calls import reasons
from tests.circulation.phones import Phone
from tests.circulation.test_electronic_cards import CODE, RESIDENT_ID, issuer  # noqa: F401
from tests.world import card_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def show(world):
    """A fresh code of a reader's phone, for one branch or for all of an institution."""
    phones = {}

    def code(name, *, branch="", at=None):
        if name not in phones:
            phones[name] = Phone.of(world.patrons[name], now=timezone.now())
        place = world.branches[branch] if branch else world.agencies["JJ"]
        audience = f"{'B' if branch else 'A'}{place.pk}"
        return phones[name].code(audience=audience, at=at or timezone.now())

    return code


def test_a_guardian_is_linked_by_phone(world, jinjiang, show):
    """ID-14, ID-20."""
    body = {"branch": "JJ-MAIN", "ward": card_of(world.patrons["禾"])}

    answer = jinjiang.post("guardians/", {**body, "guardian": show("雪", branch="JJ-MAIN")})

    assert answer.status_code == 201, answer.json()
    assert Guardianship.objects.get().guardian == world.patrons["雪"]


def test_two_records_are_joined_by_the_phone_of_one_and_the_card_of_the_other(
    world, jinjiang, show
):
    """ID-24, ID-20: made for the institution, or for the branch that is named."""
    for branch in ("", "JJ-ROOM"):
        keep, absorb = show("雪", branch=branch), world.patron("雪")
        body = {"keep": keep, "absorb": card_of(absorb), "reason": "一人两证"}

        answer = jinjiang.post("merges/", {**body, "branch": branch})

        assert answer.status_code == 201, answer.json()


def test_the_phone_that_is_shown_is_blocked_and_the_card_works_on(world, jinjiang, show):
    """ID-23."""
    answer = jinjiang.post("credentials/lost/", {"card": show("雪")})
    lent = jinjiang.checkout("雪", world.item())

    assert answer.status_code == 200, answer.json()
    assert Credential.objects.get(status="lost").kind == "device"
    assert lent.status_code == 201


def test_a_document_is_reported_lost_by_its_electronic_card(jinjiang, issuer):  # noqa: F811
    """ID-18, ID-23."""
    number = {"branch": "JJ-MAIN", "name": "王小雪", "number": RESIDENT_ID}
    jinjiang.post("patrons/", number)

    answer = jinjiang.post("credentials/lost/", {"card": CODE})

    assert answer.status_code == 200, answer.json()
    assert Credential.objects.get(kind="resident_id").status == "lost"


def test_a_proxy_is_named_by_phone(world, jinjiang, show):
    """PX-1."""
    days = [str(timezone.localdate() + timedelta(days=n)) for n in (0, 30)]
    body = {"branch": "JJ-MAIN", "card": show("雪"), "proxy": world.patrons["川"].number}

    answer = jinjiang.post("proxies/", {**body, "valid_from": days[0], "valid_until": days[1]})

    assert answer.status_code == 201, answer.json()
    assert Proxy.objects.count() == 1


def test_a_code_for_another_library_opens_nothing_and_is_not_used_up(world, jinjiang, show):
    """ID-20."""
    code = show("雪", branch="ZY-MAIN")

    answer = jinjiang.post("credentials/lost/", {"card": code})
    elsewhere = jinjiang.post("credentials/lost/", {"card": code, "branch": "ZY-MAIN"})

    assert reasons(answer) == ["code_elsewhere"]
    assert elsewhere.status_code == 403
    assert not UsedCode.objects.exists()


def test_a_code_scanned_without_a_line_is_judged_by_that_moment(world, jinjiang, show):
    """OF-1, ID-21: sent hours later and twice; made a minute too early it is nobody's."""
    scanned = timezone.now() - timedelta(hours=3)
    good, stale = world.item("三体"), world.item("活着")
    codes = {
        good: show("雪", branch="JJ-MAIN", at=scanned),
        stale: show("雪", branch="JJ-MAIN", at=scanned - timedelta(minutes=9)),
    }
    body = {
        "device": "kiosk-1",
        "branch": "JJ-MAIN",
        "events": [
            {
                "operation_id": f"k-{item.pk}",
                "kind": "checkout",
                "at": scanned.isoformat(),
                "barcode": item.barcode,
                "card": code,
            }
            for item, code in codes.items()
        ],
    }

    first = jinjiang.post("journals/", body)
    again = jinjiang.post("journals/", body)

    assert first.status_code == 200, first.json()
    assert again.json() == first.json()
    assert Loan.objects.get(item=good).patron == world.patrons["雪"]
    assert OfflineConflict.objects.get().code == "offline_unknown_reader"
