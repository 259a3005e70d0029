"""What ties a translation to its work: identifiers of persons, original titles told in notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from catalog.domain.folding import has_han
from catalog.domain.marc.values import title_text
from catalog.domain.records import Title, TitleKind

_IDS = (
    ("isni", re.compile(r"isni[^0-9]*((?:\d{4}[ -]?){3}\d{3}[\dX])", re.IGNORECASE)),
    ("viaf", re.compile(r"viaf(?:\.org/viaf/|\)|:)\s*(\d+)", re.IGNORECASE)),
    ("lcnaf", re.compile(r"(?:id\.loc\.gov/authorities/names/|\(DLC\)\s*)(n[a-z]?\s*\d+)")),
    ("wikidata", re.compile(r"wikidata(?:\.org/(?:wiki|entity)/|\)|:)\s*(Q\d+)", re.IGNORECASE)),
)
_LINKS = {
    "isni": "https://isni.org/isni/",
    "viaf": "http://viaf.org/viaf/",
    "lcnaf": "http://id.loc.gov/authorities/names/",
    "wikidata": "http://www.wikidata.org/entity/",
}
_ORIGINAL = re.compile(
    r"(?:书名原文|原文书名|原文题名|原书名|原书题名|原著书名|原著题名|原题名|译自"
    r"|translation of|title of original)\s*[:：]\s*[《“\"]?(?P<title>[^。；;》”\"]+)",
    re.IGNORECASE,
)


def person_ids(values: Sequence[str]) -> tuple[str, ...]:
    """Identifiers that mean one person in every catalogue: isni:…, viaf:…, lcnaf:… (NO-22).

    A bare number is a key of somebody's authority file and says nothing elsewhere.
    """
    if not values:
        return ()
    found = (
        f"{kind}:{re.sub('[ -]', '', match[1])}"
        for value in values
        for kind, pattern in _IDS
        if (match := pattern.search(value))
    )
    return tuple(dict.fromkeys(found))


def person_links(ids: Iterable[str]) -> list[str]:
    """The identifiers as links: what `person_ids` reads back."""
    known = (one.partition(":") for one in ids)
    return [f"{_LINKS[kind]}{number}" for kind, _, number in known if kind in _LINKS]


def _may_tell(note: str) -> bool:
    """A quick look before the long one."""
    if "anslation of" in note or "original" in note:
        return True
    return not note.isascii() and ("原" in note or "译自" in note)


def original_title(note: str) -> str:
    """The title a note says this book was translated from: 书名原文: The great Gatsby (NO-23)."""
    if not _may_tell(note):
        return ""
    found = _ORIGINAL.search(note)
    text = title_text(found["title"]) if found else ""
    return "" if has_han(text) or sum(map(str.isalpha, text)) < 2 else text


def with_noted_originals(titles: list[Title], notes: Iterable[str]) -> list[Title]:
    """The titles with those only a note tells of; what a field says goes before (NO-23)."""
    noted = [text for note in notes if (text := original_title(note))]
    if not noted or any(one.kind is TitleKind.ORIGINAL for one in titles):
        return titles
    return titles + [Title(text=text, kind=TitleKind.ORIGINAL) for text in noted]
