"""A message: from the text of a frame to named fields and back.

Decode first, split afterwards: a Chinese character of GB18030 may contain the byte of the bar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from circulation.protocols.sip2.layouts import LAYOUTS

BAR: Final = "|"
LONGEST_VALUE: Final = 255
_TAG: Final = re.compile(r"[A-Z0-9]{2}")
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(.{4})(\d\d)(\d\d)(\d\d)")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f|\u2028\u2029\ud800-\udfff]+")
# The emulator of a widely used system sends a language in message 17, which the standard does not.
_STRAY_LANGUAGE: Final = re.compile(r"\d{3}(?=[A-Z]{2})")


class ProtocolError(ValueError):
    """The terminal sent what is no message; ``code`` as far as it could be read."""

    def __init__(self, what: str, *, code: str = "") -> None:
        super().__init__(what)
        self.code = code


class Message(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    fixed: Mapping[str, str] = {}
    fields: tuple[tuple[str, str], ...] = ()

    def get(self, tag: str) -> str:
        """The first value under this tag; empty when it is not there."""
        for name, value in self.fields:
            if name == tag:
                return value
        return ""

    def has(self, tag: str) -> bool:
        return any(name == tag for name, _value in self.fields)

    def all(self, tag: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.fields if name == tag)


def parse(text: str, *, delimiter: str = BAR) -> Message:
    """The message in the text of a frame. Raises ``ProtocolError``.

    >>> parse("9300CNscclient|COclientpwd|CPX|").get("CN")
    'scclient'
    """
    code, rest = text[:2], text[2:]
    layout = LAYOUTS.get(code)
    if layout is None:
        raise ProtocolError("unknown message", code=code)
    fixed = {}
    for name, width in layout:
        if name == "date" and rest[:1].isalpha():  # some clients leave it out of message 65
            fixed[name] = " " * width
            continue
        if len(rest) < width:
            raise ProtocolError("fixed fields are missing", code=code)
        fixed[name], rest = rest[:width], rest[width:]
    if code == "17":
        rest = _STRAY_LANGUAGE.sub("", rest, count=1) if rest[:1].isdigit() else rest
    return Message(code=code, fixed=fixed, fields=tuple(_fields(rest, delimiter=delimiter)))


def _fields(text: str, *, delimiter: str) -> Iterable[tuple[str, str]]:
    """What has no tag is not ours to guess and is left out."""
    for part in text.split(delimiter):
        tag, value = part[:2], part[2:]
        if _TAG.fullmatch(tag):
            yield tag, value


def build(message: Message, *, delimiter: str = BAR) -> str:
    """The text of a message; a value never breaks the frame it is in.

    >>> build(Message(code="94", fixed={"ok": "1"}))
    '941'
    """
    parts = [message.code]
    for name, width in LAYOUTS[message.code]:
        value = clean(message.fixed[name])
        parts.append(value[:width].ljust(width))
    parts += [f"{tag}{clean(value)}{delimiter}" for tag, value in message.fields]
    return "".join(parts)


def clean(value: str) -> str:
    """A value on one line, without bars, of bounded length."""
    if value.isprintable() and BAR not in value:  # as most are; the expression below is slower
        return value[:LONGEST_VALUE]
    return _UNPRINTABLE.sub(" ", value)[:LONGEST_VALUE]


def parse_date(text: str, *, zone: tzinfo, utc: tzinfo) -> datetime | None:
    """``YYYYMMDDZZZZHHMMSS``: blanks mean local time, ``Z`` UTC; None when it is no date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, where, hour, minute, second = match.groups()
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=utc if where.strip().upper() in ("Z", "UTC") else zone,
        )
    except ValueError:
        return None


def format_date(instant: datetime, *, zone: tzinfo) -> str:
    """Local time, as most machines show it without thinking."""
    return instant.astimezone(zone).strftime("%Y%m%d    %H%M%S")
