"""A stream of bytes cut into records: every byte ends in one record, one quarantined span or a gap.

Nothing is decoded here. A record keeps its bytes as sent; damage costs only the records it touches,
because reading goes on at the next place where a record plainly begins. Gaps are what lies between
ISO 2709 records (line ends, 0x1A, NUL, blanks, a byte order mark) and the envelope around MARCXML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from catalog.domain.marc.problems import ErrorCode, Flag

MAX_SPAN = 4 * 1024 * 1024
"""Bytes. No record is longer; a stretch without an end is given up after as much."""

LEADER_LENGTH, ENTRY_LENGTH = 24, 12  # ISO 2709
_WIDE = LEADER_LENGTH + ENTRY_LENGTH * 8
FIELD_END, RECORD_END = 0x1E, 0x1D
BOM = b"\xef\xbb\xbf"

_GAP = re.compile(rb"[\r\n\x1a\x00 \t]*")
_LEADER = re.compile(rb"(?=(\d{5})[ -/:-~][ -~]{4}[0-9 ]{2}(\d{5}))")
_ENTRY = re.compile(rb"[ -~]{3}\d{9}")


class FileKind(StrEnum):
    ISO2709 = "iso2709"
    MARCXML = "marcxml"


class RawRecord(NamedTuple):
    """One record as sent. ``position`` counts records and quarantined spans from 1."""

    position: int
    offset: int  # bytes from the start of the file
    data: bytes
    flags: tuple[Flag, ...] = ()

    @property
    def end(self) -> int:
        """The record boundary from which reading may be resumed."""
        return self.offset + len(self.data)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A span that is no record, kept as sent so that a person can look at it."""

    position: int
    offset: int
    data: bytes
    code: ErrorCode
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return len(self.data)

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


