"""What both ingest benchmarks do: a member, its file in, the feed numbered, the index written."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pymarc
from django.conf import settings
from django.utils import timezone

from catalog.actions.ingest_chunk import ingest_chunk
from catalog.actions.receive_batch import receive_batch
from catalog.models import Batch
from catalog.search.follow import follow_once
from catalog.search.index import shared_index
from library_net.network.models import Agency, Branch
from tests.benchmarks.load import RECORD_END

PIECE = 256 * 1024


def new_member(code: str) -> Agency:
    agency = Agency.objects.create(code=code, name_zh=code, kind="peer")
    Branch.objects.create(code=f"{code}-MAIN", agency=agency, name_zh=code, kind="main")
    return agency


def import_file(path: Path, agency: Agency) -> Batch:
    """From the bytes to the searchable index, in this process."""
    batch = receive_batch(
        agency=agency, content=pieces(path), now=timezone.now(), file_name=path.name
    )
    job = batch.job
    assert job is not None
    assert job.take(now=timezone.now())
    while not ingest_chunk(batch_id=batch.pk, job=job, now=timezone.now()):
        pass
    index = shared_index(settings.SEARCH_INDEX_PATH)
    while follow_once(index):
        pass
    batch.refresh_from_db()
    return batch


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def iterate_with_pymarc(path: Path) -> int:
    """What everybody pays before doing anything: build every record, and no more."""
    with path.open("rb") as file:
        return sum(record is not None for record in pymarc.MARCReader(file))


def slices(path: Path, folder: Path, *, count: int, size: int) -> list[Path]:
    """The file in so many parts of equal numbers of records."""
    each = -(-size // count)
    records = iter(path.read_bytes().split(RECORD_END)[:-1])
    found = []
    for number in range(count):
        part = folder / f"part-{number}.mrc"
        data = b"".join(record + RECORD_END for record in itertools.islice(records, each))
        if data:
            part.write_bytes(data)
            found.append(part)
    return found
