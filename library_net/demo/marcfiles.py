"""The MARC files of the sample world: what each member would export, byte for byte.

Every member has a file of its whole catalogue; the three of `LIVE_MEMBERS` have a second one with
this week's records, which the demo sends over HTTP. One of those is damaged on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.marc.write import Field, write_iso2709, write_marcxml
from catalog.domain.records import MarcFormat
from library_net.demo.books import Book, load_books
from library_net.demo.cnmarc import Copy, cnmarc_fields
from library_net.demo.holdings import copies_of, holders, is_story, place_sizes, popularity
from library_net.demo.marc21 import marc21_fields
from library_net.demo.members import DEYANG, LIVE_MEMBERS, MEMBERS, Habit, Member

SEED = 20261122
LIVE_BOOKS = 45  # this week's, of each live member
REPEATED = 5  # records a member sends again without a change
GARBAGE = bytes(range(0x80, 0x100)) + b"\x00 *** disk error *** \xff\xfe" * 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MarcFile:
    """One file a member sends."""

    member: Member
    path: Path
    records: int  # sound ones
    damaged: int
    copies: tuple[Copy, ...]
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    book: Book
    fields: Sequence[Field]
    copies: Sequence[Copy]


def write_files(folder: Path, *, seed: int = SEED) -> tuple[MarcFile, ...]:
    """Write every member's files into the folder; the same seed gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    books = load_books()
    held = holders(books, seed=seed)
    liked, sizes = popularity(books, seed=seed), place_sizes()
    live_keys = _live_books(held, liked)
    files: list[MarcFile] = []
    for member in MEMBERS:
        mine = held[member.code]
        copies = copies_of(member, mine, liked=liked, sizes=sizes, seed=seed)
        entries = _catalogue(member, mine, copies, seed=seed)
        files += _member_files(folder, member, entries, live_keys.get(member.code, frozenset()))
    return tuple(files)


def _live_books(
    held: Mapping[str, Sequence[Book]], liked: Mapping[str, float]
) -> dict[str, frozenset[str]]:
    """Keys of this week's books of each live member.

    The story first, then books that several of the three hold, the less read ones: what readers
    borrowed in the past half year must have been there before.
    """
    lists = {code: [b.key for b in held[code]] for code in LIVE_MEMBERS}
    shared = {k for keys in lists.values() for k in keys if sum(k in o for o in lists.values()) > 1}
    story = {b.key for b in held[LIVE_MEMBERS[0]] if is_story(b)}

    def place(key: str) -> tuple[bool, bool, float]:
        return key not in story, key not in shared, liked[key]

    return {code: frozenset(sorted(keys, key=place)[:LIVE_BOOKS]) for code, keys in lists.items()}


def _catalogue(
    member: Member, books: Sequence[Book], copies: Mapping[str, Sequence[Copy]], *, seed: int
) -> list[_Entry]:
    entries = []
    for number, book in enumerate(books, start=1):
        fields = catalogued(book, member=member, number=number, copies=copies[book.key], seed=seed)
        entries.append(_Entry(book=book, fields=fields, copies=copies[book.key]))
    return entries


def catalogued(
    book: Book, *, member: Member, number: int, copies: Sequence[Copy] = (), seed: int = SEED
) -> list[Field]:
    """The book as this member describes it; its slips and habits follow from the seed."""
    rng = random.Random(f"record:{seed}:{member.code}:{book.key}")  # noqa: S311
    control_number = f"{member.prefix}{number:08d}"
    describe = cnmarc_fields if member.habit in (Habit.NLC, Habit.CALIS) else marc21_fields
    return describe(book, member=member, control_number=control_number, copies=copies, rng=rng)


def _format(member: Member) -> MarcFormat:
    is_cnmarc = member.habit in (Habit.NLC, Habit.CALIS)
    return MarcFormat.CNMARC if is_cnmarc else MarcFormat.MARC21


def _member_files(
    folder: Path, member: Member, entries: Sequence[_Entry], live: frozenset[str]
) -> list[MarcFile]:
    base = [entry for entry in entries if entry.book.key not in live]
    files = [_write(folder, member, base, name="catalogue", is_live=False, damaged=0)]
    if live:
        week = [entry for entry in entries if entry.book.key in live]
        week = [*week, *base[:REPEATED]]
        damaged = 3 if member.code == DEYANG else 0
        files.append(_write(folder, member, week, name="week", is_live=True, damaged=damaged))
    return files


def _write(
    folder: Path,
    member: Member,
    entries: Sequence[_Entry],
    *,
    name: str,
    is_live: bool,
    damaged: int,
) -> MarcFile:
    marc_format = _format(member)
    suffix = "xml" if member.is_xml else "mrc" if marc_format is MarcFormat.MARC21 else "iso"
    path = folder / f"{member.code}-{name}-{member.habit}-{member.encoding}.{suffix}"
    if member.is_xml:
        data = write_marcxml([e.fields for e in entries], format=marc_format)
    else:
        records = [
            write_iso2709(entry.fields, format=marc_format, encoding=member.encoding)
            for entry in entries
        ]
        data = b"".join(_damage(records) if damaged else records)
    path.write_bytes(data)
    return MarcFile(
        member=member,
        path=path,
        records=len(entries),
        damaged=damaged,
        copies=tuple(copy for entry in entries for copy in entry.copies),
        is_live=is_live,
    )


def _damage(records: Sequence[bytes]) -> list[bytes]:
    """Three accidents of real exports: noise between records, lost bytes inside, a cut end."""
    middle = len(records) // 2
    whole = records[2]
    holed = whole[: len(whole) // 2] + whole[-len(whole) // 5 :]
    return [
        *records[:middle],
        GARBAGE + b"\x1d",
        *records[middle:-1],
        holed,
        records[-1],
        records[1][: len(records[1]) // 2],
    ]
