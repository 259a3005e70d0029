"""Sixty-four desks lend to a few readers at once until every reader has met the limit.

Each request goes to the WSGI application as a server calls it, from a thread of its own. What is
counted afterwards is read from the database, not from the answers.
"""

import json
import logging
import random
import threading
import time
from collections import Counter

from django.db import connection
from django.test import RequestFactory

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.models import Loan, LoanRule, Patron
from library_net.wsgi import application
from tests.benchmarks.harness import BenchContext, percentile
from tests.world import NOW, World, card_of

DESCRIPTION = "loans made / loans allowed, 64 clients at once; 1 is right"
DEFAULT_SIZE = 300
UNIT = "readers with a limit of ten"
DATABASE = "postgresql"
CLIENTS = 64
LIMIT = 10
ITEMS = 20_000
SEED = 20261122


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a refusal is no news here
    world = World.build()
    LoanRule.objects.update(max_loans=LIMIT)
    readers = [world.patron(f"读者{n}") for n in range(size)]
    copies = _copies(world)
    deadlocks_before = _deadlocks()
    day = Day(cards=[card_of(reader) for reader in readers], barcodes=copies)
    started = time.perf_counter()
    day.lend(key=world.member_key("JJ"))
    seconds = time.perf_counter() - started
    ids = [reader.pk for reader in readers]
    loans = list(Loan.objects.filter(closed_at=None).values_list("patron_id", "item_id"))
    by_reader = Counter(patron for patron, _item in loans)
    by_item = Counter(item for _patron, item in loans)
    return {
        "ratio": len(loans) / (LIMIT * Patron.objects.filter(pk__in=ids).count()),
        "loans": len(loans),
        "double_loans": sum(count - 1 for count in by_item.values()),
        "over_limit": sum(count > LIMIT for count in by_reader.values()),
        "deadlocks": _deadlocks() - deadlocks_before,
        "errors_5xx": sum(count for status, count in day.statuses.items() if status >= 500),
        "requests_per_s": sum(day.statuses.values()) / seconds,
        "p99_ms": percentile(day.times, 99) * 1000,
        "first_ms": percentile(day.first_times, 50) * 1000,
        "seconds": seconds,
    }


class Day:
    """Clients that draw readers and copies until nobody is below the limit any more."""

    def __init__(self, *, cards: list[str], barcodes: list[str]) -> None:
        self.cards = cards
        self.barcodes = barcodes
        self.waiting = set(cards)
        self.statuses: Counter[int] = Counter()
        self.first_times: list[float] = []  # of each client: its connection, our modules
        self.times: list[float] = []
        self._lock = threading.Lock()

    def lend(self, *, key: str) -> None:
        clients = [threading.Thread(target=self._client, args=(n, key)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self, number: int, key: str) -> None:
        dice = random.Random(SEED + number)
        turn = 0
        while card := self._draw(dice):
            turn += 1
            body = {"branch": "JJ-MAIN", "card": card, "barcode": dice.choice(self.barcodes)}
            started = time.perf_counter()
            status, answer = _post(
                "/api/v1/checkouts/", body, key=key, operation=f"{number}-{turn}"
            )
            took = time.perf_counter() - started
            is_full = status == 409 and answer["code"] == "too_many_loans"
            self._note(card, status, took, is_full=is_full, is_first=turn == 1)
        connection.close()

    def _draw(self, dice: random.Random) -> str:
        with self._lock:
            return dice.choice(sorted(self.waiting)) if self.waiting else ""

    def _note(self, card: str, status, seconds: float, *, is_full: bool, is_first: bool) -> None:
        with self._lock:
            self.statuses[status] += 1
            (self.first_times if is_first else self.times).append(seconds)
            if is_full:
                self.waiting.discard(card)


def _post(path: str, body: dict[str, str], *, key: str, operation: str) -> tuple[int, dict]:
    headers = {"Host": "127.0.0.1", "Authorization": f"Key {key}", "Idempotency-Key": operation}
    sent = json.dumps(body).encode()
    environ = RequestFactory().generic("POST", path, sent, "application/json", headers=headers)
    told = []
    parts = application(environ.environ, lambda line, _headers, _problem=None: told.append(line))
    return int(told[0].split()[0]), json.loads(b"".join(parts))


def _copies(world: World) -> list[str]:
    record = world.record("三体")
    branch = world.branches["JJ-MAIN"]
    Item.objects.bulk_create(
        (
            Item(
                owning_agency=branch.agency,
                barcode=f"H{n:06d}",
                source_record=record,
                home_branch=branch,
                current_branch=branch,
                status=ItemStatus.AVAILABLE,
                status_changed_at=NOW,
                created_at=NOW,
            )
            for n in range(ITEMS)
        ),
        batch_size=2000,
    )
    return [f"H{n:06d}" for n in range(ITEMS)]


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
