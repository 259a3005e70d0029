"""NT-6: where an app reaches a reader is set over REST, where she is known or present."""

import pytest
from django.db import connection
from django.utils import timezone

from circulation.models import AccessLog, NoticeAddress
from circulation.readers.privacy import held_about
from tests.circulation.calls import Member
from tests.circulation.phones import Phone
from tests.world import card_of

pytestmark = pytest.mark.django_db
OPENID = "oAbC-1234567890_openid"


def tell(member, *, key="", card="", forget=False, **more):
    shown = card or card_of(member.world.patrons["雪"])
    body = {"branch": member.branch, "card": shown, "channel": "wechat", **more}
    if not forget:
        body.setdefault("address", OPENID)
    return member.post(f"notice-addresses/{'forget/' if forget else ''}", body, key=key)


def test_her_own_institution_sets_it_and_it_is_kept_sealed(world):
    answer = tell(Member(world, "JJ"))

    row = NoticeAddress.objects.get()
    assert answer.status_code == 201
    assert answer.json()["address"] == row.masked != OPENID
    assert (row.kind, row.clear()) == ("wechat", OPENID)
    assert OPENID.encode() not in bytes(row.sealed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer, digest FROM circulation_operation")
        assert OPENID not in str(cursor.fetchall())


def test_a_new_one_takes_its_place_and_the_other_channel_stays(world):
    member = Member(world, "JJ")
    tell(member, channel="app", address="device-1")
    tell(member)
    tell(member, address="oNew")

    assert {row.kind: row.clear() for row in NoticeAddress.objects.all()} == {
        "app": "device-1",
        "wechat": "oNew",
    }


def test_the_same_key_is_answered_again_and_refused_for_another_address(world):
    member = Member(world, "JJ")
    first = tell(member, key="once")
    again = tell(member, key="once")
    other = tell(member, key="once", address="oOther")

    assert (again.status_code, again.json()) == (201, first.json())
    assert other.status_code == 422
    assert NoticeAddress.objects.get().clear() == OPENID
    assert AccessLog.objects.count() == 1


def test_another_institution_needs_more_than_the_number_of_a_card(world):
    refused = tell(Member(world, "ZY"))

    assert refused.status_code == 403
    assert refused.json()["code"] == "outside_your_agency"
    assert not NoticeAddress.objects.exists()


def test_another_institution_may_while_her_phone_shows_its_code(world):
    phone = Phone.of(world.patrons["雪"], now=timezone.now())
    code = phone.code(audience=f"B{world.branches['ZY-MAIN'].pk}", at=timezone.now())

    answer = tell(Member(world, "ZY"), card=code)

    assert answer.status_code == 201, answer.content
    assert NoticeAddress.objects.get().clear() == OPENID


def test_it_is_forgotten_on_demand_however_often(world):
    member = Member(world, "JJ")
    tell(member)

    answers = [tell(member, forget=True) for _ in range(2)]

    assert [(a.status_code, a.json()["address"]) for a in answers] == [(200, "")] * 2
    assert not NoticeAddress.objects.exists()


@pytest.mark.parametrize("wrong", ["two words", "line\nend", "x" * 201])
def test_what_cannot_be_an_address_is_refused_with_the_next_step(world, wrong):
    answer = tell(Member(world, "JJ"), address=wrong)

    assert answer.status_code == 422
    assert answer.json()["code"] == "notice_address_wrong_form"
    assert not NoticeAddress.objects.exists()


def test_phones_and_mail_have_other_doors(world):
    assert tell(Member(world, "JJ"), channel="sms").status_code == 422


def test_the_reader_sees_which_institutions_software_it_was(world):
    tell(Member(world, "JJ"))

    (look,) = held_about(world.patrons["雪"])["looked_at_by"]
    assert (look["institution"], look["by_software"]) == ("锦江区图书馆", True)
