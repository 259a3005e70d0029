"""What one step finds in a batch: records to save, deletions, and what could not be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog.domain.changes import Line
from catalog.domain.marc.prepare import Prepared
from catalog.domain.marc.read import Quarantined, RawRecord

MAX_REJECT_BYTES = 64 * 1024  # of a copy for people to look at; all bytes stay in the chunks
DEFECT = "reader_defect"  # our own fault: the record is kept, the log has the traceback
REPEATED = "duplicate_in_file"
OTHER_NUMBER = "control_number_differs"


class Rejected(NamedTuple):
    """A row for the list of what could not be used, or not as it was."""

    position: int
    offset: int
    length: int
    code: str
    params: Mapping[str, Any]
    raw: bytes


class Known(NamedTuple):
    """What the database has under a source key."""

    source_id: int
    digest: str
    is_deleted: bool
    sequence: int
    manifestation_id: int | None
    batch_id: int | None


class Piece(NamedTuple):
    """A piece of the batch, and what is known of it."""

    start: int
    end: int
    kept_id: int
    span_id: int | None
    source_ids: list[int]
    is_known: bool  # and nothing has happened to its records since


def ends_of(pieces: Sequence[Piece]) -> frozenset[int]:
    """Where a step may end so that the next begins with a piece."""
    return frozenset([*(piece.end for piece in pieces), *(piece.start for piece in pieces[:1])])


class Tombstone(NamedTuple):
    """A deletion of what we never had: it must stand against an earlier record that comes late."""

    source_key: str
    sequence: int


@dataclass(slots=True, kw_only=True)
class Incoming:
    """One record to save: new, changed, or come back."""

    raw: RawRecord
    digest: str
    source_key: str
    prepared: Prepared
    known: Known | None
    sequence: int  # never lower than that of what it replaces
    is_repeat: bool = False  # an earlier step of this batch saved another one under this key
    source_id: int = 0  # given when it is saved

    @property
    def is_new(self) -> bool:
        return self.known is None or self.known.is_deleted


@dataclass(slots=True)
class Portion:
    """What one step found in the file."""

    next_offset: int = 0
    next_position: int = 1
    is_last: bool = False
    records: int = 0
    unchanged: int = 0
    outdated: int = 0
    repeated: int = 0
    incoming: list[Incoming] = field(default_factory=list)
    deletions: list[Known] = field(default_factory=list)  # with the sequence of the deletion
    tombstones: list[Tombstone] = field(default_factory=list)
    # Unchanged, but mentioned: ids with the batch's sequence, ids with sequences of their own.
    confirmed: list[int] = field(default_factory=list)
    raised: list[tuple[int, int]] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)  # ids already in the database
    rejects: list[Rejected] = field(default_factory=list)
    quarantined: int = 0
    lost: int = 0  # spans that may have been any record
    spared: list[str] = field(default_factory=list)  # source keys of what is of no use as sent
    spans: list[int] = field(default_factory=list)  # known ones it consists of, if any
    pieces: list[Piece] = field(default_factory=list)  # unknown ones from here on
    held: list[tuple[int, int, int]] = field(default_factory=list)  # unchanged: start, end, id


def reject(
    portion: Portion,
    span: RawRecord | Quarantined | Line,
    code: str,
    params: Mapping[str, Any],
) -> None:
    portion.quarantined += 1
    portion.rejects.append(rejected(span, code, params))


def spare(portion: Portion, known: Known | None, key: str) -> None:
    """A record that cannot be used is no missing one, if we can tell which it is."""
    if not key:
        portion.lost += 1
        return
    portion.spared.append(key)
    if known:
        portion.seen.append(known.source_id)


def rejected(
    span: RawRecord | Quarantined | Line, code: str, params: Mapping[str, Any]
) -> Rejected:
    data = span.data
    return Rejected(
        span.position, span.offset, len(data), str(code), dict(params), data[:MAX_REJECT_BYTES]
    )
