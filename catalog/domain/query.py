"""One query tree for the search box, REST and SRU, and the reading of what people type.

The tree says what is asked, never how the index answers; ``catalog.search.query`` does that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.domain.callnumber import looks_like_call_number
from catalog.domain.folding import fold, has_han
from catalog.domain.identifiers import isbn13

MAX_TYPED = 200  # characters of a search box that count
MAX_PARTS = 16  # words of it


class Field(StrEnum):
    ANY = "any"
    TITLE = "title"
    AUTHOR = "author"
    PUBLISHER = "publisher"
    SUBJECT = "subject"
    SERIES = "series"
    IDENTIFIER = "identifier"
    CALL_NUMBER = "call_number"
    BARCODE = "barcode"
    CLASS = "class"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or run of Han found anywhere in the field."""

    text: str
    field: Field = Field.ANY
    is_prefix: bool = False  # the word may still be being typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that must stand side by side."""

    text: str
    field: Field = Field.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Latin letters that may be pinyin, whole or initials, of a title or a name."""

    text: str
    field: Field = Field.ANY  # ANY, TITLE or AUTHOR


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """Every work: an empty box with filters is a way to browse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """These works and no others, by number."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """Works whose newest edition is of these years, both ends included; None is no end."""

    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Languages:
    """Works in any of these languages (ISO 639-2/B)."""

    codes: tuple[str, ...]


Node = Term | Phrase | Sound | And | Or | Not | Everything | Works | Years | Languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Restrictions that do not change the ranking; within one set any value will do."""

    is_available: bool = False  # a copy is on a shelf somewhere, or at one of `available_at`
    available_at: frozenset[str] = field(default_factory=frozenset)  # branch codes
    held_at: frozenset[str] = field(default_factory=frozenset)  # branch codes
    languages: frozenset[str] = field(default_factory=frozenset)
    decades: frozenset[int] = field(default_factory=frozenset)  # 2010 for 2010-2019
    materials: frozenset[str] = field(default_factory=frozenset)
    classes: frozenset[str] = field(default_factory=frozenset)  # CLC main classes: I, TP
    audiences: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    root: Node
    filters: Filters = field(default_factory=Filters)
    typed: str = ""  # as the reader typed it


_PREFIXES = {
    "title": Field.TITLE, "题名": Field.TITLE, "書名": Field.TITLE, "书名": Field.TITLE,
    "題名": Field.TITLE, "author": Field.AUTHOR, "作者": Field.AUTHOR, "著者": Field.AUTHOR,
    "subject": Field.SUBJECT, "主题": Field.SUBJECT, "主題": Field.SUBJECT,
    "publisher": Field.PUBLISHER, "出版社": Field.PUBLISHER, "series": Field.SERIES,
    "丛书": Field.SERIES, "叢書": Field.SERIES, "isbn": Field.IDENTIFIER,
    "issn": Field.IDENTIFIER, "call": Field.CALL_NUMBER, "索书号": Field.CALL_NUMBER,
    "索書號": Field.CALL_NUMBER, "barcode": Field.BARCODE, "条码": Field.BARCODE,
    "條碼": Field.BARCODE, "class": Field.CLASS, "分类": Field.CLASS, "分類": Field.CLASS,
}  # fmt: skip
# One piece of the box: -word, field:word, "a phrase"; a lone dash or colon is punctuation.
_PIECE = re.compile(
    rf"(?P<not>(?<!\S)-(?=\S))?(?:(?P<field>{'|'.join(_PREFIXES)})\s*:\s*)?"
    r'(?:"(?P<phrase>[^"]+)"?|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_QUOTES = str.maketrans("“”„«»", '"""""')
_SOUND = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9À-ɏ'’,.\- ]{2,60}")
_UBSN = re.compile(r"\d{4,5}\s*[·•．.\-]\s*\d{1,5}")
_NUMBER_SIGNS = re.compile(r"[\s\-·•．.]")
_NUMBER = re.compile(r"[0-9Xx][0-9Xx\- ]{4,}")


def identifier_forms(text: str) -> tuple[str, ...]:
    """How a typed identifier may stand in the index: ISBN-13 of an ISBN-10, else as typed.

    A number with a wrong check digit keeps its own form: a member's wrong ISBN is still findable.
    """
    if not text.isalnum() or not text.isascii():
        text = _NUMBER_SIGNS.sub("", unicodedata.normalize("NFKC", text))
    compact = text.upper()
    as_isbn = isbn13(compact) if len(compact) == 10 else ""
    if as_isbn:
        return as_isbn, compact
    return (compact,) if compact else ()


def parse_box(text: str, *, filters: Filters | None = None) -> Query:
    """What a reader asks with the single search box; never fails, whatever is typed.

    Words must all match; ``-word`` excludes; quotes keep words together; 作者: or author: names a
    field. A box that is one number is an identifier, Latin letters may be words or pinyin.
    """
    filters = filters or Filters()
    typed = text.strip()
    clean = unicodedata.normalize("NFKC", typed[:MAX_TYPED]).translate(_QUOTES).strip()
    return Query(root=_whole(clean), filters=filters, typed=typed)


def _whole(clean: str) -> Node:
    if not fold(clean):
        return Everything()
    if _UBSN.fullmatch(clean) or (_NUMBER.fullmatch(clean) and len(clean.split()) <= 5):
        return _number(clean)
    words = _words(clean)
    readings: list[Node] = [words]
    if len(clean.split()) > 1 and _SOUND.fullmatch(clean):
        readings.append(Sound(text=clean))  # she diao: two words, or one title in pinyin
    if looks_like_call_number(clean):
        readings.append(Term(text=clean, field=Field.CALL_NUMBER, is_prefix=True))
    return _one_of(readings)


def _number(clean: str) -> Node:
    """A number is an ISBN, a barcode, or words of a title (1984)."""
    return Or(
        parts=(
            Term(text=clean, field=Field.IDENTIFIER),
            Term(text=clean, field=Field.BARCODE),
            Term(text=clean, field=Field.TITLE),
        )
    )


def _words(clean: str) -> Node:
    wanted: list[Node] = []
    pieces = list(_PIECE.finditer(clean))[:MAX_PARTS]
    for i, piece in enumerate(pieces):
        where = _PREFIXES[piece["field"].lower()] if piece["field"] else Field.ANY
        text = piece["phrase"] or piece["word"]
        if where is not Field.IDENTIFIER and not fold(text):
            continue
        if piece["phrase"]:
            node: Node = Phrase(text=text, field=where)
        else:
            node = _word(text, where, is_last=i == len(pieces) - 1)
        wanted.append(Not(part=node) if piece["not"] else node)
    if all(isinstance(node, Not) for node in wanted):
        wanted.insert(0, Everything())
    return wanted[0] if len(wanted) == 1 else And(parts=tuple(wanted))


def _word(text: str, where: Field, *, is_last: bool) -> Node:
    readings: list[Node] = [
        Term(text=text, field=where, is_prefix=is_last and not has_han(text) and len(text) > 2)
    ]
    if where in (Field.ANY, Field.TITLE, Field.AUTHOR) and _SOUND.fullmatch(text):
        readings.append(Sound(text=text, field=where))
    if where is Field.ANY and any(char.isdigit() for char in text) and len(text) >= 5:
        readings.append(Term(text=text, field=Field.IDENTIFIER))
        readings.append(Term(text=text, field=Field.BARCODE))
    return _one_of(readings)


def _one_of(readings: list[Node]) -> Node:
    return readings[0] if len(readings) == 1 else Or(parts=tuple(readings))
