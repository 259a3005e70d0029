"""Two acts on the same kept bytes at one moment, each held in the middle of the other.

Who refers to bytes and who throws them away wait for one another: see Note [Bytes are kept once].
"""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog.actions.ingesting.reading import stored_bytes
from catalog.actions.ingesting.storing import drop_bytes
from catalog.actions.receive_batch import receive_batch
from catalog.models import Batch, BatchChunk, KeptBytes
from tests.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(120),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
CONTENT = b"the same bytes " * 200


@pytest.fixture
def agency():
    return World.build().agencies["JJ"]


def send(agency):
    return receive_batch(agency=agency, content=[CONTENT], now=timezone.now(), sequence=0)


class Beside(threading.Thread):
    """Does the act in a thread of its own; made and started until it waits for a lock of ours."""

    def __init__(self, act):
        super().__init__()
        self.act, self.failure = act, None
        self.start()
        deadline = time.monotonic() + 20
        while not waits_for_a_lock():
            assert time.monotonic() < deadline, self.failure or "it never waited"
            time.sleep(0.02)

    def run(self):
        try:
            self.act()
        except BaseException as error:  # noqa: BLE001 - the test must see it
            self.failure = error
        finally:
            connection.close()

    def ended_well(self):
        self.join(60)
        return not self.is_alive() and self.failure is None


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_bytes_somebody_is_just_referring_to_are_not_thrown_away(agency):
    going, staying = send(agency), send(agency)
    kept = KeptBytes.objects.get()
    BatchChunk.objects.filter(batch=staying).delete()

    with transaction.atomic():
        KeptBytes.objects.select_for_update(no_key=True).get(pk=kept.pk)
        dropping = Beside(lambda: drop_bytes(going))
        BatchChunk.objects.create(batch=staying, kept=kept, offset=0, length=len(CONTENT))

    assert dropping.ended_well(), dropping.failure
    assert b"".join(stored_bytes(staying.pk, 0)) == CONTENT


def test_bytes_somebody_is_just_throwing_away_are_kept_anew(agency):
    going = send(agency)
    kept = KeptBytes.objects.get()
    going.chunks.all().delete()

    with transaction.atomic():
        KeptBytes.objects.select_for_update().get(pk=kept.pk).delete()
        sending = Beside(lambda: send(agency))

    assert sending.ended_well(), sending.failure
    assert b"".join(stored_bytes(Batch.objects.latest("pk").pk, 0)) == CONTENT
