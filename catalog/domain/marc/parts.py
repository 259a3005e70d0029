"""Small pieces both `to_marc21` and `to_cnmarc` are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from catalog.domain.marc.write import Field

_Value = TypeVar("_Value")
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_DATE = re.compile(r"[12]\d{7}")


def writable(text: str) -> str:
    """The text without what neither ISO 2709 nor XML 1.0 can carry."""
    return _UNWRITABLE.sub(" ", text) if not text.isprintable() else text


def control(tag: str, text: str) -> Field:
    """A control field; without subfields, and so left out, when there is nothing to say."""
    text = writable(text)
    return (tag, "", [("", text)] if text else [])


def data(tag: str, indicators: str, *subfields: tuple[str, str]) -> Field:
    """A data field of those subfields that say something; none of them: the field is left out."""
    found = [(code, writable(value)) for code, value in subfields]
    return tag, indicators, [(code, value) for code, value in found if value.strip()]


def first_of(*choices: Sequence[_Value]) -> _Value | None:
    """The first value of the first sequence that has one."""
    return next((choice[0] for choice in choices if choice), None)


def rest_of(subfields: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]]) -> str:
    """The values of the subfields that have a partner of the same code, as one text."""
    codes = {code for code, _ in others}
    return " ".join(value for code, value in subfields if code in codes)


def is_plain_year(year: int | None) -> bool:
    """Whether four digits can say it."""
    return year is not None and 1000 <= year <= 2099


def coded_date(modified: str) -> str:
    """YYYYMMDD of a field 005, or a date of nought when it says none."""
    return modified[:8] if _DATE.match(modified) else "00000000"


def degree(number: int | None) -> str:
    """An edition known by its number only, as a statement."""
    return f"第{number}版" if number else ""
