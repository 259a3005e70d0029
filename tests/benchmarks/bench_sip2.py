"""Lending over SIP2 against lending over REST: the same rules, the same action, two doors.

Eight machines with a line kept open, eight REST clients with a connection kept open, each load in
a process of its own; each server has two processes, as the README starts them, with threads enough
for all eight in either. Both doors run once a round, the order turning, on the same tables, set
back in between; the first round is not counted.
"""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from circulation.models import SipTerminal
from tests.benchmarks.bench_checkout import FEW, READERS, Desk, _server
from tests.benchmarks.harness import BenchContext, percentile
from tests.circulation.sip2.machine import stamp
from tests.services import die_with_parent
from tests.site import ROOT
from tests.world import card_of

DESCRIPTION = "loans a second over SIP2, all rules on ÷ over REST"
DEFAULT_SIZE = 1600
UNIT = "copies lent and returned, a door and round"
DATABASE = "postgresql"
ROUNDS = 15  # for a ratio near one; a round alone may be 20 % off
LOGIN, PASSWORD = "machine", "secret-1"


class Doors(Desk):
    """The REST clients of the checkout benchmark, and machines beside them."""

    def sip2(self, port: int, direction: str, *, name: str) -> None:
        texts = [self._text(direction, number) for number in range(self.size)]
        job = {
            "port": port,
            "clients": FEW,
            "login": f"9300CN{LOGIN}|CO{PASSWORD}|",
            "requests": texts,
        }
        self.reset(direction)
        command = [sys.executable, "-m", "tests.benchmarks.sip2_load"]
        done = subprocess.run(
            command, input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, check=True
        )
        result = json.loads(done.stdout)
        assert not result["wrong"], result["wrong"]
        self._note(name, result["seconds"])
        self.times.setdefault(name, []).extend(result["times"])

    def _text(self, direction: str, number: int) -> str:
        # Every machine's clock runs on: one act every three seconds.
        now = stamp(datetime.now(UTC) + timedelta(seconds=number // FEW * 3))
        book = self.barcodes[number]
        if direction == "checkins":
            return f"09N{now}{now}AP|AOJJ|AB{book}|AC|"
        card = card_of(self.readers[number % READERS])
        return f"11NN{now}{' ' * 18}AOJJ|AA{card}|AB{book}|AC|"


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    size -= size % FEW
    doors = Doors(size=size, folder=context.folder)
    terminal = SipTerminal(label="bench", branch=doors.branch, login=LOGIN)
    terminal.set_password(PASSWORD)
    terminal.save()
    with _server("library_net.settings") as rest, _sip2_server() as sip2:
        contenders: dict[str, Callable[[], None]] = {}
        for way in ("checkouts", "checkins"):
            contenders[f"rest {way}"] = _rest(doors, rest, way)
            contenders[f"sip2 {way}"] = _sip2(doors, sip2, way)
        names = list(contenders)
        for number in range(-1, ROUNDS):
            if number == 0:  # caches, plans and connections are warm
                doors.seconds.clear()
                doors.times.clear()
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                contenders[name]()
    return _figures(doors, context)


def _rest(doors: Doors, port: int, way: str) -> Callable[[], None]:
    return lambda: doors.http(port, f"/api/v1/{way}/", clients=FEW, name=f"rest {way}")


def _sip2(doors: Doors, port: int, way: str) -> Callable[[], None]:
    return lambda: doors.sip2(port, way, name=f"sip2 {way}")


def _figures(doors: Doors, context: BenchContext) -> dict[str, float]:
    figures: dict[str, float] = {}
    for way, end in (("checkouts", ""), ("checkins", "_return")):
        rest, sip2 = f"rest {way}", f"sip2 {way}"
        figures |= {
            f"ratio{end}": context.ratio(doors.seconds, slow=rest, fast=sip2),
            f"per_s{end}": doors.size / statistics.median(doors.seconds[sip2]),
            f"rest_per_s{end}": doors.size / statistics.median(doors.seconds[rest]),
            f"p99_ms{end}": percentile(doors.times[sip2], 99) * 1000,
            f"rest_p99_ms{end}": percentile(doors.times[rest], 99) * 1000,
        }
    return figures


@contextlib.contextmanager
def _sip2_server() -> Iterator[int]:
    command = [sys.executable, "manage.py", "sip2_server", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--workers", "2", "--threads", "8"],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one C call
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("SIP2 on"), line
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
