"""What both ingest benchmarks do: a member, its file in, the feed numbered, the index written."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymarc
from django.conf import settings
from django.utils import timezone

from catalog.actions.ingest_chunk import ingest_chunk
from catalog.actions.receive_batch import receive_batch
from catalog.models import Batch, Change, FeedHead
from catalog.search.index import shared_index
from library_net.network.models import Agency, Branch
from tests.benchmarks.load import RECORD_END

ROOT = Path(__file__).resolve().parents[2]
PIECE = 256 * 1024
TIMEOUT_S = 300


def new_member(code: str) -> Agency:
    agency = Agency.objects.create(code=code, name_zh=code, kind="peer")
    Branch.objects.create(code=f"{code}-MAIN", agency=agency, name_zh=code, kind="main")
    return agency


@contextlib.contextmanager
def follower_beside() -> Iterator[None]:
    """`manage.py follow_index`, as it runs on every node: the index grows while records come in."""
    command = [sys.executable, ROOT / "manage.py", "follow_index"]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) as follower:
        try:
            _wait_until(lambda: shared_index(settings.SEARCH_INDEX_PATH).state() is not None)
            yield
        finally:
            follower.terminate()


def import_file(
    path: Path, agency: Agency, *, each_step: Callable[[int], None] = lambda _records: None
) -> Batch:
    """From the bytes to the searchable index; a `follower_beside` must be running.

    ``each_step`` is told the number of records done: none when all bytes are received, all of
    them when the last is saved.
    """
    batch = receive_batch(
        agency=agency, content=pieces(path), now=timezone.now(), file_name=path.name
    )
    job = batch.job
    assert job is not None
    assert job.take(now=timezone.now())
    each_step(0)
    is_done = False
    while not is_done:
        is_done = ingest_chunk(batch_id=batch.pk, job=job, now=timezone.now())
        each_step(Batch.objects.values_list("records", flat=True).get(pk=batch.pk))
    wait_until_searchable()
    batch.refresh_from_db()
    return batch


def wait_until_searchable() -> None:
    """Until the index has followed everything that is committed now.

    The database is asked only until all is numbered: asking it again and again would cost the
    follower a tenth of what it waits for.
    """
    _wait_until(lambda: not Change.objects.filter(position=None).exists())
    head = FeedHead.objects.values_list("position", flat=True).first() or 0
    index = shared_index(settings.SEARCH_INDEX_PATH)
    _wait_until(lambda: (state := index.state()) is not None and state.cursor >= head)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit("the index follower does not follow")
        time.sleep(0.01)


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def iterate_with_pymarc(path: Path) -> int:
    """What everybody pays before doing anything: build every record, and no more."""
    with path.open("rb") as file:
        return sum(record is not None for record in pymarc.MARCReader(file))


def crosswise(path: Path, folder: Path, *, parts: int, size: int) -> Path:
    """The file in another order: so many parts after one another, each a cross-section of it all.

    Stretches of the file differ: where many records have accents and originals in 880 fields, each
    costs more wherever it stands. What grows from part to part shall be the catalogue alone.
    """
    found = folder / "crosswise.mrc"
    with found.open("wb") as file:
        file.writelines(_sections(path, parts=parts, size=size))
    return found


def cross_sections(path: Path, folder: Path, *, parts: int, size: int, ahead: int) -> list[Path]:
    """A file of the last ``ahead`` records; then the parts of ``crosswise``, a file each."""
    rest = size - ahead
    contents = [*_sections(path, parts=1, size=size, start=rest)]
    contents += _sections(path, parts=parts, size=rest)
    found = []
    for number, content in enumerate(contents):
        file = folder / f"cross-section-{number}.mrc"
        file.write_bytes(content)
        found.append(file)
    return found


def _sections(path: Path, *, parts: int, size: int, start: int = 0) -> Iterator[bytes]:
    records = path.read_bytes().split(RECORD_END)[:-1][start:size]
    for number in range(parts):
        yield b"".join(record + RECORD_END for record in records[number::parts])
