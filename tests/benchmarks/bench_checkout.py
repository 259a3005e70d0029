"""Lending over REST with every rule on, against a plain DRF view, a stored function and pgbench.

The same eight clients drive both servers over HTTP with connections kept open; all contenders run
once a round on the same tables, which are set back in between. Loans a second are compared.
"""

import contextlib
import http.client
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from django.db import connection

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.models import LoanRule, Patron
from tests.benchmarks.harness import BenchContext, percentile
from tests.services import die_with_parent, find_program, free_port
from tests.world import NOW, World, card_of

DESCRIPTION = "loans a second over REST, all rules on ÷ a plain DRF + ORM view"
DEFAULT_SIZE = 1500
UNIT = "loans a contender and round"
DATABASE = "postgresql"
CLIENTS = 8
READERS = 500
NO_LIMIT = 30_000
ROUNDS = 3
BIN = Path(sys.executable).parent

# The same facts checked and written in one call: what the database itself can do at most.
FUNCTION = """
CREATE OR REPLACE FUNCTION bench_lend(the_patron text, the_barcode text, the_branch bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE copy catalog_item%ROWTYPE; reader bigint; lender bigint; made bigint;
BEGIN
  SELECT * INTO copy FROM catalog_item WHERE barcode = the_barcode FOR NO KEY UPDATE;
  SELECT id INTO reader FROM circulation_patron
    WHERE number = the_patron AND NOT is_blocked FOR NO KEY UPDATE;
  SELECT agency_id INTO lender FROM network_branch WHERE id = the_branch;
  IF copy.status <> 'available' OR reader IS NULL OR (SELECT count(*) FROM circulation_loan
      WHERE patron_id = reader AND closed_at IS NULL) >= 100000 THEN RETURN NULL; END IF;
  INSERT INTO circulation_loan (item_id, patron_id, owning_agency_id, checkout_branch_id,
      checkout_agency_id, checked_out_at, due_at, renewals, terms)
    VALUES (copy.id, reader, copy.owning_agency_id, the_branch, lender, now(),
      now() + interval '30 days', 0, '{}') RETURNING id INTO made;
  UPDATE catalog_item SET status = 'on_loan', status_changed_at = now() WHERE id = copy.id;
  INSERT INTO circulation_itemevent (item_id, kind, at, branch_id, status, loan_id)
    VALUES (copy.id, 'lent', now(), the_branch, 'on_loan', made);
  RETURN made;
END $$"""
TABLES = "circulation_loan, circulation_itemevent, circulation_operation, catalog_change"
RESET = (
    f"TRUNCATE {TABLES} CASCADE",
    "UPDATE catalog_item SET status = 'available' WHERE status <> 'available'",
    "VACUUM ANALYZE catalog_item",
    "DROP SEQUENCE IF EXISTS bench_turn",
    "CREATE SEQUENCE bench_turn",
)


