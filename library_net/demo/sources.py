"""Where the demo's records come from: our own sample files, or any folder of MARC files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from library_net.demo.cast import Cast
from library_net.demo.marcfiles import MarcFile, write_files
from library_net.demo.members import MEMBERS
from library_net.demo.world import World

_TEXT = {".md", ".txt", ".tsv", ".csv", ".py", ".html", ".pdf", ".json", ".ndj", ".mrk", ".log"}
_HEAD = 4096
FEW_FILES = 3  # fewer are dealt record by record, so that there is somebody to share with
MOST_BYTES_SPLIT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One file of one member."""

    agency: str
    path: Path
    # Where the member put each copy the file names, by barcode; None where only the file knows.
    placed: dict[str, str] | None = None
    damaged: int = 0  # spans that cannot be used, where that is known beforehand


class Source(Protocol):
    """What is sent beforehand, and what is sent while people look on."""

    is_folder: bool

    def catalogues(self) -> Sequence[Sending]: ...
    def this_week(self) -> Sequence[Sending]: ...
    def skipped(self) -> Sequence[Path]: ...


class SampleSource:
    """The sample world's own files, written from the seed when first asked for."""

    is_folder = False

    def __init__(self, world: World, cast: Cast) -> None:
        self._files = write_files(world.folder / "marc")
        self._cast = cast

    def catalogues(self) -> list[Sending]:
        return [_sending(file) for file in self._files if not file.is_live]

    def this_week(self) -> list[Sending]:
        order = self._cast.live_members
        live = [file for file in self._files if file.is_live]
        live.sort(key=lambda file: order.index(file.member.code))
        return [_sending(file) for file in live]

    def skipped(self) -> list[Path]:
        return []


def _sending(file: MarcFile) -> Sending:
    placed = {copy.barcode: copy.branch for copy in file.copies}
    return Sending(agency=file.member.code, path=file.path, placed=placed, damaged=file.damaged)


class FolderSource:
    """Every MARC file below a folder, dealt to the members in turn.

    Files that lie side by side often hold the same records, so they go to different members.
    """

    is_folder = True

    def __init__(
        self, folder: Path, members: Sequence[str], *, first: Sequence[str], parts: Path
    ) -> None:
        self._folder, self._first, self._parts = folder, tuple(first), parts
        self._members = tuple(members)
        self._skipped: list[Path] = []
        self._sendings = self._deal()

    def _deal(self) -> list[Sending]:
        found: list[Path] = []
        for path in sorted(p for p in self._folder.rglob("*") if p.is_file()):
            if looks_like_marc(path):
                found.append(path)
            else:
                self._skipped.append(path)
        if len(found) < FEW_FILES:
            found = [part for path in found for part in split(path, self._parts)]
        count = len(self._members)
        # The first member lends in the story: it gets the largest file.
        largest = max(range(len(found)), key=lambda n: found[n].stat().st_size, default=0)
        return [
            Sending(agency=self._members[(number - largest) % count], path=path)
            for number, path in enumerate(found)
        ]

    def catalogues(self) -> list[Sending]:
        return self._sendings

    def this_week(self) -> list[Sending]:
        """Three members send a file of middling size again: nothing new may come of it."""
        by_size = sorted(self._sendings, key=lambda sending: sending.path.stat().st_size)
        mine = [
            [sending for sending in by_size if sending.agency == agency]
            for agency in dict.fromkeys((*self._first, *self._members))
        ]
        again = [files[len(files) // 2] for files in mine if files]
        return again[:3]

    def skipped(self) -> list[Path]:
        return self._skipped


def source_of(world: World, cast: Cast, folder: Path | None, members: Sequence[str]) -> Source:
    """The folder named on the command line (kept for a later start), else the sample."""
    if folder is not None:
        world.state["marc"] = {"folder": str(folder.resolve()), "members": list(members)}
        world.save()
    stored = world.state.get("marc")
    if stored is None:
        return SampleSource(world, cast)
    everyone = [member.code for member in MEMBERS]
    named = stored["members"] or [*cast.live_members, *everyone]
    chosen = list(dict.fromkeys([cast.lender, *named]))
    return FolderSource(
        Path(stored["folder"]), chosen, first=cast.live_members, parts=world.folder / "parts"
    )


def looks_like_marc(path: Path) -> bool:
    """ISO 2709 or MARCXML by its first bytes; a file that tells nothing is sent all the same."""
    if path.name.startswith("."):
        return False
    suffixes = {suffix.lower() for suffix in path.suffixes}
    head = _head(path)
    if head[:5].isdigit() or b"marc21/slim" in head.lower() or b"<record" in head.lower():
        return True
    return bool(head) and not suffixes & _TEXT and suffixes & _MARC != set()


def split(path: Path, parts: Path) -> list[Path]:
    """A lone ISO 2709 file as three, its records dealt in turn; what cannot be split, as it is."""
    data = path.read_bytes() if path.stat().st_size <= MOST_BYTES_SPLIT else b""
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if not data[:5].isdigit():
        return [path]
    records = [record + b"\x1d" for record in data.split(b"\x1d") if record.strip()]
    parts.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(FEW_FILES):
        if dealt := records[number::FEW_FILES]:
            part = parts / f"{path.name}.{number + 1}.mrc"
            part.write_bytes(b"".join(dealt))
            made.append(part)
    return made


_MARC = {".mrc", ".marc", ".iso", ".dat", ".xml", ".bin", ".marc8", ".utf8", ".out", ".rec"}


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        with gzip.open(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
