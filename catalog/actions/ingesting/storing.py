"""Bytes of a batch on their way into the database, and the job that will read them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

from django.conf import settings
from django.db import transaction

from catalog.domain.seams import cut_at_seams
from catalog.models import Batch, BatchChunk, BatchState, KeptBytes
from catalog.models.bulk import insert_rows, reserve_ids
from library_net.db import claim
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun

GZIP_MAGIC = b"\x1f\x8b"
AT_ONCE = 4 * 1024 * 1024  # bytes looked up and kept in one transaction
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
        drop_bytes(batch)
        batch.delete()
        raise
    with transaction.atomic():
        receiving = Batch.objects.filter(pk=batch.pk, state=BatchState.RECEIVING)
        is_open = claim(receiving, state=BatchState.QUEUED)
        if is_open:
            queue_reading(batch, now=now)
    if not is_open:
        drop_bytes(batch)
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
    """The batch's bytes in pieces, those the member sent before by reference."""
    digest = hashlib.sha256()
    for pieces in _handfuls(cut_at_seams(_plain(content))):
        length = sum(map(len, pieces))
        if batch.byte_count + length > settings.BATCH_MAX_BYTES:
            raise LibraryError("batch_too_large", limit_mb=settings.BATCH_MAX_BYTES // 2**20)
        _keep(batch, pieces)
        for piece in pieces:
            digest.update(piece)
        batch.byte_count += length
    if not batch.byte_count:
        raise LibraryError("empty_batch")
    batch.digest = digest.hexdigest()


def _handfuls(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting: list[bytes] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


# Note [Bytes are kept once]
# Pieces of a nightly file are mostly those of yesterday's, so only the others are written. What
# another batch holds must not go while we refer to it, and nobody may refer to what is going: who
# refers has the row locked against deletion when it is found, who deletes has it locked for himself
# before he looks whether anybody refers to it. On SQLite there is one writer at a time anyway.


def _keep(batch: Batch, pieces: list[bytes]) -> None:
    """In a transaction of its own: a slow upload must not hold the database's writer."""
    digests = [hashlib.sha256(piece).hexdigest() for piece in pieces]
    with transaction.atomic():
        here = KeptBytes.objects.filter(agency_id=batch.agency_id, digest__in=digests)
        locked = here.order_by("pk").select_for_update(no_key=True)
        kept = dict(locked.values_list("digest", "pk"))
        new = {one: data for one, data in zip(digests, pieces, strict=True) if one not in kept}
        kept |= zip(new, reserve_ids(KeptBytes, len(new)), strict=True)
        insert_rows(
            KeptBytes,
            ["id", "agency_id", "digest", "data"],
            [(kept[one], batch.agency_id, one, data) for one, data in new.items()],
        )
        offsets = accumulate(map(len, pieces), initial=batch.byte_count)
        insert_rows(
            BatchChunk,
            ["batch_id", "offset", "length", "kept_id"],
            [
                (batch.pk, offset, len(piece), kept[one])
                for offset, piece, one in zip(offsets, pieces, digests, strict=False)
            ],
        )


def drop_bytes(batch: Batch) -> None:
    """What the batch held, save what another batch holds too. See Note [Bytes are kept once]."""
    ids = list(batch.chunks.values_list("kept_id", flat=True))
    batch.chunks.all().delete()
    for start in range(0, len(ids), 500):
        with transaction.atomic():
            kept = KeptBytes.objects.filter(pk__in=ids[start : start + 500]).order_by("pk")
            locked = list(kept.select_for_update().values_list("pk", flat=True))
            KeptBytes.objects.filter(pk__in=locked, chunks=None).only("pk").delete()


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
