"""The first sign-in, by a code on the reader's phone; the gateway is a real HTTP server."""

import hashlib
import hmac
import json
import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.urls import reverse
from django.utils import timezone

from circulation.actions.cards import keep_phone
from circulation.models import Operation, SignInCode
from circulation.models.patrons import CredentialStatus
from circulation.tasks import send_sign_in_code
from tests.portal.conftest import sign_in, text_of
from tests.world import card_of

PHONE = "13800000000"


@pytest.fixture
def gateway(settings):
    """A list of the messages that arrived: (headers, body)."""
    arrived = []

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append((dict(self.headers), body))
            self.send_response(self.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/sms"
    settings.SMS_WEBHOOK_SECRET = "gateway-secret"
    arrived_handler = Handler
    yield arrived, arrived_handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def newcomer(world):
    """川, with a phone and no log-in yet."""
    patron = world.patrons["川"]
    keep_phone(PHONE, patron=patron, confirmed_at=None)
    return patron


def _ask(client, identifier, phone=PHONE):
    return client.post(reverse("portal:ask_code"), {"identifier": identifier, "phone": phone})


def _enter(client, digits):
    return client.post(reverse("portal:enter_code"), {"code": digits})


def _digits(arrived):
    return re.search(r"\d{6}", json.loads(arrived[-1][1])["text"]).group()


def _work():
    """What the worker does with the message the web process left."""
    return [send_sign_in_code(code_id=str(row.pk)) for row in SignInCode.objects.all()]


def test_a_reader_signs_in_by_card_phone_and_code_and_chooses_a_password(client, newcomer, gateway):
    """ID-17."""
    arrived, _handler = gateway
    asked = _ask(client, card_of(newcomer))
    assert _work() == [True]
    entered = _enter(client, _digits(arrived))
    chosen = client.post(
        reverse("portal:first_password"),
        {"new_password1": "plums-in-the-icebox", "new_password2": "plums-in-the-icebox"},
    )

    assert asked.headers["Location"] == reverse("portal:enter_code")
    assert entered.headers["Location"] == reverse("portal:first_password")
    assert chosen.headers["Location"] == reverse("portal:loans")
    client.post(reverse("portal:sign_out"))
    assert sign_in(client, newcomer.number, password="plums-in-the-icebox").status_code == 302
    newcomer.phone.refresh_from_db()
    assert newcomer.phone.confirmed_at is not None


def test_the_gateway_gets_a_signed_message_once_and_nobody_else_gets_the_code(
    client, newcomer, gateway, caplog
):
    """ID-17: sent once although the task runs twice; neither code nor number is kept or logged."""
    arrived, _handler = gateway
    _ask(client, card_of(newcomer))
    assert _work() + _work() == [True, False]

    ((headers, body),) = arrived
    signature = hmac.new(b"gateway-secret", body, hashlib.sha256).hexdigest()
    assert headers["X-Signature"] == signature
    assert json.loads(body)["to"] == PHONE
    kept = repr([*SignInCode.objects.values(), *Operation.objects.values()]) + caplog.text
    assert _digits(arrived) not in kept
    assert PHONE not in kept


def test_a_wrong_phone_an_unknown_card_and_a_right_pair_read_the_same(client, newcomer, gateway):
    """ID-17: nobody learns whose phone a number is."""
    arrived, _handler = gateway
    pages = []
    for identifier, phone in (
        (card_of(newcomer), "13900000000"),
        ("NOBODY-0001", "13700000000"),
        (card_of(newcomer), PHONE),
    ):
        answer = _ask(client, identifier, phone)
        pages.append((answer.status_code, answer.headers.get("Location")))
        pages.append(text_of(_enter(client, "000000")))

    assert pages[:2] == pages[2:4] == pages[4:]
    assert arrived == []


def test_a_code_is_tried_five_times_at_most_and_holds_five_minutes(client, newcomer, gateway):
    """ID-17: the right digits come too late."""
    arrived, _handler = gateway
    _ask(client, card_of(newcomer))
    _work()
    right = _digits(arrived)
    wrong = "111111" if right != "111111" else "222222"
    for _ in range(5):
        assert _enter(client, wrong).status_code == 422
    assert _enter(client, right).status_code == 422

    SignInCode.objects.update(tries=0, expires_at=timezone.now() - timedelta(seconds=1))
    assert _enter(client, right).status_code == 422


def test_a_code_is_used_once(client, newcomer, gateway):
    """ID-17."""
    arrived, _handler = gateway
    _ask(client, card_of(newcomer))
    _work()
    session = client.session["portal.sign_in_code"]
    assert _enter(client, _digits(arrived)).status_code == 302
    client.logout()
    again = client.session
    again["portal.sign_in_code"] = session
    again.save()

    assert _enter(client, _digits(arrived)).status_code == 422


def test_codes_are_rationed_by_phone_and_by_address(client, newcomer, gateway):
    """ID-17."""
    assert _ask(client, card_of(newcomer)).status_code == 302
    assert _ask(client, card_of(newcomer)).status_code == 422  # within the minute
    for _ in range(4):
        SignInCode.objects.update(created_at=timezone.now() - timedelta(minutes=2))
        assert _ask(client, card_of(newcomer)).status_code == 302
    SignInCode.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert _ask(client, card_of(newcomer)).status_code == 422  # the sixth in an hour
    for n in range(25):
        assert _ask(client, "X-0001", f"139000000{n:02d}").status_code == 302
    assert _ask(client, "X-0001", "13900000099").status_code == 422  # 31st from here


@pytest.mark.parametrize("case", ["lost card", "staff"])
def test_a_lost_card_or_a_staff_log_in_is_not_opened_by_a_code(
    world, client, newcomer, gateway, case
):
    """ID-17."""
    if case == "lost card":
        newcomer.credentials.update(status=CredentialStatus.LOST)
    else:
        newcomer.user = world.librarian("JJ")
        newcomer.save()

    _ask(client, card_of(newcomer))

    assert _work() == [False]
    assert gateway[0] == []


def test_a_gateway_that_fails_is_logged_without_number_or_code(client, newcomer, gateway, caplog):
    """ID-17."""
    gateway[1].status = 500
    _ask(client, card_of(newcomer))

    assert _work() == [False]
    assert "sms_failed" in caplog.text
    assert PHONE not in caplog.text


def test_without_a_channel_the_page_says_to_come_to_a_desk(client, newcomer, settings):
    settings.SMS_WEBHOOK_URL = ""
    page = text_of(client.get(reverse("portal:ask_code")))

    assert "柜台" in page or "desk" in page
    assert _ask(client, card_of(newcomer)).status_code == 422
    assert not SignInCode.objects.exists()


def test_the_demo_prints_the_code_and_only_the_demo(client, newcomer, settings, capsys):
    """ID-17."""
    settings.SMS_WEBHOOK_URL, settings.SMS_TO_CONSOLE, settings.EMBEDDED = "", True, True
    _ask(client, card_of(newcomer))
    assert _work() == [True]
    printed = capsys.readouterr().out
    assert re.search(r"138\*\*\*\*0000.*\d{6}", printed)

    settings.EMBEDDED = False
    SignInCode.objects.all().delete()
    assert _ask(client, card_of(newcomer)).status_code == 422


def test_digits_of_the_id_are_no_password_and_no_code(client, newcomer, gateway):
    """ID-17."""
    _ask(client, card_of(newcomer))
    for guess in ("010015", newcomer.number[-6:], "", "000000\n", "一二三四五"):
        assert _enter(client, guess).status_code == 422
