"""Bytes of a batch on their way into the database, and the job that will read them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from catalog.models import Batch, BatchChunk, BatchState
from catalog.models.batches import CHUNK_BYTES
from catalog.models.bulk import insert_blob
from library_net.db import claim
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun

GZIP_MAGIC = b"\x1f\x8b"
_INFLATE_STEP = 256 * 1024  # bytes unpacked at once, so that a small bomb cannot fill the memory


def take_in(batch: Batch, content: Iterable[bytes], *, now: datetime) -> None:
    """Save the batch with its bytes, gunzipped if need be, and queue its reading.

    Raises ``batch_too_large``, ``damaged_gzip``, ``empty_batch``; nothing is kept then. Raises
    ``upload_too_slow`` when the sweep gave the upload up (`close_stalled_uploads`).
    """
    batch.created_at = now
    batch.save()
    try:
        keep_bytes(batch, content)
    except BaseException:
        batch.delete()
        raise
    with transaction.atomic():
        receiving = Batch.objects.filter(pk=batch.pk, state=BatchState.RECEIVING)
        is_open = claim(receiving, state=BatchState.QUEUED)
        if is_open:
            queue_reading(batch, now=now)
    if not is_open:
        batch.chunks.all().delete()
        raise LibraryError("upload_too_slow")


def queue_reading(batch: Batch, *, now: datetime) -> None:
    """The job that reads the batch, in the caller's transaction."""
    batch.state = BatchState.QUEUED
    batch.job = JobRun.start(
        task="catalog.ingest",
        now=now,
        subject=f"{batch.agency.code} {batch.file_name}"[:120],
        batch_id=batch.pk,
    )
    batch.save()


def keep_bytes(batch: Batch, content: Iterable[bytes]) -> None:
    """Each chunk in a transaction of its own: a slow upload must not hold the database's writer."""
    digest = hashlib.sha256()
    for data in _in_chunks(_plain(content)):
        if batch.byte_count + len(data) > settings.BATCH_MAX_BYTES:
            raise LibraryError("batch_too_large", limit_mb=settings.BATCH_MAX_BYTES // 2**20)
        insert_blob(
            BatchChunk,
            ["batch_id", "offset", "data"],
            (batch.pk, batch.byte_count, data),
            types=["int8", "int8", "bytea"],
        )
        digest.update(data)
        batch.byte_count += len(data)
    if not batch.byte_count:
        raise LibraryError("empty_batch")
    batch.digest = digest.hexdigest()


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of exactly CHUNK_BYTES and a last shorter one."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    if waiting:
        yield bytes(waiting)


def _plain(content: Iterable[bytes]) -> Iterator[bytes]:
    """Gunzip on the way if the bytes are gzip, whatever any header claims of them."""
    pieces = iter(content)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(GZIP_MAGIC):
            break
    if not head.startswith(GZIP_MAGIC):
        yield head
        yield from pieces
        return
    try:
        yield from _gunzip(head, pieces)
    except zlib.error as error:
        raise LibraryError("damaged_gzip") from error


def _gunzip(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = _new_unpacker()
    waiting = head
    while True:
        while waiting:
            if unpacker.eof:  # gzip files may be joined; padding between them is zeros
                waiting = waiting.lstrip(b"\x00")
                if not waiting:
                    break
                unpacker = _new_unpacker()
            yield unpacker.decompress(waiting, _INFLATE_STEP)
            waiting = unpacker.unconsumed_tail or unpacker.unused_data
        piece = next(pieces, None)
        if piece is None:
            break
        waiting = piece
    if not unpacker.eof:
        raise LibraryError("damaged_gzip")


def _new_unpacker() -> Any:
    return zlib.decompressobj(wbits=31)
