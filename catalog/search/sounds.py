"""Pinyin as tokens of the index: neighbours two by two, all readings of a place at that place.

A syllable alone is in every fifth title; two that stand side by side are rare. So ``she diao`` is
one token and ``she diao ying`` a phrase of two. The first token of a text begins with START.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from catalog.domain.text import PinyinForms, pinyin_key

START = "^"  # stands before the first of a text
BETWEEN = "|"  # of two syllables, because xi an is not xian

Places = Sequence[Sequence[str]]  # of each place its readings
_ONE = frozenset((1,))


def syllable_places(form: PinyinForms) -> list[tuple[str, ...]]:
    """The syllables in the form people's typing is brought to."""
    return [_syllables(readings) for readings in form.readings]


def letter_places(form: PinyinForms) -> list[tuple[str, ...]]:
    """Initials; a number stands with every digit, as it is typed."""
    return [place for readings in form.readings for place in _letters(readings)]


# There are few syllables, and few ways to read one place.
@lru_cache(maxsize=8192)
def _syllables(readings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(pinyin_key, readings)))


@lru_cache(maxsize=8192)
def _letters(readings: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    if readings[0].isdigit():
        return tuple((digit,) for digit in readings[0])
    return (tuple(dict.fromkeys(reading[:1] for reading in readings)),)


def neighbours(syllables: Sequence[str]) -> list[str]:
    """Two by two: she diao ying -> she|diao diao|ying."""
    return [f"{a}{BETWEEN}{b}" for a, b in pairwise(syllables)]


def letter_pairs(letters: str) -> list[str]:
    """Two by two: sdyx -> sd dy yx."""
    return [letters[i : i + 2] for i in range(len(letters) - 1)]


def neighbourly(places: Places, *, between: str) -> Any:
    """What a text field is given: plain text, or tokens that share places where readings differ.

    The tokens are in the engine's own JSON.
    """
    if _ONE.issuperset(map(len, places)):
        solid = [START, *[readings[0] for readings in places]]
        return " ".join(map(between.join, pairwise(solid)))
    tokens: list[Any] = []
    before: Sequence[str] = (START,)
    for place, readings in enumerate(places):
        tokens += [_token(a + between + b, place) for a in before for b in readings]
        before = readings
    return {"text": "", "tokens": tokens}


def _token(text: str, place: int) -> dict[str, Any]:
    return {
        "text": text, "position": place, "position_length": 1, "offset_from": 0, "offset_to": 0,
    }  # fmt: skip
