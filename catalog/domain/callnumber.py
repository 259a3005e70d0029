"""Call numbers in shelf order (domain.md §4): CLC is decimal, book numbers are whole numbers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# What follows a class comes in this order, all before the next digit: O4 < O4-33 < O40. The order
# among the symbols is a local custom, hence a parameter.
DEFAULT_SYMBOLS = '-("=[:+#<'
_SHAPE = re.compile(r"[A-Z]{1,2}\d[\d.\-()=:+\"\[\]/A-Z<>]*|[A-Z]{1,2}/\d+")
_CLASS = re.compile(r"[A-Z]{1,2}(?=\d|[-/(=:.\"\[+]|$)")
_LOCATION = re.compile(r"^\s*\{[^}]*\}\s*")
_BETWEEN_PARTS = re.compile(r"\s*/\s*|\s+")
_CHUNK = re.compile(r"([^0-9]*)([0-9]*)")
# CLC main classes without subdivision by a second letter except T.
_MAIN_CLASSES = frozenset("ABCDEFGHIJKNOPQRSTUVXZ")
_END_OF_CLASS = " "  # sorts before every symbol, digit and letter of the key


def _clean(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return (_LOCATION.sub("", text) if "{" in text else text).upper().strip()


class _Class(dict[int, str]):
    """Per-character form of a class number: signs by rank, the point and unknown signs gone."""

    def __missing__(self, codepoint: int) -> str:
        self[codepoint] = char if (char := chr(codepoint)).isalnum() else ""
        return self[codepoint]


@lru_cache(maxsize=32)
def _class_table(symbols: str) -> _Class:
    return _Class({ord(sign): chr(0x21 + i) for i, sign in enumerate(symbols[:15])} | {0x2E: ""})


def call_number_key(text: str, *, symbols: str = DEFAULT_SYMBOLS) -> str:
    """A key whose plain string order is shelf order; empty for an empty call number.

    The class is compared character by character (``.`` is only visual); every later part is split
    into a prefix and a number that counts as a number. ``symbols`` is the local order of the signs.
    """
    cleaned = _clean(text)
    if not cleaned:
        return ""
    head, *parts = _BETWEEN_PARTS.split(cleaned)
    class_key = head.translate(_class_table(symbols))
    return class_key + "".join(_END_OF_CLASS + _part_key(part) for part in parts or [""])


def _part_key(part: str) -> str:
    """Book number, volume, year …: numbers padded so that 9 comes before 10."""
    if part.isascii() and part.isdigit():
        return part.zfill(10)
    return "".join(
        prefix + (number.zfill(10) if number else "") for prefix, number in _CHUNK.findall(part)
    )


def looks_like_call_number(text: str) -> bool:
    """Whether a typed text has the shape of a CLC class or call number (I247.57, TP312PY/2)."""
    cleaned = _clean(text)
    return cleaned[:1] in _MAIN_CLASSES and _SHAPE.fullmatch(cleaned) is not None


@lru_cache(maxsize=32768)
def main_class(text: str) -> str:
    """The CLC main class of a class number, T with its second letter (TP311 -> TP); else empty."""
    found = _CLASS.match(_clean(text))
    if not found or found.group()[0] not in _MAIN_CLASSES:
        return ""
    letters = found.group()
    return letters if letters[0] == "T" else letters[0]
