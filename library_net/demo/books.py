"""The books of the sample world: facts about real books, read from ``data/books.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.folding import has_han

DATA = Path(__file__).resolve().parent / "data"
BOOKS_FILE = DATA / "books.csv"
NETWORK_FILE = DATA / "network.csv"

_PERSON = re.compile(
    r"(?P<body>@)?(?:\[(?P<origin>[^\]]+)\])?(?P<name>[^{/]+)"
    r"(?:\{(?P<original>[^}]+)\})?(?:/(?P<role>.+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody named on the title page, with the role as a Chinese cataloguer writes it."""

    name: str
    role: str = "著"
    origin: str = ""  # dynasty or nationality: 清, 英
    original: str = ""  # the name in its own script: Rowling, J. K.
    is_body: bool = False

    @property
    def is_translator(self) -> bool:
        return self.role in {"译", "翻译", "trl", "訳"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One thing on a shelf: an edition, or one volume of it."""

    key: str
    title: str
    subtitle: str
    volume: str
    people: tuple[Person, ...]
    publisher: str
    place: str
    year: str
    edition: str
    extent: str
    isbn: str
    series: str
    clc: str
    subjects: tuple[str, ...]
    language: str
    original_title: str
    original_language: str
    audience: str

    @property
    def set_key(self) -> tuple[str, ...]:
        """Volumes of one set are bought together."""
        people = self.people[0].name if self.people else ""
        return (self.title, people, self.publisher, self.edition, self.series)

    @property
    def volume_parts(self) -> tuple[str, str]:
        """Number and name of the part: `第一部`, `魔戒同盟`; `BOOK 1` is all number."""
        number, _, name = self.volume.partition(" ")
        return (number, name) if has_han(name) else (self.volume, "")

    @property
    def is_chinese(self) -> bool:
        return self.language == "chi"


def _person(text: str, *, is_chinese: bool) -> Person:
    found = _PERSON.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"cannot read the person {text!r}")
    role = found["role"] or ("著" if is_chinese else "aut")
    return Person(
        name=found["name"].strip(),
        role=role,
        origin=found["origin"] or "",
        original=found["original"] or "",
        is_body=bool(found["body"]),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def load_books(path: Path = BOOKS_FILE) -> tuple[Book, ...]:
    """Every book of the file, in its order."""
    return tuple(_book(row) for row in _rows(path))


def _book(row: dict[str, str]) -> Book:
    facts = {name: row[name] for name in _PLAIN}
    is_chinese = row["language"] == "chi"
    people = tuple(
        _person(text, is_chinese=is_chinese) for text in row["people"].split(";") if text.strip()
    )
    subjects = tuple(s.strip() for s in row["subjects"].split(";") if s.strip())
    return Book(**facts, people=people, subjects=subjects)


_PLAIN = (
    "key",
    "title",
    "subtitle",
    "volume",
    "publisher",
    "place",
    "year",
    "edition",
    "extent",
    "isbn",
    "series",
    "clc",
    "language",
    "original_title",
    "original_language",
    "audience",
)
