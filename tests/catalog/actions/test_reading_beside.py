"""The process beside reads the next step: what comes out is that of reading here, come what may."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from django.db import transaction

from catalog.actions.ingesting.beside import Beside, Place, beside
from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.prepare import Plain, prepare_step
from catalog.models import KnownSpan, MatchEvidence, MatchKey, Reject, SourceRecord, Work
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender
from tests.world import World

PROFILE = SourceProfile()
RECORDS = 1200


def a_file() -> bytes:
    """Records of some length, every tenth twice under two numbers; one span is none."""
    records = [
        cnmarc(f"n{i}", f"地方志第{i - i % 10 // 9}种", "甲", publisher="某出版社" * 40, year=2001)
        for i in range(RECORDS)
    ]
    records[400] = b"\x00garbage between the records\x1d"
    return b"".join(records)


def all_there_is() -> dict[str, list[tuple[object, ...]]]:
    records = SourceRecord.objects.order_by("source_key")
    return {
        "records": list(records.values_list("source_key", "digest", "neutral", "flags", "raw")),
        "keys": sorted(MatchKey.objects.values_list("source_record__source_key", "key")),
        "works": sorted(Work.objects.values_list("title", "author", "grouping_key")),
        "evidence": sorted(MatchEvidence.objects.values_list("score", "matcher_version")),
        "rejects": sorted(Reject.objects.values_list("position", "offset", "code")),
        "spans": sorted(KnownSpan.objects.values_list("kept__digest", flat=True)),
    }


def send(settings, *, is_beside: bool) -> int:
    """Send the file, read here alone or beside; steps that were read beside."""
    settings.INGEST_READ_BESIDE = is_beside
    beside.stop()  # a child of another test
    before = beside.answered
    try:
        Sender(World.build(), "JJ").send(a_file())
    finally:
        beside.stop()
    return beside.answered - before


@pytest.fixture(autouse=True)
def several_steps(settings):
    settings.INGEST_CHUNK_RECORDS = 200


@pytest.mark.django_db
def test_a_file_read_beside_leaves_what_reading_here_leaves(settings):
    with transaction.atomic():
        assert send(settings, is_beside=False) == 0
        here = all_there_is()
        transaction.set_rollback(True)
    assert send(settings, is_beside=True) >= 3
    assert all_there_is() == here
    assert here["rejects"]


@pytest.mark.django_db
def test_a_child_that_dies_at_once_loses_nothing(settings, monkeypatch):
    monkeypatch.setattr(beside, "program", "/bin/false")
    assert send(settings, is_beside=True) == 0
    assert SourceRecord.objects.count() == RECORDS - 1


def test_a_child_killed_at_work_gives_no_answer_and_the_next_one_does():
    place, mine = Place(7, 0, 1, 200, PROFILE), Beside()
    try:
        mine.ask(place, a_file(), is_rest=True)
        assert mine.take(place) is not None
        os.kill(mine.pid, signal.SIGSTOP)
        mine.ask(place, a_file(), is_rest=True)
        os.kill(mine.pid, signal.SIGKILL)
        assert mine.take(place) is None
        mine.ask(place, a_file(), is_rest=True)
        assert mine.take(place) is not None
    finally:
        mine.stop()


def test_an_answer_is_used_only_where_it_was_asked_for():
    asked = Place(7, 0, 1, 200, PROFILE)
    data = a_file()
    mine = Beside()
    try:
        mine.ask(asked, data, is_rest=True)
        assert mine.take(asked._replace(offset=5)) is None
        assert mine.take(asked._replace(profile=SourceProfile(encoding_hint="gbk"))) is None
        step, given = mine.take(asked)
        assert given == data
        assert [plain.control_number for plain in step.found][:2] == ["n0", "n1"]
        assert all(isinstance(plain, Plain) for plain in step.found)
        assert mine.take(asked) is None
    finally:
        mine.stop()


def test_too_few_bytes_to_tell_where_the_step_ends_give_no_answer():
    data = a_file()[:300_000]
    place = {"offset": 0, "position": 1, "profile": PROFILE}
    assert prepare_step(data, is_rest=False, limit=600, **place) is None
    assert prepare_step(data, is_rest=False, limit=200, **place) is not None


PARENT = """
import os, signal
from catalog.actions.ingesting.beside import Beside, Place
from catalog.domain.marc.parse import SourceProfile
mine, place = Beside(), Place(7, 0, 1, 200, SourceProfile())
mine.ask(place, b"no record at all", is_rest=True)
mine.take(place)
print(mine.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_child_ends_with_its_parent():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "library_net.settings"}
    parent = subprocess.run(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment, check=False
    )
    child = int(parent.stdout)

    deadline = time.monotonic() + 20
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """A process that ended and waits for whoever inherits it does not run."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_child_knows_neither_django_nor_the_database():
    code = "import catalog.actions.ingesting.child, sys; print('django' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
