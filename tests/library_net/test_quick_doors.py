"""Loans and returns in front of Django: the same answers; all that is odd is left to Django."""

import json
import logging

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from django.utils import timezone

from catalog.domain.items import ItemStatus
from circulation.api_quick import DOORS
from circulation.models import Loan, Operation
from library_net.api import authentication
from library_net.api.quick import MAX_BYTES, QuickDoors
from library_net.network.models import MemberKey
from library_net.security import HEADERS
from library_net.wsgi import application, site
from tests.world import card_of

pytestmark = pytest.mark.django_db
LOANS, RETURNS = "/api/v1/checkouts/", "/api/v1/checkins/"
OF_A_VIEW = {"Vary", "Allow", "WWW-Authenticate"}  # what the REST framework adds to any answer


@pytest.fixture(autouse=True)
def connection_kept():
    """The end of a request would close the connection whose transaction the test lives in."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


class Desk:
    """A member's software; its first request comes by Django, which notes the key's use."""

    def __init__(self, world):
        self.world = world
        self.key = world.member_key("JJ")
        first = self.ask(site, LOANS, self.loan(world.item("第一本")), key="first")
        assert first.status == 201

    def loan(self, item, **more):
        card = card_of(self.world.patrons["雪"])
        return {"branch": "JJ-MAIN", "card": card, "barcode": item.barcode, **more}

    def environ(self, path, body, *, key="", **headers):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Host": "testserver", "Authorization": f"Key {self.key}", "Idempotency-Key": key}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        kind = given.pop("Content-Type", "application/json")
        return RequestFactory().generic("POST", path, sent, kind, headers=given).environ

    def ask(self, app, path, body, *, key="", **headers):
        return Answer(app, self.environ(path, body, key=key, **headers))


class Answer:
    def __init__(self, app, environ):
        def start_response(line, headers, _problem=None):
            self.status, self.headers = int(line.split()[0]), dict(headers)

        parts = app(environ, start_response)
        self.body = b"".join(parts)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def told(self):
        return self.status, self.headers["Content-Type"], self.body


@pytest.fixture
def desk(world):
    world.patron("雪")
    return Desk(world)


def nobody(_environ, _start_response):
    raise AssertionError("this should not have reached Django")


IN_FRONT = QuickDoors(nobody, doors=DOORS, headers=HEADERS)


def test_an_ordinary_loan_and_its_return_never_reach_django(world, desk):
    item = world.item()

    lent = desk.ask(IN_FRONT, LOANS, desk.loan(item), key="out")
    back = desk.ask(IN_FRONT, RETURNS, {"branch": "JJ-MAIN", "barcode": item.barcode}, key="in")

    assert (lent.status, back.status) == (201, 200)
    loan = Loan.objects.get(pk=lent.json["loan"])
    assert (loan.item, loan.closed_at is None) == (item, False)
    assert back.json["closed_loan"] == loan.pk


@pytest.mark.parametrize("status", [ItemStatus.AVAILABLE, ItemStatus.WITHDRAWN])
def test_a_repeat_gets_the_same_answer_at_either_door(world, desk, status):
    asked = desk.loan(world.item(status=status))

    quick = desk.ask(IN_FRONT, LOANS, asked, key="once")
    careful = desk.ask(site, LOANS, asked, key="once")

    assert quick.told == careful.told
    assert Operation.objects.filter(operation_id="once").count() == 1


@pytest.mark.parametrize("status", [ItemStatus.AVAILABLE, ItemStatus.WITHDRAWN])
def test_an_answer_in_front_of_django_bears_the_same_headers(world, desk, status):
    asked = desk.loan(world.item(status=status))

    quick = desk.ask(IN_FRONT, LOANS, asked, key="once")
    careful = desk.ask(site, LOANS, asked, key="once")

    assert (
        quick.headers.items()
        == {name: value for name, value in careful.headers.items() if name not in OF_A_VIEW}.items()
    )
    assert quick.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "odd",
    [
        {"Cookie": "sessionid=1"},
        {"Accept-Language": "en"},
        {"Accept": "text/html"},
        {"Host": "elsewhere.example"},
        {"Content-Type": "text/plain"},
        {"Authorization": ""},
        {"Authorization": "Key ln_00000000.wrong"},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "x" * 121},
    ],
)
def test_what_a_door_does_not_know_is_left_to_django(world, desk, odd):
    asked = desk.loan(world.item())

    with pytest.raises(AssertionError, match="reached Django"):
        desk.ask(IN_FRONT, LOANS, asked, key="k", **odd)
    assert not Operation.objects.filter(operation_id="k").exists()
    assert (
        desk.ask(application, LOANS, asked, key="k", **odd).told
        == desk.ask(site, LOANS, asked, key="k", **odd).told
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"branch": 7}',
        b'{"branch": "JJ-MAIN", "barcode": "a\\u0000", "card": "b"}',
        b'{"branch": "JJ-MAIN", "barcode": "%b", "card": "b"}' % (b"9" * 65),
        b'{"branch": "JJ-MAIN", "barcode": "b", "card": "%b"}' % (b" " * MAX_BYTES),
    ],
)
@pytest.mark.parametrize("path", [LOANS, RETURNS])
def test_an_odd_body_is_told_in_the_words_of_the_ordinary_view(desk, path, body):
    assert (
        desk.ask(application, path, body, key="k").told == desk.ask(site, path, body, key="k").told
    )


def test_an_address_with_a_question_mark_is_left_to_django(world, desk):
    asked = desk.loan(world.item())

    assert desk.ask(application, f"{LOANS}?x=%00", asked, key="k").status == 400


def test_a_copy_out_of_the_ordinary_is_lent_by_the_ordinary_view(world, desk):
    lost = world.item(status=ItemStatus.LOST)

    with pytest.raises(AssertionError, match="reached Django"):
        desk.ask(IN_FRONT, RETURNS, {"branch": "JJ-MAIN", "barcode": lost.barcode}, key="k")
    back = desk.ask(application, RETURNS, {"branch": "JJ-MAIN", "barcode": lost.barcode}, key="k")

    assert back.status == 200
    assert [each["code"] for each in back.json["exceptions"]] == ["was_lost"]


def test_a_revoked_key_is_refused_whatever_the_process_remembers(world, desk):
    MemberKey.objects.filter(prefix=desk.key.partition(".")[0]).update(revoked_at=timezone.now())

    refused = desk.ask(IN_FRONT, LOANS, desk.loan(world.item()), key="k")

    assert (refused.status, refused.json["code"]) == (401, "bad_member_key")
    assert not Operation.objects.filter(operation_id="k").exists()


def test_the_first_use_of_a_key_comes_by_the_view_that_notes_it(world, desk, monkeypatch):
    monkeypatch.setattr(authentication, "_noted", {})  # ids come again on SQLite
    desk.key = world.member_key("ZY")

    asked = {"branch": "ZY-MAIN", "barcode": world.item(at="ZY-MAIN").barcode}
    assert desk.ask(application, RETURNS, asked, key="k").status == 200

    shown = desk.key.partition(".")[0]
    assert MemberKey.objects.get(prefix=shown).last_used_at is not None


def test_a_signed_in_person_still_needs_the_token_against_forgery(world):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.librarian("JJ"))
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    asked = {"branch": "JJ-MAIN", "barcode": world.item().barcode}

    environ = Desk.environ(
        type("Person", (), {"key": ""})(), RETURNS, asked, key="k", Cookie=cookies, Authorization=""
    )

    assert Answer(application, environ).status == 403
    assert not Operation.objects.filter(operation_id="k").exists()


def test_a_door_that_fails_leaves_the_request_to_django(caplog):
    def broken(_environ, _body):
        raise ZeroDivisionError

    def behind(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read()]

    app = QuickDoors(behind, doors={"/door": broken}, headers=())
    environ = RequestFactory().post(
        "/door", b"{}", content_type="application/json", headers={"Host": "testserver"}
    )

    with caplog.at_level(logging.ERROR):
        answer = Answer(app, environ.environ)

    assert answer.told == (200, "text/plain", b"{}")
    assert "a quick door failed" in caplog.text
