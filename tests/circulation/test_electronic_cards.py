"""Electronic cards behind a relay that is somebody else's, here a real HTTP server."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from circulation.models import Credential
from library_net import relay
from tests.circulation.calls import reasons
from tests.world import card_of

pytestmark = pytest.mark.django_db
RESIDENT_ID = "510199199001010015"  # unassigned region, valid check digit
CODE = "essc:0123456789abcdef"


class _Relay(BaseHTTPRequestHandler):
    answers: dict = {}
    asked: list = []
    delay_s = 0.0
    status = 200
    raw: bytes | None = None

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append((body["code"], self.headers["Authorization"]))
        time.sleep(self.delay_s)
        known = self.answers.get(body["code"])
        status = self.status if known or self.status != 200 else 404
        text = self.raw if self.raw is not None else json.dumps(known or {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


@pytest.fixture
def issuer(settings):
    """A relay that knows one code; change its class attributes to make it ill."""

    class Handler(_Relay):
        answers = {CODE: {"kind": "resident_id", "number": RESIDENT_ID, "name": "王小雪"}}
        asked = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.ECARD_RELAY_URL = f"http://127.0.0.1:{server.server_port}/resolve"
    settings.ECARD_RELAY_SECRET = "relay-secret"
    relay.breaker.rests_until = 0.0
    Handler.stop = lambda: (server.shutdown(), server.server_close())
    yield Handler
    Handler.stop()
    relay.breaker.rests_until = 0.0


def _register(member, number=RESIDENT_ID):
    return member.post("patrons/", {"branch": member.branch, "name": "王小雪", "number": number})


def _lend(member, card):
    body = {"branch": member.branch, "card": card, "barcode": member.world.item().barcode}
    return member.post("checkouts/", body)


def test_an_electronic_card_opens_the_account_of_the_document_behind_it(jinjiang, issuer):
    """ID-18."""
    reader = _register(jinjiang).json()["patron"]

    assert _lend(jinjiang, CODE).json()["patron"] == reader
    assert issuer.asked == [(CODE, "Bearer relay-secret")]


def test_an_electronic_card_registers_like_the_document_itself(jinjiang, issuer):
    """ID-9, ID-18."""
    first = _register(jinjiang, CODE).json()
    again = _register(jinjiang).json()

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["credential"] == {"kind": "resident_id", "number": "510199********0015"}
    assert Credential.objects.filter(kind="resident_id").count() == 1


def test_a_code_the_issuer_does_not_know_is_told_apart_from_a_reader_we_do_not(jinjiang, issuer):
    """ID-18."""
    assert reasons(_lend(jinjiang, CODE)) == ["unknown_patron"]
    assert reasons(_lend(jinjiang, "essc:too-old-a-code")) == ["ecard_unknown"]


@pytest.mark.parametrize("illness", ["stopped", "500", "nonsense", "list", "redirect"])
def test_while_the_relay_is_down_the_desk_is_told_and_other_cards_work(
    world, jinjiang, issuer, illness
):
    """ID-19."""
    match illness:
        case "stopped":
            issuer.stop()
        case "500":
            issuer.status = 500
        case "nonsense":
            issuer.raw = b"<html>"
        case "list":
            issuer.raw = b"[]"
        case "redirect":
            issuer.status, issuer.raw = 302, b""

    answer = _lend(jinjiang, CODE)

    assert (answer.status_code, reasons(answer)) == (503, ["relay_down"])
    assert jinjiang.checkout("雪", world.item()).status_code == 201


def test_a_relay_that_hangs_costs_seconds_once_and_then_nothing(world, jinjiang, issuer):
    """ID-19."""
    issuer.delay_s = 8

    started = time.monotonic()
    first = _lend(jinjiang, CODE)
    waited, started = time.monotonic() - started, time.monotonic()
    second = _lend(jinjiang, CODE)

    assert reasons(first) == reasons(second) == ["relay_down"]
    assert 2 < waited < 6
    assert time.monotonic() - started < 1
    assert len(issuer.asked) == 1


def test_after_its_rest_the_relay_is_asked_again(jinjiang, issuer):
    """ID-19."""
    issuer.status = 500
    assert reasons(_lend(jinjiang, CODE)) == ["relay_down"]
    issuer.status = 200
    assert reasons(_lend(jinjiang, CODE)) == ["relay_down"]  # it rests

    relay.breaker.rests_until = time.monotonic()

    assert reasons(_lend(jinjiang, CODE)) == ["unknown_patron"]


def test_at_the_desk_the_answer_says_that_every_other_card_works(world, client, issuer):
    """ID-19."""
    client.force_login(world.librarian("JJ"))
    issuer.stop()

    told = client.post("/desk/", {"code": CODE}, follow=True).content.decode()
    opened = client.post("/desk/", {"code": card_of(world.patrons["雪"])}, follow=True)

    assert "other card" in told or "其他证件" in told
    assert world.patrons["雪"].number in opened.content.decode()


def test_without_a_relay_electronic_cards_are_politely_refused(jinjiang, settings):
    """ID-18."""
    settings.ECARD_RELAY_URL = ""

    assert reasons(_lend(jinjiang, CODE)) == ["ecard_not_accepted"]


def test_the_relay_cannot_name_what_is_no_document(jinjiang, issuer):
    """ID-19: a relay that answered with another library's reader card would open anybody."""
    issuer.answers = {
        CODE: {"kind": "reader_card", "number": card_of(jinjiang.world.patrons["雪"])}
    }

    assert reasons(_lend(jinjiang, CODE)) == ["relay_down"]
