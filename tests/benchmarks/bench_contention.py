"""Sixty-four desks lend to a few readers at once until every reader has met the limit.

Each request goes through the whole REST door (in process, its own database connection). What is
counted afterwards is read from the database, not from the answers.
"""

import logging
import random
import threading
import time
from collections import Counter

from django.db import connection
from rest_framework.test import APIClient

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.models import Loan, LoanRule, Patron
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
        # SERVER_NAME: the settings allow no host called testserver.
        client = APIClient(raise_request_exception=False, SERVER_NAME="127.0.0.1")
        client.credentials(HTTP_AUTHORIZATION=f"Key {key}")
        turn = 0
        while card := self._draw(dice):
            turn += 1
            body = {"branch": "JJ-MAIN", "card": card, "barcode": dice.choice(self.barcodes)}
            started = time.perf_counter()
            response = client.post(
                "/api/v1/checkouts/",
                body,
                format="json",
                headers={"Idempotency-Key": f"{number}-{turn}"},
            )
            took = time.perf_counter() - started
            self._note(card, response, took, is_first=turn == 1)
        connection.close()

    def _draw(self, dice: random.Random) -> str:
        with self._lock:
            return dice.choice(sorted(self.waiting)) if self.waiting else ""

    def _note(self, card: str, response, seconds: float, *, is_first: bool) -> None:
        is_full = response.status_code == 409 and response.json()["code"] == "too_many_loans"
        with self._lock:
            self.statuses[response.status_code] += 1
            (self.first_times if is_first else self.times).append(seconds)
            if is_full:
                self.waiting.discard(card)


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
