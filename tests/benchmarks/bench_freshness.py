"""From the loan at the REST door until no search offers the copy any more, also beside an import.

A catalogue is in the database and in the index; the follower runs as it does on a web node. One
copy after the other is lent; the clock of each starts before its request is sent and stops at the
first search that finds the work no longer on a shelf. First nothing else happens. Then a shell
imports a large file meanwhile, and the pauses between loans are drawn: after a long one the index
has much to commit before the loan can be seen, after short ones it commits all the time.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from rest_framework.test import APIClient

from catalog.domain.query import Filters, Query, Works
from catalog.models import Item, Work
from catalog.search.follow import rebuild
from catalog.search.index import SearchIndex, shared_index
from catalog.search.query import search
from circulation.models import LoanRule
from tests.benchmarks.harness import BenchContext, percentile
from tests.benchmarks.library import library
from tests.benchmarks.pipeline import ROOT, follower_beside, new_member
from tests.benchmarks.rows import fill_catalogue, fill_works
from tests.world import World, card_of

DESCRIPTION = "two seconds / p99 from a loan to a search that knows it"
DEFAULT_SIZE = 20_000
UNIT = "works in the catalogue"
DATABASE = "postgresql"
PROMISE_S = 2.0
LOANS = 150
LOANS_BESIDE = 149  # at most; lending ends with the import
BETWEEN_LOANS_S = 0.1
PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 6.0)  # beside an import
IMPORTED = 200_000  # records
SEED = 20261122
GIVE_UP_S = 30.0


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        fill_works(connection, library(size, load=context.load_file(20_000)))
    world = fill_catalogue()
    LoanRule.objects.update(max_loans=1 + LOANS + LOANS_BESIDE)
    copies = _one_copy_each(world, first_id=size + 1)
    index = shared_index(settings.SEARCH_INDEX_PATH)
    rebuild(index)
    desk = _Desk(world, index)
    dice = random.Random(SEED)
    with follower_beside():
        desk.lend_and_watch([copies.pop()], pauses=lambda: 0.0)  # until the follower has begun
        alone = desk.lend_and_watch(copies[:LOANS], pauses=lambda: BETWEEN_LOANS_S)
        with _import_beside(context.load_file(IMPORTED)) as is_going_on:
            beside = desk.lend_and_watch(
                _while(is_going_on, copies[LOANS:]), pauses=lambda: dice.choice(PAUSES_S)
            )
    return {
        "ratio": PROMISE_S / percentile(alone, 99),
        **_figures(alone),
        **{f"beside_import_{name}": value for name, value in _figures(beside).items()},
    }


def _figures(seconds: list[float]) -> dict[str, float]:
    return {
        "p99_ms": percentile(seconds, 99) * 1000,
        "p50_ms": percentile(seconds, 50) * 1000,
        "slowest_ms": max(seconds) * 1000,
        "loans": len(seconds),
    }


@contextmanager
def _import_beside(path: Path) -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether it goes on; it is ended with the block."""
    new_member("BENCH")
    command = [sys.executable, ROOT / "manage.py", "import_marc", "--agency", "BENCH", path]
    output = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=output) as importing:
        try:
            yield lambda: importing.poll() is None
        finally:
            importing.terminate()


def _while(is_going_on: Callable[[], bool], copies: Iterable[Item]) -> Iterator[Item]:
    for copy in copies:
        if not is_going_on():
            return
        yield copy


def _one_copy_each(world: World, *, first_id: int) -> list[Item]:
    """Works of which there is a single copy, so that its loan empties the shelves."""
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        for table in ("work", "manifestation", "sourcerecord", "item"):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('catalog_{table}', 'id'),"
                f" (SELECT coalesce(max(id), 1) FROM catalog_{table}))"
            )
    copies = [world.item(f"只有一册之{n}") for n in range(1 + LOANS + LOANS_BESIDE)]
    assert Work.objects.filter(pk__gte=first_id).count() == len(copies)
    return copies


class _Desk:
    """Lends at the REST door and looks at the index until the loans show."""

    def __init__(self, world: World, index: SearchIndex) -> None:
        self._client = APIClient(SERVER_NAME="127.0.0.1")  # no host called testserver is allowed
        self._client.credentials(HTTP_AUTHORIZATION=f"Key {world.member_key('JJ')}")
        self._card = card_of(world.patrons["雪"])
        self._index = index

    def lend_and_watch(self, copies: Iterable[Item], *, pauses: Callable[[], float]) -> list[float]:
        lent: dict[int, float] = {}  # by work: when the request was sent
        seconds: list[float] = []
        for copy in copies:
            work_id = copy.source_record.manifestation.work_id
            lent[work_id] = time.perf_counter()
            self._lend(copy)
            next_at = time.perf_counter() + pauses()
            while time.perf_counter() < next_at:
                _look(self._index, lent, seconds)
        deadline = time.perf_counter() + GIVE_UP_S
        while lent and time.perf_counter() < deadline:
            _look(self._index, lent, seconds)
        return seconds + [GIVE_UP_S] * len(lent)

    def _lend(self, copy: Item) -> None:
        answer = self._client.post(
            "/api/v1/checkouts/",
            {"branch": "JJ-MAIN", "card": self._card, "barcode": copy.barcode},
            format="json",
            headers={"Idempotency-Key": f"fresh-{copy.pk}"},
        )
        assert answer.status_code in (200, 201), answer.content


def _look(index: SearchIndex, lent: dict[int, float], seconds: list[float]) -> None:
    query = Query(root=Works(ids=tuple(lent)), filters=Filters(is_available=True))
    still = {hit.work_id for hit in search(index, query, limit=200, with_facets=False).hits}
    now = time.perf_counter()
    seconds += [now - lent.pop(work_id) for work_id in lent.keys() - still]
    time.sleep(0.005)
