"""The digest tree of one member: from its index, against hashing the stored records again."""

import hashlib
import os
import time

from django.db import connection, transaction
from django.utils import timezone

from catalog.domain.digests import block_of
from catalog.models import SourceRecord
from catalog.models.bulk import as_datetime, insert_rows
from catalog.sync_readers.reconciliation import digest_tree, record_lines, sub_blocks
from library_net.network.models import Agency
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "a member's digest tree, hashing its stored records / from the index"
DEFAULT_SIZE = 200_000
UNIT = "records"
DATABASE = "postgresql"
PORTION = 20_000
RECORD_BYTES = 900
COLUMNS = ["agency_id", "source_key", "block", "format", "encoding", "digest", "raw", "neutral"]
COLUMNS += ["flags", "sequence", "matcher_version", "received_at"]


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    agency = Agency.objects.create(code="BENCH", name_zh="基准图书馆", kind="city")
    for start in range(0, size, PORTION):
        fill(agency, start, min(size, start + PORTION))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE catalog_sourcerecord")
    seconds = context.rounds(
        {
            "tree": lambda: digest_tree(agency_id=agency.pk),
            "hash again": lambda: hash_again(agency.pk),
        },
        count=3,
    )
    started = time.perf_counter()
    inside = sub_blocks(agency_id=agency.pk, blocks=["5a"])
    block_ms = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    lines = record_lines(agency_id=agency.pk, blocks=list(inside)[:3], limit=20_000)
    leaf_ms = (time.perf_counter() - started) * 1000
    assert lines
    return {
        "ratio": context.ratio(seconds, slow="hash again", fast="tree"),
        "tree_s": min(seconds["tree"]),
        "hash_again_s": min(seconds["hash again"]),
        "sub_blocks_ms": block_ms,
        "records_of_3_sub_blocks_ms": leaf_ms,
    }


def fill(agency: Agency, start: int, end: int) -> None:
    stamp = as_datetime(timezone.now())
    filler = os.urandom(RECORD_BYTES)
    rows = []
    for number in range(start, end):
        key, raw = f"n{number:09d}", number.to_bytes(8) + filler
        digest = hashlib.sha256(raw).hexdigest()
        values = (agency.pk, key, block_of(key), "cnmarc", "utf-8", digest, raw)
        rows.append((*values, "{}", "[]", 1, 1, stamp))
    with transaction.atomic():
        insert_rows(SourceRecord, COLUMNS, rows)


def hash_again(agency_id: int) -> int:
    """What it would cost to believe nothing, not even our own digests."""
    rows = SourceRecord.objects.filter(agency_id=agency_id, deleted_at=None)
    total = 0
    for key, raw in rows.values_list("source_key", "raw").iterator(chunk_size=10_000):
        digest = hashlib.sha256(bytes(raw)).hexdigest()
        total += int.from_bytes(hashlib.sha256(f"{key}\0{digest}".encode()).digest())
    return total