def sniff(first_bytes: bytes) -> FileKind:
    """What kind of file begins like this; anything that is not markup is tried as ISO 2709."""
    text = first_bytes.removeprefix(BOM)
    if first_bytes[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return FileKind.MARCXML
    return FileKind.MARCXML if text.lstrip(b"\r\n\t \x00")[:1] == b"<" else FileKind.ISO2709


def read_records(
    chunks: Iterable[bytes], *, kind: FileKind, offset: int = 0, position: int = 1
) -> Iterator[RawRecord | Quarantined]:
    """``read_iso2709`` or ``read_marcxml``."""
    reader = read_marcxml if kind == FileKind.MARCXML else read_iso2709
    return reader(chunks, offset=offset, position=position)


# Note [Where a record ends] (NO-19)
# The terminator 0x1D ends a record; the length in the leader is only a witness. Where both agree,
# the span is a record and is not looked at further (`extract.decode` checks its inside). Where they
# differ, `_mend` asks in this order:
#   1. Does the stated length land on a later 0x1D, with every field ending where the directory
#      says? Then the nearer 0x1D is a stray one inside the record.
#   2. Does another record begin inside the span, its length exact? Then what lies before it is
#      garbage, or a record cut short.
#   3. Is there a leader and directory at the start? Then the length is wrong (often: the file was
#      converted to UTF-8 after it was written), and the terminator is believed.
#   4. Otherwise the span is quarantined.
# All of it depends on the bytes alone, never on how they were cut into chunks.


def read_iso2709(
    chunks: Iterable[bytes], *, offset: int = 0, position: int = 1
) -> Iterator[RawRecord | Quarantined]:
    """Records of an ISO 2709 stream, in bounded memory.

    To resume, pass the ``end`` of the last outcome as ``offset`` with the bytes from there on, and
    its ``position`` plus one. Outcomes do not depend on how the bytes were cut into chunks.
    """
    buffer = b""
    for chunk in chunks:
        buffer = buffer + chunk if buffer else chunk
        end = 0
        for start, end, is_agreed in _spans(buffer, is_last=False, is_first=offset == 0):
            if is_agreed:
                yield RawRecord(position, offset + start, buffer[start:end])
                position += 1
                continue
            for outcome in _mend(buffer[start:end], offset + start, position):
                yield outcome
                position += 1
        buffer = buffer[end:]
        offset += end
    for start, end, _ in _spans(buffer, is_last=True, is_first=offset == 0):
        for outcome in _mend(buffer[start:end], offset + start, position):
            yield outcome
            position += 1


_Span = tuple[int, int, bool]  # start, end, whether length and terminator agree


def _spans(buffer: bytes, *, is_last: bool, is_first: bool) -> Iterator[_Span]:
    """Stretches up to a terminator; the rest of the buffer waits for more bytes."""
    gap, find = _GAP.match, buffer.find
    start = len(BOM) if is_first and buffer.startswith(BOM) else 0
    size = len(buffer)
    while True:
        if start < size and buffer[start] not in b"0123456789":
            start = gap(buffer, start).end()  # type: ignore[union-attr]
            if buffer[start - 5 : start] == b"     " and buffer[start : start + 1].isalpha():
                start -= 5  # a record whose length was left blank
        if start >= size:
            return
        end = find(b"\x1d", start) + 1
        stated = buffer[start : start + 5]
        if end and stated.isdigit() and int(stated) == end - start:
            yield start, end, True
            start = end
            continue
        wanted = start + int(stated) if stated.isdigit() else 0
        if not end or wanted > size:
            if not is_last and size - start <= MAX_SPAN:
                return
            end = end or size
        if end - start < wanted - start <= size - start and _is_sound(buffer[start:wanted]):
            end = wanted
        end = min(end, start + MAX_SPAN)
        yield start, end, False
        start = end


def _mend(data: bytes, offset: int, position: int) -> Iterator[RawRecord | Quarantined]:
    """See Note [Where a record ends]."""
    if data[:5].isdigit() and int(data[:5]) == len(data) and data.find(b"\x1d") == len(data) - 1:
        yield RawRecord(position, offset, data)
        return
    begin = _begins_inside(data)
    if begin:
        yield from _unwitnessed(data[:begin], offset, position, has_next=True)
        yield RawRecord(position + 1, offset + begin, data[begin:])
    else:
        yield from _unwitnessed(data, offset, position, has_next=False)


def _unwitnessed(
    data: bytes, offset: int, position: int, *, has_next: bool
) -> Iterator[RawRecord | Quarantined]:
    """A span whose stated length is not its length."""
    is_ended = data[-1] == RECORD_END
    layout = find_layout(data)
    stated = int(data[:5]) if data[:5].isdigit() else -1
    flags: tuple[Flag, ...] | None = None
    if layout and is_ended:
        flags = (Flag.STRAY_TERMINATOR,) if stated == len(data) else (Flag.LENGTH_WRONG,)
        if len(data) > 99_999:
            flags = (Flag.OVERSIZE,)
    elif layout and stated in (len(data), len(data) + 1):
        flags = (Flag.TERMINATOR_MISSING,)
    if flags is not None:
        yield RawRecord(position, offset, data, flags)
        return
    yield Quarantined(position, offset, data, *_why(data, has_layout=bool(layout), cut=has_next))


def _why(data: bytes, *, has_layout: bool, cut: bool) -> tuple[ErrorCode, Mapping[str, str | int]]:
    if data == b"\x1d":
        return ErrorCode.EMPTY_SPAN, {}
    if len(data) >= MAX_SPAN:
        return ErrorCode.NO_TERMINATOR, {"limit": MAX_SPAN}
    if has_layout or (_LEADER.match(data) and data[-1] != RECORD_END):
        return ErrorCode.TRUNCATED, {"is_followed": int(cut)}
    if _LEADER.match(data):
        return ErrorCode.BAD_DIRECTORY, {}
    return ErrorCode.NO_LEADER, {}


def _begins_inside(data: bytes) -> int:
    """Where in a span another record begins whose length is exact; 0 when none does."""
    for match in _LEADER.finditer(data, 1):
        start = match.start()
        if int(match[1]) == len(data) - start and _is_base(data[start:], int(match[2])):
            return start
    return 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of one record are."""

    directory: int
    base: int
    is_as_stated: bool = True
    is_wide: bool = False  # entries longer than 12 characters, beyond what ISO 2709 can say


def find_layout(data: bytes) -> Layout | None:
    """Directory and base address: as the leader states, else as the bytes show, else None."""
    stated = data[12:17]
    if stated.isdigit() and _is_base(data, int(stated)):
        return Layout(LEADER_LENGTH, int(stated))
    end = data.find(b"\x1e")
    start = end
    while start >= ENTRY_LENGTH and _ENTRY.fullmatch(data, start - ENTRY_LENGTH, start):
        start -= ENTRY_LENGTH
    # A leader may have lost or gained a few characters; more than that is no leader.
    if start < end and 20 <= start <= 28:
        return Layout(start, end + 1, is_as_stated=False)
    if end > _WIDE and data[LEADER_LENGTH:end].isalnum() and _LEADER.match(data):
        return Layout(LEADER_LENGTH, end + 1, is_as_stated=False, is_wide=True)
    return None


def _is_base(data: bytes, base: int) -> bool:
    """Whether the directory ends there, and holds whole entries."""
    return (
        LEADER_LENGTH + ENTRY_LENGTH < base <= len(data)
        and data[base - 1] == FIELD_END
        and (base - 1 - LEADER_LENGTH) % ENTRY_LENGTH == 0
    )


def _is_sound(data: bytes) -> bool:
    """Whether every field ends exactly where the directory says."""
    layout = find_layout(data)
    if layout is None or not layout.is_as_stated or data[-1] != RECORD_END:
        return False
    total = 0
    for at in range(layout.directory, layout.base - 1, ENTRY_LENGTH):
        entry = data[at : at + ENTRY_LENGTH]
        if not _ENTRY.fullmatch(entry):
            return False
        length, start = int(entry[3:7]), int(entry[7:])
        last = layout.base + start + length - 1
        total += length
        if last >= len(data) or data[last] != FIELD_END:
            return False
    return layout.base + total + 1 == len(data)


_TAG = rb"(?:[A-Za-z_][\w.-]*:)?"
_RECORD_TAG = re.compile(rb"<!--|-->|<(/?)" + _TAG + rb"record(?=[\s/>])[^<>]*>")
_FIELD_TAG = re.compile(rb"<" + _TAG + rb"(?:leader|controlfield|datafield)[\s/>]")
_LOOK_BACK = 4096  # bytes; a <record> tag with its attributes is shorter


def read_marcxml(
    chunks: Iterable[bytes], *, offset: int = 0, position: int = 1
) -> Iterator[RawRecord | Quarantined]:
    """The innermost ``<record>`` elements of a MARCXML stream, in bounded memory.

    The elements are cut out of the bytes without parsing what is around them, so several roots, an
    SRU or OAI-PMH envelope and an ill-formed neighbour cost nothing, and no document type
    declaration is ever read (no entity can be defined). Resuming works as for ISO 2709.
    """
    cutter = _XmlCutter(offset=offset, position=position)
    for chunk in chunks:
        cutter.buffer += chunk
        yield from cutter.cut()
    yield from cutter.finish()


@dataclass(slots=True)
class _XmlCutter:
    """The bytes not yet accounted for: a gap, and perhaps a record that has begun in it."""

    offset: int  # of buffer[0] in the file
    position: int
    buffer: bytes = b""
    start: int = 0  # what lies before it is accounted for
    scanned: int = 0
    record_start: int = -1
    is_comment: bool = False
    is_silent: bool = True  # no outcome yet
    is_utf16: bool = False

    def cut(self) -> Iterator[RawRecord | Quarantined]:
        if self.offset == 0 and self.buffer[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self.is_utf16 = True
        while match := _RECORD_TAG.search(self.buffer, self.scanned):
            self.scanned = match.end()
            if match.group() in (b"<!--", b"-->"):
                self.is_comment = match.group() == b"<!--"
            elif not self.is_comment and not match.group().endswith(b"/>"):
                yield from self._closed() if match[1] else self._opened(match.start())
        self.scanned = max(self.scanned, len(self.buffer) - _LOOK_BACK)
        while len(self.buffer) - self.start > MAX_SPAN:
            yield from self._let_go(self.start + MAX_SPAN, is_record=self.record_start >= 0)
        self._compact()

    def finish(self) -> Iterator[Quarantined]:
        """What is left when the file ends."""
        end = len(self.buffer)
        if self.record_start >= 0 and _FIELD_TAG.search(self.buffer, self.record_start):
            yield from self._let_go(self.record_start, is_record=False)
            yield from self._let_go(end, is_record=True)
        elif self.is_silent and not self.is_utf16 and self.offset == 0 and self.buffer.strip():
            yield self._quarantine(end, ErrorCode.NO_RECORDS)
        else:
            yield from self._let_go(end, is_record=False)

    def _opened(self, at: int) -> Iterator[Quarantined]:
        if self.record_start >= 0 and _FIELD_TAG.search(self.buffer, self.record_start, at):
            # An outer element of an envelope holds no fields of its own: this one was not closed.
            yield from self._let_go(self.record_start, is_record=False)
            yield from self._let_go(at, is_record=True)
        self.record_start = at

    def _closed(self) -> Iterator[RawRecord | Quarantined]:
        if self.record_start < 0:
            return  # of an envelope
        yield from self._let_go(self.record_start, is_record=False)
        data = self.buffer[self.start : self.scanned]
        yield RawRecord(self.position, self.offset + self.start, data)
        self._advance(self.scanned)

    def _let_go(self, end: int, *, is_record: bool) -> Iterator[Quarantined]:
        """Bytes that are no record: an envelope, unless a record or fields were lost in them."""
        if self.is_utf16:
            yield self._quarantine(end, ErrorCode.XML_ENCODING)
        elif is_record:
            yield self._quarantine(end, ErrorCode.XML_UNCLOSED)
        elif _FIELD_TAG.search(self.buffer, self.start, end):
            yield self._quarantine(end, ErrorCode.XML_STRAY_FIELDS)
        else:
            self.start = end

    def _quarantine(self, end: int, code: ErrorCode) -> Quarantined:
        data = self.buffer[self.start : end]
        found = Quarantined(self.position, self.offset + self.start, data, code)
        self._advance(end)
        return found

    def _advance(self, end: int) -> None:
        self.start = end
        self.scanned = max(self.scanned, end)
        self.record_start = -1
        self.position += 1
        self.is_silent = False

    def _compact(self) -> None:
        self.buffer = self.buffer[self.start :]
        self.offset += self.start
        self.scanned = max(0, self.scanned - self.start)
        self.record_start = max(-1, self.record_start - self.start)
        self.start = 0
