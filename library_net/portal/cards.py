"""What a page shows of a work: cover, imprint, and availability in words, shape and colour."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Tone = Literal["good", "soon", "stop"]

HUES = 8
SLIP_HAN, SLIP_LATIN = 14, 44
_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
# Where a title ends for the purpose of a label: a colon, an equals sign, a bracket, a slash.
_TITLE_END = re.compile(r"\s*[:：=/（(\[【]")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One thing that is true, told by tone (colour and shape) and always by words."""

    tone: Tone
    text: str
    where: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A cover we make: a label on cloth. The same title always gets the same colour."""

    hue: int
    slip: str
    is_latin: bool
    language: str


def cover_of(title: str) -> Cover:
    """Thread-bound with a vertical label for Chinese titles, cloth for others."""
    is_latin = not _HAN.search(title)
    short = _TITLE_END.split(title, maxsplit=1)[0].strip() or title.strip()
    room = SLIP_LATIN if is_latin else SLIP_HAN
    if len(short) > room:
        short = short[: room - 1].rstrip() + "…"
    return Cover(
        hue=zlib.crc32(title.encode()) % HUES,
        slip=short,
        is_latin=is_latin,
        language="en" if is_latin else "zh",
    )


def availability(*, on_shelf: int, copies: int, branches: Sequence[str]) -> State:
    """``branches``: names of the branches with a copy on the shelf, the one to name first first."""
    if on_shelf:
        text = ngettext("%(n)s on the shelf", "%(n)s on the shelf", on_shelf) % {"n": on_shelf}
        return State(tone="good", text=text, where=_somewhere(branches), short=text)
    if copies:
        text = _("All copies lent or on their way")
        short = _("none on the shelf")
        return State(tone="soon", text=text, where=_("you can request it"), short=short)
    text = _("No copy in the network now")
    return State(tone="stop", text=text, short=text)


def imprint_of(*, publisher: str, year: int | None) -> str:
    return " · ".join(part for part in (publisher, str(year) if year else "") if part)


def _somewhere(branches: Sequence[str]) -> str:
    if not branches:
        return ""
    others = len(branches) - 1
    if not others:
        return branches[0]
    return ngettext("%(branch)s and %(others)s more", "%(branch)s and %(others)s more", others) % {
        "branch": branches[0],
        "others": others,
    }
