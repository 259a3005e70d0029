"""Lending and taking back over REST with every rule on, against four yardsticks.

Duties: a DRF view with the ORM that checks and writes what ours does (`ratio`). Plain: one that
checks little and writes the loan only (`ratio_least`). Function: the same web server, a bare view,
one stored function. pgbench: the stored function alone, the best of 8 and 64 clients. All serve the
same tables, which are set back in between, and run once a round; the load comes from a process of
its own. A loan of ours checks what RULES.md lists and writes two rows more than all yardsticks but
the first (the operation with the answer to repeat, the change the index follows).
"""

import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.models import LoanRule
from tests.benchmarks.harness import BenchContext, percentile
from tests.services import die_with_parent, find_program, free_port
from tests.world import NOW, World, card_of

DESCRIPTION = "loans a second over REST, all rules on ÷ a plain DRF + ORM view; 8 clients"
DEFAULT_SIZE = 400
UNIT = "loans a contender and round"
DATABASE = "postgresql"
FEW, MANY = 8, 64
TITLES, READERS = 200, 500
NO_LIMIT = 30_000
ROUNDS = 5
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
THREADS = 32  # of each of two processes: enough for 64 clients

# The same facts checked and written in one call: what the database itself can do at most.
LEND = """
CREATE OR REPLACE FUNCTION bench_lend(the_patron text, the_barcode text, the_branch text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE copy catalog_item%ROWTYPE; reader bigint; desk network_branch%ROWTYPE; made bigint;
BEGIN
  SELECT * INTO copy FROM catalog_item WHERE barcode = the_barcode FOR NO KEY UPDATE;
  SELECT id INTO reader FROM circulation_patron
    WHERE number = the_patron AND NOT is_blocked FOR NO KEY UPDATE;
  SELECT * INTO desk FROM network_branch WHERE code = the_branch;
  IF copy.status <> 'available' OR reader IS NULL OR (SELECT count(*) FROM circulation_loan
      WHERE patron_id = reader AND closed_at IS NULL) >= 100000 THEN RETURN NULL; END IF;
  INSERT INTO circulation_loan (item_id, patron_id, owning_agency_id, checkout_branch_id,
      checkout_agency_id, checked_out_at, due_at, renewals, terms)
    VALUES (copy.id, reader, copy.owning_agency_id, desk.id, desk.agency_id, now(),
      now() + interval '30 days', 0, '{}') RETURNING id INTO made;
  UPDATE catalog_item SET status = 'on_loan', status_changed_at = now() WHERE id = copy.id;
  INSERT INTO circulation_itemevent (item_id, kind, at, branch_id, status, loan_id)
    VALUES (copy.id, 'lent', now(), desk.id, 'on_loan', made);
  RETURN made;
END $$"""
TAKE = """
CREATE OR REPLACE FUNCTION bench_take(the_barcode text, the_branch text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE copy catalog_item%ROWTYPE; desk bigint; closed bigint;
BEGIN
  SELECT * INTO copy FROM catalog_item WHERE barcode = the_barcode FOR NO KEY UPDATE;
  SELECT id INTO desk FROM network_branch WHERE code = the_branch;
  UPDATE circulation_loan SET closed_at = now(), checkin_branch_id = desk
    WHERE item_id = copy.id AND closed_at IS NULL RETURNING id INTO closed;
  UPDATE catalog_item SET status = 'available', current_branch_id = desk,
    status_changed_at = now() WHERE id = copy.id;
  INSERT INTO circulation_itemevent (item_id, kind, at, branch_id, status, loan_id)
    VALUES (copy.id, 'back', now(), desk, 'available', closed);
  RETURN closed;
END $$"""
TABLES = "circulation_itemevent, circulation_operation, catalog_change"
# A library has a past; a server that met an empty table would plan for an empty one all round long.
PAST = """
INSERT INTO circulation_loan (item_id, patron_id, owning_agency_id, checkout_branch_id,
    checkout_agency_id, checkin_branch_id, checked_out_at, due_at, closed_at, renewals, terms)
  SELECT i.id, (SELECT min(id) FROM circulation_patron) + (i.id + n) % 500, i.owning_agency_id,
    i.current_branch_id, i.owning_agency_id, i.current_branch_id, now() - interval '90 days',
    now() - interval '60 days', now() - interval '70 days', 0, '{}'
  FROM catalog_item i, generate_series(1, 20) n"""
