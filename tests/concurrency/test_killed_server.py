"""A web process killed between commit and answer: sent again, the request gets the same answer."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from circulation.models import ItemEvent, Loan, Operation
from tests.services import die_with_parent, free_port
from tests.world import World, card_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.server,
    pytest.mark.timeout(280),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port():
    """granian on the test's own database."""
    port = free_port()
    command = [Path(sys.executable).parent / "granian", "--interface", "wsgi", "--host"]
    command += [
        "127.0.0.1",
        "--port",
        port,
        "--workers",
        2,
        "--blocking-threads",
        4,
        "--respawn-failed-workers",
    ]
    command += ["--log-level", "warning", "tests.concurrency.dying_wsgi:application"]
    environment = {**os.environ, "LIBRARY_NET_DATA_DIR": str(settings.DATA_DIR)}
    environment["LIBRARY_NET_DATABASE_URL"] = database_url()
    environment["LIBRARY_NET_VAULT_KEYS"] = ",".join(settings.VAULT_KEYS)
    server = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one C call
    )
    wait_for(port, server)
    yield port
    # Not asked politely: having lost workers, granian takes its time to end.
    os.killpg(server.pid, signal.SIGKILL)
    server.wait(30)


def database_url() -> str:
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def wait_for(port, server):
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and server.poll() is None:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=6)
            line.request("GET", "/api/v1/")
            line.getresponse().read()
            line.close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not start")


def send(port, world_key, path, body, *, key, dies=False):
    """Status and body, or None when the line went dead."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=6)
    headers = {
        "Authorization": f"Key {world_key}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    if dies:
        headers["X-Die-Before-Answering"] = "yes"
    try:
        line.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        response = line.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


def send_again(port, key, path, body, *, operation):
    """The other process may be gone too, and a new one takes its time on a busy machine."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        answer = send(port, key, path, body, key=operation)
        if answer is not None:
            return answer
        time.sleep(0.2)
    raise AssertionError("no process answers any more")


def test_a_loan_and_a_return_survive_the_death_of_their_process(port):
    world = World.build()
    key, item = world.member_key("JJ"), world.item()
    lend = {"branch": "JJ-MAIN", "card": card_of(world.patrons["雪"]), "barcode": item.barcode}
    back = {"branch": "JJ-MAIN", "barcode": item.barcode}

    assert send(port, key, "checkouts/", lend, key="out", dies=True) is None
    lent = [send_again(port, key, "checkouts/", lend, operation="out") for _ in range(2)]
    assert send(port, key, "checkins/", back, key="in", dies=True) is None
    returned = [send_again(port, key, "checkins/", back, operation="in") for _ in range(2)]

    assert lent[0] == lent[1]
    assert lent[0][0] == 201, lent
    loan = Loan.objects.get()
    assert json.loads(lent[0][1])["loan"] == loan.pk
    assert returned[0] == returned[1]
    assert json.loads(returned[0][1])["closed_loan"] == loan.pk
    assert Operation.objects.count() == 2
    assert ItemEvent.objects.count() == 2
