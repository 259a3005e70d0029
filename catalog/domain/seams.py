"""Where a member's file is cut into pieces, so that most pieces are those of yesterday's file.

Were files cut by length, one byte more at the start would move every later cut. So a piece ends
after a record whose own last bytes say so: behind an insertion the cuts soon are the old ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from catalog.domain.marc.read import FileKind, sniff

LEAST, MOST = 32 * 1024, 1024 * 1024  # bytes of a piece; the last of a file may be shorter
CHANCE = 64  # one record in so many ends a piece
TAIL = 512  # bytes that decide
RECORD, ELEMENT, LINE = b"\x1d", b"record>", b"\n"


def cut_at_seams(content: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces; the cuts depend on the bytes alone, not on how they arrive."""
    waiting, looked, mark = b"", 0, b""
    for data in content:
        waiting += data
        if len(waiting) <= LEAST:
            continue
        mark = mark or _mark(waiting)
        start = 0
        while end := _seam(waiting, start, max(looked, start + LEAST), mark):
            yield waiting[start:end]
            start = end
        waiting = waiting[start:]
        looked = len(waiting) - len(mark)
    if waiting:
        yield waiting


def _mark(first: bytes) -> bytes:
    """What ends a record in a file that begins like this."""
    if first.lstrip()[:1] == b"{":
        return LINE
    return ELEMENT if sniff(first[:TAIL]) == FileKind.MARCXML else RECORD


def _seam(data: bytes, start: int, looked: int, mark: bytes) -> int:
    """Where the piece that begins at ``start`` ends; 0 if that cannot be told yet."""
    find, crc32, length = data.find, zlib.crc32, len(mark)
    end = looked
    while (end := find(mark, end) + length) >= length and end - start <= MOST:
        tail = data[end - TAIL : end]
        if crc32(tail) % CHANCE == 0 and (mark != ELEMENT or _is_closing(tail)):
            return end
    return start + MOST if len(data) - start >= MOST else 0


def _is_closing(tail: bytes) -> bool:
    return tail.startswith(b"</", tail.rfind(b"<"))
