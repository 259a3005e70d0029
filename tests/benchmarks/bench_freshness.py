"""From the loan at the REST door until no search offers the copy any more.

A catalogue is in the database and in the index; the follower runs as it does on a web node, in a
thread with its usual pause. One copy after the other is lent; the clock of each starts before its
request is sent and stops at the first search that finds the work no longer on a shelf.
"""

import os
import threading
import time

import psycopg
from django.conf import settings
from rest_framework.test import APIClient

from catalog.domain.query import Filters, Query, Works
from catalog.models import Item, Work
from catalog.search.follow import follow_until, rebuild
from catalog.search.index import SearchIndex, shared_index
from catalog.search.query import search
from circulation.models import LoanRule
from tests.benchmarks.harness import BenchContext, percentile
from tests.benchmarks.library import library
from tests.benchmarks.rows import fill_catalogue, fill_works
from tests.world import World, card_of

DESCRIPTION = "two seconds / p99 from a loan to a search that knows it"
DEFAULT_SIZE = 20_000
UNIT = "works in the catalogue"
DATABASE = "postgresql"
PROMISE_S = 2.0
LOANS = 150
BETWEEN_LOANS_S = 0.1
GIVE_UP_S = 30.0


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        fill_works(connection, library(size, load=context.load_file(20_000)))
    world = fill_catalogue()
    LoanRule.objects.update(max_loans=LOANS)
    copies = _one_copy_each(world, first_id=size + 1)
    index = shared_index(settings.SEARCH_INDEX_PATH)
    rebuild(index)
    stopping = threading.Event()
    follower = threading.Thread(
        target=follow_until, args=(stopping,), kwargs={"index_path": settings.SEARCH_INDEX_PATH}
    )
    follower.start()
    try:
        seconds = _lend_and_watch(world, index, copies)
    finally:
        stopping.set()
        follower.join()
    return {
        "ratio": PROMISE_S / percentile(seconds, 99),
        "p99_ms": percentile(seconds, 99) * 1000,
        "p50_ms": percentile(seconds, 50) * 1000,
        "slowest_ms": max(seconds) * 1000,
        "loans": len(seconds),
    }


def _one_copy_each(world: World, *, first_id: int) -> list[Item]:
    """Works of which there is a single copy, so that its loan empties the shelves."""
    with psycopg.connect(os.environ["LIBRARY_NET_DATABASE_URL"], autocommit=True) as connection:
        for table in ("work", "manifestation", "sourcerecord", "item"):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('catalog_{table}', 'id'),"
                f" (SELECT coalesce(max(id), 1) FROM catalog_{table}))"
            )
    copies = [world.item(f"只有一册之{n}") for n in range(LOANS)]
    assert Work.objects.filter(pk__gte=first_id).count() == LOANS
    return copies


def _lend_and_watch(world: World, index: SearchIndex, copies: list[Item]) -> list[float]:
    client = APIClient(SERVER_NAME="127.0.0.1")  # the settings allow no host called testserver
    client.credentials(HTTP_AUTHORIZATION=f"Key {world.member_key('JJ')}")
    card = card_of(world.patrons["雪"])
    lent: dict[int, float] = {}  # by work: when the request was sent
    seconds: list[float] = []
    for number, copy in enumerate(copies):
        sent = time.perf_counter()
        answer = client.post(
            "/api/v1/checkouts/",
            {"branch": "JJ-MAIN", "card": card, "barcode": copy.barcode},
            format="json",
            headers={"Idempotency-Key": f"fresh-{number}"},
        )
        assert answer.status_code in (200, 201), answer.content
        lent[copy.source_record.manifestation.work_id] = sent
        next_at = time.perf_counter() + BETWEEN_LOANS_S
        while time.perf_counter() < next_at:
            _look(index, lent, seconds)
    deadline = time.perf_counter() + GIVE_UP_S
    while lent and time.perf_counter() < deadline:
        _look(index, lent, seconds)
    return seconds + [GIVE_UP_S] * len(lent)


def _look(index: SearchIndex, lent: dict[int, float], seconds: list[float]) -> None:
    query = Query(root=Works(ids=tuple(lent)), filters=Filters(is_available=True))
    still = {hit.work_id for hit in search(index, query, limit=200, with_facets=False).hits}
    now = time.perf_counter()
    seconds += [now - lent.pop(work_id) for work_id in lent.keys() - still]
    time.sleep(0.005)
