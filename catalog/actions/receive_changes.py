"""A member's list of single changes taken in; they are read like a file, one line a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import orjson

from catalog.actions.ingesting.storing import take_in
from catalog.models import Batch, BatchKind
from library_net.errors import LibraryError
from library_net.network.models import Agency

MAX_ARRAY_BYTES = 16 * 1024 * 1024  # an array must be read whole; lines may be a file of any size


def receive_changes(*, agency: Agency, content: Iterable[bytes], now: datetime) -> Batch:
    """Store JSON lines, or a JSON array turned into lines, gzipped or not, and queue their reading.

    Raises ``bad_change_list``, ``batch_too_large``, ``damaged_gzip``, ``empty_batch``; nothing is
    kept then. A line that says nothing usable is quarantined by itself. Sent twice, the second list
    finds everything unchanged or outdated.
    """
    batch = Batch(agency=agency, kind=BatchKind.CHANGES)
    take_in(batch, _as_lines(content), now=now)
    return batch


def _as_lines(content: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(content)
    head = b""
    for piece in pieces:
        head += piece
        if head.strip():
            break
    if not head.lstrip().startswith(b"["):
        yield head
        yield from pieces
        return
    for row in _array(head, pieces):
        yield orjson.dumps(row) + b"\n"


def _array(head: bytes, pieces: Iterator[bytes]) -> list[object]:
    text = bytearray(head)
    for piece in pieces:
        text += piece
        if len(text) > MAX_ARRAY_BYTES:
            raise LibraryError("batch_too_large", limit_mb=MAX_ARRAY_BYTES // 2**20)
    try:
        rows = orjson.loads(text)
    except ValueError as error:
        raise LibraryError("bad_change_list") from error
    return list(rows)
