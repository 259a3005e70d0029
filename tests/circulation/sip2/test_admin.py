"""Librarians keep the machines of their own branches; a password is set and never shown."""

import pytest

from circulation.models import Notice, NoticeChannel, SipTerminal
from tests.circulation.sip2.running import terminal
from tests.world import NOW

pytestmark = pytest.mark.django_db
PAGE = "/admin/circulation/sipterminal/"


def form(world, **more):
    return {
        "label": "大厅一号",
        "branch": world.branches["JJ-MAIN"].pk,
        "login": "kiosk-1",
        "new_password": "long-enough",
        "is_active": "on",
        "encoding": "gb18030",
        "line_end": "cr",
        "language": "zh-hans",
        "currency": "CNY",
        "due_format": "date",
        "allowed_messages": "09 11",
        "sort_bins": "{}",
        **more,
    }


def test_a_terminal_is_made_with_a_hashed_password(world, client):
    client.force_login(world.librarian("JJ"))

    answer = client.post(f"{PAGE}add/", form(world))
    row = SipTerminal.objects.get()
    page = client.get(f"{PAGE}{row.pk}/change/").content.decode()

    assert answer.status_code == 302
    assert row.check_password("long-enough")
    assert "long-enough" not in row.password
    assert row.password not in page


def test_nonsense_in_a_profile_is_named(world, client):
    client.force_login(world.librarian("JJ"))

    page = client.post(f"{PAGE}add/", form(world, allowed_messages="09 88", new_password=""))

    assert not SipTerminal.objects.exists()
    assert "88" in page.content.decode()


def test_a_librarian_sees_and_makes_only_her_own_machines(world, client):
    mine, theirs = terminal(world), terminal(world, branch="ZY-MAIN", login="other")
    client.force_login(world.librarian("JJ"))

    listed = client.get(PAGE).content.decode()
    foreign = client.post(f"{PAGE}add/", form(world, branch=world.branches["ZY-MAIN"].pk))

    assert mine.label in listed
    assert theirs.login not in listed
    assert client.get(f"{PAGE}{theirs.pk}/change/").status_code == 302
    assert foreign.status_code == 200
    assert SipTerminal.objects.count() == 2


def test_a_channels_secret_is_sealed(world, client):
    client.force_login(world.network_admin())
    url = "https://gateway.example.org/send"

    client.post(
        "/admin/circulation/noticechannel/add/",
        {"kind": "wechat", "url": url, "new_secret": "between-us", "is_active": "on"},
    )

    row = NoticeChannel.objects.get()
    assert row.secret() == "between-us"
    assert b"between-us" not in bytes(row.sealed_secret)


def test_notices_in_doubt_are_listed_and_settled(world, client):
    notice = Notice.objects.create(
        fact="x",
        kind="returned",
        patron=world.patrons["雪"],
        state="unknown",
        created_at=NOW,
        not_before=NOW,
    )
    client.force_login(world.librarian("JJ"))

    before = client.get("/desk/notices/").content.decode()
    client.post(f"/desk/settle/notice/{notice.pk}/", {"operation_id": "y"})
    after = client.get("/desk/notices/").content.decode()

    assert world.patrons["雪"].number in before
    assert world.patrons["雪"].number not in after
    notice.refresh_from_db()
    assert (notice.state, notice.settled_at is None) == ("unknown", False)
