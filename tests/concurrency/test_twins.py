"""Two members send the same books at the same time: every pair must meet, whoever is faster."""

import threading

import pytest
from django.db import connection

from catalog.models import Batch, Change, Manifestation, SourceRecord
from catalog.models.feed import number_changes
from tests.catalog.files import many
from tests.catalog.members import Sender, clusters, work
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(280)]
BOOKS = 120


def test_twins_in_two_batches_meet_when_both_are_read_at_once(settings):
    settings.INGEST_CHUNK_RECORDS = 10
    world = World.build()
    for agency in ("JJ", "ZY", "MY"):
        assert Sender(world, agency).post(many(BOOKS, prefix=agency)).status_code == 202

    start = threading.Barrier(3)
    failures = []

    def worker():
        try:
            start.wait(30)
            work()
        except BaseException as error:  # noqa: BLE001 - the test must see it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)

    assert not failures
    work()
    assert SourceRecord.objects.count() == 3 * BOOKS
    assert sum(Batch.objects.values_list("records", flat=True)) == 3 * BOOKS
    assert Manifestation.objects.filter(deleted_at=None, absorbed_by=None).count() == BOOKS
    assert {len(members) for members in clusters()} == {3}
    number_changes()
    positions = list(Change.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1))
