"""Uploads of one member at once, some of which break off: none takes another's bytes along."""

import random
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from catalog.actions.ingesting.reading import stored_bytes
from catalog.actions.receive_batch import receive_batch
from catalog.models import Batch, KeptBytes
from library_net.errors import LibraryError
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(280)]
UPLOADS, TURNS = 2, 100


def content(turn, *, breaks_off):
    time.sleep(random.random() / 250)  # so that some begin when others go
    yield random.Random(turn).randbytes(3000)
    if breaks_off:
        raise LibraryError("damaged_gzip")


def test_uploads_that_break_off_leave_those_beside_whole():
    agency = World.build().agencies["JJ"]
    start = threading.Barrier(UPLOADS)
    failures = []

    def upload(number):
        try:
            for turn in range(TURNS):
                start.wait(60)
                breaks_off = number > 0
                sent = content(turn, breaks_off=breaks_off)
                try:
                    receive_batch(agency=agency, content=sent, now=timezone.now(), sequence=turn)
                except LibraryError as error:
                    assert (error.code, breaks_off) == ("damaged_gzip", True)
        except BaseException as error:  # noqa: BLE001 - the test must see it
            start.abort()
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(UPLOADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)

    assert not failures
    kept = list(Batch.objects.values_list("pk", "sequence"))
    assert len(kept) == TURNS
    for pk, turn in kept:
        assert b"".join(stored_bytes(pk, 0)) == random.Random(turn).randbytes(3000)
    assert not KeptBytes.objects.filter(chunks=None).exists()
