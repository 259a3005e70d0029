"""The reader chooses how and when to be told, on a page that works without scripts."""

import pytest

from circulation.models import NoticeAddress, NoticeChoice
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    from library_net.accounts.models import User

    patron = World.build().patrons["雪"]
    patron.user = User.objects.create_user("xue", password="clouds")
    patron.save()
    client.force_login(patron.user)
    return patron


def choose(client, **more):
    form = {"channel": "email", "kind": ["returned", "ready"], "from": "22:00", "to": "07:30"}
    return client.post("/my/notices", {**form, **more}, follow=True)


def test_the_choice_is_kept_and_shown(client, reader):
    page = choose(client, email="xue@example.org").content.decode()

    choice, address = NoticeChoice.objects.get(), NoticeAddress.objects.get()
    assert choice.channels[0] == "email"
    assert "overdue" in choice.silent_kinds
    assert f"{choice.quiet_from:%H:%M}" == "22:00"
    assert b"xue@example.org" not in bytes(address.sealed)
    assert address.clear() == "xue@example.org"
    assert "xue@example.org" not in page
    assert "x***@example.org" in page


def test_an_address_can_be_forgotten(client, reader):
    choose(client, email="xue@example.org")
    choose(client, forget="email")

    assert not NoticeAddress.objects.exists()


@pytest.mark.parametrize("wrong", [{"email": "no address"}, {"from": "noon"}])
def test_nonsense_changes_nothing_and_says_so(client, reader, wrong):
    page = choose(client, **wrong)

    assert page.status_code == 200
    assert not NoticeChoice.objects.exists()


def test_others_are_sent_to_sign_in(client):
    assert client.get("/my/notices").status_code == 302
