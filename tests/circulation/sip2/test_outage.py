"""PostgreSQL is restarted under a running SIP2 server: "try later" meanwhile, then on as before."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import server_process
from tests.services import (
    ServiceMissingError,
    _create_database,
    _folder,
    _ordinary_user,
    _wait,
    find_program,
    free_port,
)
from tests.site import ROOT

pytestmark = [pytest.mark.server, pytest.mark.slow]
SETUP = """
from tests.circulation.sip2.running import terminal
from tests.world import World, card_of
world = World.build()
terminal(world)
print(card_of(world.patrons["雪"]), world.item("三体").barcode, world.item("活着").barcode)
"""


class Cluster:
    """A PostgreSQL that can be stopped and started again on its own data."""

    def __init__(self, folder, user):
        self.folder, self.user, self.port = folder, user, free_port()
        self.data, self.log = folder / "data", folder / "log"
        command = [find_program("initdb"), "-D", self.data, "-U", "library", "-A", "trust"]
        subprocess.run(
            [*command, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **user.popen(),
        )
        self.url = f"postgres://library@127.0.0.1:{self.port}/library"
        self.server = None

    def start(self):
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"]
        flags = [flag for option in options for flag in ("-c", option)]
        with self.log.open("ab") as output:
            self.server = subprocess.Popen(
                [find_program("postgres"), "-D", self.data, "-p", str(self.port), *flags],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.user.popen(),
            )
        _wait(self.server, self.port, log=self.log)

    def stop(self):
        self.server.send_signal(signal.SIGINT)
        self.server.wait(30)


@pytest.fixture
def cluster():
    try:
        find_program("initdb")
    except ServiceMissingError as missing:
        pytest.skip(str(missing))
    user = _ordinary_user()
    with _folder(owner=user) as folder:
        cluster = Cluster(folder, user)
        cluster.start()
        _create_database(cluster.port)
        yield cluster
        with contextlib.suppress(Exception):
            cluster.stop()


def manage(environment, *arguments):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_restarted_database_needs_no_restarted_server(cluster, tmp_path):
    environment = {
        "LIBRARY_NET_DATABASE_URL": cluster.url,
        "LIBRARY_NET_DATA_DIR": str(tmp_path),
        "LIBRARY_NET_LOG_LEVEL": "CRITICAL",
    }
    manage(environment, "migrate", "--verbosity=0")
    told = manage(environment, "shell", "--no-imports", "-v0", "-c", SETUP)
    card, first, second = told.split()[-3:]

    with server_process(environment=environment) as (port, process), Machine(port) as line:
        line.log_in()
        before = line.checkout(card, first)
        cluster.stop()
        down = [
            line.checkout(card, second),
            line.checkin(first),
            line.reader(card),
            line.say("9900302.00"),
        ]
        with Machine(port) as newcomer:
            refused = newcomer.log_in()
        cluster.start()
        after = _until_it_works(lambda: line.checkout(card, second))
        back = line.checkin(first)
        with Machine(port) as newcomer:
            welcome = newcomer.log_in()

        assert process.poll() is None
    assert before.fixed[0] == "1"
    assert [answer.code for answer in down] == ["12", "10", "64", "98"]
    assert [answer.fixed[0] for answer in down[:2]] == ["0", "0"]
    assert all(answer["AF"] for answer in down)
    assert (refused.fixed, welcome.fixed) == (["0"], ["1"])
    assert after.fixed[0] == "1"
    assert back.fixed[0] == "1"


def _until_it_works(ask):
    for _ in range(40):
        answer = ask()
        if answer.fixed[0] == "1":
            return answer
        time.sleep(0.25)
    return answer