LEND_ALL = """
INSERT INTO circulation_loan (item_id, patron_id, owning_agency_id, checkout_branch_id,
    checkout_agency_id, checked_out_at, due_at, renewals, terms)
  SELECT i.id, (SELECT min(id) FROM circulation_patron) + i.id % 500, i.owning_agency_id,
    i.current_branch_id, i.owning_agency_id, now(), now() + interval '30 days', 0, '{}'
  FROM catalog_item i"""
HOME = {"checkouts": "available", "checkins": "on_loan"}
DONE = {"checkouts": 201, "checkins": 200}


class Desk:
    """The contenders of one direction, each handling every copy once."""

    def __init__(self, *, size: int, folder: Path) -> None:
        self.size, self.folder = size, folder
        world = World.build()
        LoanRule.objects.update(max_loans=NO_LIMIT)
        self.readers = [world.patron(f"读者{n}") for n in range(READERS)]
        self.branch = world.branches["JJ-MAIN"]
        self.key = world.member_key("JJ")
        self.barcodes = _copies(world, count=size)
        with connection.cursor() as cursor:
            cursor.execute(LEND)
            cursor.execute(TAKE)
            cursor.execute(PAST)
            cursor.execute("SELECT max(id) FROM circulation_loan")
            self.past = cursor.fetchone()[0]
        self.turn = itertools.count()
        self.seconds: dict[str, list[float]] = {}
        self.times: dict[str, list[float]] = {}

    def http(self, port: int, path: str, *, clients: int, name: str) -> None:
        turn, direction = next(self.turn), path.rstrip("/").rpartition("/")[2]
        job = {
            "port": port,
            "path": path,
            "clients": clients,
            "status": DONE[direction],
            "headers": {"Authorization": f"Key {self.key}"},
            "requests": [[self._body(number), f"{turn}-{number}"] for number in range(self.size)],
        }
        self.reset(direction)
        command = [sys.executable, "-m", "tests.benchmarks.http_load"]
        done = subprocess.run(
            command, input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, check=True
        )
        result = json.loads(done.stdout)
        assert not result["wrong"], result["wrong"]
        self._note(name, result["seconds"])
        self.times.setdefault(name, []).extend(result["times"])

    def pgbench(self, direction: str, *, clients: int, name: str) -> None:
        self.reset(direction)
        first = int(self.readers[0].number[1:])  # the readers' numbers follow one another
        barcode = "'H' || lpad(nextval('bench_turn')::text, 6, '0')"
        call = {
            "checkouts": f"bench_lend('P' || lpad((:reader)::text, 6, '0'), {barcode}",
            "checkins": f"bench_take({barcode}",
        }[direction]
        script = self.folder / f"{direction}.sql"
        script.write_text(
            f"\\set reader random({first}, {first + READERS - 1})\n"
            f"SELECT {call}, '{self.branch.code}');\n"
        )
        command = [find_program("pgbench"), "-n", "-M", "prepared", "-f", script]
        command += ["-c", clients, "-j", 2, "-t", self.size // clients]
        done = subprocess.run(
            [*map(str, command), os.environ["LIBRARY_NET_DATABASE_URL"]],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found = re.search(r"tps = ([\d.]+) \(without initial", done.stdout)
        assert found, done.stdout
        self._note(name, self.size / float(found[1]))

    def reset(self, direction: str) -> None:
        statements = [
            f"TRUNCATE {TABLES} CASCADE",
            f"DELETE FROM circulation_loan WHERE id > {self.past}",
            f"UPDATE catalog_item SET status = '{HOME[direction]}'",
            *([LEND_ALL] if direction == "checkins" else []),
            "VACUUM ANALYZE catalog_item",
            "VACUUM ANALYZE circulation_loan",
            "DROP SEQUENCE IF EXISTS bench_turn",
            "CREATE SEQUENCE bench_turn",
            "CHECKPOINT",
        ]
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _body(self, number: int) -> dict[str, str]:
        reader = self.readers[number % READERS]
        return {
            "branch": self.branch.code,
            "barcode": self.barcodes[number],
            "card": card_of(reader),
            "patron": reader.number,
        }

    def _note(self, name: str, seconds: float) -> None:
        self.seconds.setdefault(name, []).append(seconds)


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    size -= size % MANY
    desk = Desk(size=size, folder=context.folder)
    with (
        _server("library_net.settings") as ours,
        _server("tests.benchmarks.plain_settings") as plain,
    ):
        contenders = _contenders(desk, ours=ours, plain=plain)
        for one in contenders.values():  # caches, plans and connections are warm afterwards
            one()
        desk.seconds.clear()
        desk.times.clear()
        names = list(contenders)
        for number in range(ROUNDS):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                contenders[name]()
    return _figures(desk, context)


def _contenders(desk: Desk, *, ours: int, plain: int) -> dict[str, Callable[[], None]]:
    contenders: dict[str, Callable[[], None]] = {}

    def add(name: str, do: Callable[..., None], *given: Any, clients: int) -> None:
        contenders[name] = lambda: do(*given, clients=clients, name=name)

    for way in ("checkouts", "checkins"):
        add(f"ours {way}", desk.http, ours, f"/api/v1/{way}/", clients=FEW)
        add(f"duties {way}", desk.http, plain, f"/duties/{way}/", clients=FEW)
        add(f"plain {way}", desk.http, plain, f"/plain/{way}/", clients=FEW)
        add(f"function {way}", desk.http, plain, f"/function/{way}/", clients=FEW)
        add(f"many {way}", desk.http, ours, f"/api/v1/{way}/", clients=MANY)
        add(f"pgbench few {way}", desk.pgbench, way, clients=FEW)
        add(f"pgbench many {way}", desk.pgbench, way, clients=MANY)
    return contenders


def _figures(desk: Desk, context: BenchContext) -> dict[str, float]:
    seconds = desk.seconds
    figures: dict[str, float] = {}
    for way, end in (("checkouts", ""), ("checkins", "_return")):
        seconds[f"pgbench {way}"] = [
            min(pair)
            for pair in zip(
                seconds[f"pgbench few {way}"], seconds[f"pgbench many {way}"], strict=True
            )
        ]
        ours, many = f"ours {way}", f"many {way}"
        figures |= {
            f"ratio{end}": context.ratio(seconds, slow=f"duties {way}", fast=ours),
            f"ratio_least{end}": context.ratio(seconds, slow=f"plain {way}", fast=ours),
            f"vs_function{end}": context.ratio(seconds, slow=f"function {way}", fast=ours),
            f"vs_pgbench{end}": context.ratio(seconds, slow=f"pgbench {way}", fast=many),
            f"per_s{end}": desk.size / statistics.median(seconds[ours]),
            f"per_s_64{end}": desk.size / statistics.median(seconds[many]),
            f"duties_per_s{end}": desk.size / statistics.median(seconds[f"duties {way}"]),
            f"plain_per_s{end}": desk.size / statistics.median(seconds[f"plain {way}"]),
            f"function_per_s{end}": desk.size / statistics.median(seconds[f"function {way}"]),
            f"pgbench_per_s{end}": desk.size / statistics.median(seconds[f"pgbench {way}"]),
            f"p99_ms{end}": percentile(desk.times[ours], 99) * 1000,
            f"p99_ms_64{end}": percentile(desk.times[many], 99) * 1000,
        }
    return figures


@contextlib.contextmanager
def _server(settings: str) -> Iterator[int]:
    """granian with two processes, as the README starts it."""
    port = free_port()
    command = [BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", 2, "--blocking-threads", THREADS, "--log-level", "warning"]
    command += ["--blocking-threads-idle-timeout", 600]  # a thread that ends takes its line along
    process = subprocess.Popen(
        [*map(str, command), "library_net.wsgi:application"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one C call
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            line.request("GET", "/api/v1/")
            line.getresponse().read()
            return
        time.sleep(0.1)
    raise RuntimeError("the web server did not start")


def _copies(world: World, *, count: int) -> list[str]:
    """Copies of many titles, so that not one work only changes all the time."""
    records = [world.record(f"三体{n}") for n in range(TITLES)]
    branch = world.branches["JJ-MAIN"]
    barcodes = [f"H{number:06d}" for number in range(1, count + 1)]
    Item.objects.bulk_create(
        (
            Item(
                owning_agency=branch.agency,
                barcode=barcode,
                source_record=records[number % TITLES],
                home_branch=branch,
                current_branch=branch,
                status=ItemStatus.AVAILABLE,
                status_changed_at=NOW,
                created_at=NOW,
            )
            for number, barcode in enumerate(barcodes)
        ),
        batch_size=2000,
    )
    return barcodes