class Lending:
    """The contenders, each lending the next `size` copies once."""

    def __init__(self, *, size: int, folder: Path) -> None:
        self.size, self.folder = size, folder
        world = World.build()
        LoanRule.objects.update(max_loans=NO_LIMIT)
        self.readers = [world.patron(f"读者{n}") for n in range(READERS)]
        self.branch = world.branches["JJ-MAIN"]
        self.key = world.member_key("JJ")
        self.barcodes = _copies(world, count=size)
        with connection.cursor() as cursor:
            cursor.execute(FUNCTION)
        self.turn = itertools.count()
        self.times: list[float] = []

    def over_http(self, port: int, path: str, *, timed: bool = False) -> Callable[[], None]:
        def lend() -> None:
            turn, times = next(self.turn), self.times if timed else []
            _share(
                self.size,
                lambda numbers: self._client(port, path, numbers=numbers, turn=turn, times=times),
            )

        return lend

    def _client(
        self, port: int, path: str, *, numbers: range, turn: int, times: list[float]
    ) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in numbers:
            reader: Patron = self.readers[number % READERS]
            body = {
                "branch": self.branch.code,
                "barcode": self.barcodes[number],
                "card": card_of(reader),
                "patron": reader.number,
            }
            headers = {
                "Authorization": f"Key {self.key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{turn}-{number}",
            }
            started = time.perf_counter()
            line.request("POST", path, json.dumps(body), headers)
            response = line.getresponse()
            answer = response.read()
            times.append(time.perf_counter() - started)
            assert response.status == 201, answer
        line.close()

    def function(self) -> None:
        def lend(numbers: range) -> None:
            with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as line:
                for number in numbers:
                    reader = self.readers[number % READERS].number
                    call = "SELECT bench_lend(%s, %s, %s)"
                    line.execute(
                        call, [reader, self.barcodes[number], self.branch.pk], prepare=True
                    )

        _share(self.size, lend)

    def pgbench(self) -> None:
        first = int(self.readers[0].number[1:])  # the readers' numbers follow one another
        script = self.folder / "lend.sql"
        script.write_text(
            f"\\set reader random({first}, {first + READERS - 1})\n"
            "SELECT bench_lend('P' || lpad((:reader)::text, 6, '0'),"
            f" 'H' || lpad(nextval('bench_turn')::text, 6, '0'), {self.branch.pk});\n"
        )
        command = [find_program("pgbench"), "-n", "-M", "prepared", "-f", script]
        command += ["-c", CLIENTS, "-t", self.size // CLIENTS]
        done = subprocess.run(
            [*map(str, command), os.environ["LIBRARY_NET_DATABASE_URL"]],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def reset(self) -> None:
        with connection.cursor() as cursor:
            for statement in RESET:
                cursor.execute(statement)


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    size -= size % CLIENTS
    lending = Lending(size=size, folder=context.folder)
    with (
        _server("library_net.settings") as ours,
        _server("tests.benchmarks.plain_settings") as plain,
    ):
        contenders = {
            "ours": lending.over_http(ours, "/api/v1/checkouts/", timed=True),
            "plain": lending.over_http(plain, "/plain/"),
            "function": lending.function,
            "pgbench": lending.pgbench,
        }
        seconds = context.rounds(contenders, count=ROUNDS, before=lending.reset)
    return {
        "ratio": context.ratio(seconds, slow="plain", fast="ours"),
        "vs_function": context.ratio(seconds, slow="function", fast="ours"),
        "vs_pgbench": context.ratio(seconds, slow="pgbench", fast="ours"),
        "loans_per_s": size / statistics.median(seconds["ours"]),
        "plain_per_s": size / statistics.median(seconds["plain"]),
        "function_per_s": size / statistics.median(seconds["function"]),
        "p99_ms": percentile(lending.times, 99) * 1000,
        "seconds": sum(map(sum, seconds.values())),
    }


def _share(size: int, work: Callable[[range], None]) -> None:
    """Eight threads, each with its own numbers; the first failure is raised here."""
    failures: list[BaseException] = []

    def guarded(numbers: range) -> None:
        try:
            work(numbers)
        except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
            failures.append(error)

    threads = [
        threading.Thread(target=guarded, args=(range(n, size, CLIENTS),)) for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _server(settings: str) -> Iterator[int]:
    """granian with two processes, as the README starts it."""
    port = free_port()
    command = [BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", 2, "--blocking-threads", 4, "--log-level", "warning"]
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
    record, branch = world.record("三体"), world.branches["JJ-MAIN"]
    barcodes = [f"H{number:06d}" for number in range(1, count + 1)]
    Item.objects.bulk_create(
        (
            Item(
                owning_agency=branch.agency,
                barcode=barcode,
                source_record=record,
                home_branch=branch,
                current_branch=branch,
                status=ItemStatus.AVAILABLE,
                status_changed_at=NOW,
                created_at=NOW,
            )
            for barcode in barcodes
        ),
        batch_size=2000,
    )
    return barcodes
