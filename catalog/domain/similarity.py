"""How like two titles, two names, two publishers are, across scripts and cataloguing habits."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from catalog.domain.profile import MatchProfile
from catalog.domain.text import has_han, pinyin_forms, pinyin_key

_NUMBER = re.compile(r"\d+|[上中下一二三四五六七八九十百甲乙丙丁]")
_CONTAINED = 0.85  # one title is the beginning of the other: a subtitle only one of them wrote
_VARIANT = 0.95  # the title is among the other record's parallel, variant or uniform titles
_OTHER_SUBTITLE = 0.7


def title_similarity(left: MatchProfile, right: MatchProfile) -> float:
    """0 to 1; 1.0 only for equal main titles. Rule MA-3.

    Han is compared with Han character by character, because sound is not enough (历史 and 历时);
    only when one side has no Han at all do the romanised forms speak for it.
    """
    if not left.title or not right.title:
        return 0.0
    if left.is_han != right.is_han:
        return _across_scripts(left, right)
    if left.title == right.title:
        return _with_equal_main_title(left.subtitle, right.subtitle)
    if left.names & right.names:
        return _VARIANT
    if left.names & right.other_titles or right.names & left.other_titles:
        return _VARIANT
    return max(
        _string_similarity(left.title, right.title, is_han=left.is_han),
        _string_similarity(left.full_title, right.full_title, is_han=left.is_han),
    )


def _across_scripts(left: MatchProfile, right: MatchProfile) -> float:
    if not set(left.sounds).isdisjoint(right.sounds):
        return _VARIANT
    if left.names & right.other_titles or right.names & left.other_titles:
        return _VARIANT
    return 0.0


def _with_equal_main_title(one: str, other: str) -> float:
    """Equal main titles; subtitles that contradict each other make it doubtful."""
    if one == other or not one or not other or one.startswith(other) or other.startswith(one):
        return 1.0
    if _NUMBER.findall(one) != _NUMBER.findall(other):
        return _OTHER_SUBTITLE
    return 1.0 if Levenshtein.normalized_similarity(one, other) >= 0.5 else _OTHER_SUBTITLE


def _string_similarity(one: str, other: str, *, is_han: bool) -> float:
    short, long = sorted((one, other), key=lambda text: (len(text), text))
    rest = long[len(short) :]
    if _NUMBER.findall(short) != _NUMBER.findall(long):
        return 0.0  # 数学分析上 and 数学分析下; Windows 7 and Windows 8
    if long.startswith(short) and len(short) >= (4 if is_han else 10) and rest:
        return _CONTAINED
    # A character of Han is a word: short titles that differ in one are different titles.
    if len(short) < (6 if is_han else 8):
        return 0.0
    return Levenshtein.normalized_similarity(one, other)


def names_meet(left: MatchProfile, right: MatchProfile) -> str:
    """agree, near (a name both have, but first on neither side), differ, missing, absent (both)."""
    if not left.people or not right.people:
        is_said = _is_said_in_statement(left, right)
        return "agree" if is_said else "missing" if left.people or right.people else "absent"
    if not left.people.isdisjoint(right.first_people) or not right.people.isdisjoint(
        left.first_people
    ):
        return "agree"
    if left.people & right.people:
        return "near"
    if _is_one_name(left, right) or _is_said_in_statement(left, right):
        return "agree"
    # Names in two scripts with no romanised form to compare by prove nothing.
    is_mixed = has_han(left.first_person) != has_han(right.first_person)
    return "missing" if is_mixed and not (left.letters and right.letters) else "differ"


def _is_one_name(left: MatchProfile, right: MatchProfile) -> bool:
    """余华 and 于华 sound alike: letters count only where one side has no Han name."""
    is_mixed = has_han(left.first_person) != has_han(right.first_person)
    if is_mixed and left.letters & right.letters:
        return True
    return any(_short_form(a, b) for a in left.first_people for b in right.first_people)


def _is_said_in_statement(left: MatchProfile, right: MatchProfile) -> bool:
    for one, other in ((left, right), (right, left)):
        name = one.first_person.replace(" ", "")
        if len(name) >= 2 and name in other.responsibility:
            return True
    return False


@lru_cache(maxsize=8192)
def _short_form(one: str, other: str) -> bool:
    """'carter f' and 'carter forrest': one long word in common, the others initials of it."""
    if has_han(one) or has_han(other):
        return False
    left, right = set(one.split()), set(other.split())
    common = left & right
    if not any(len(word) > 2 for word in common):
        return False
    fewer, more = sorted((left - common, right - common), key=lambda words: (len(words), *words))
    return all(any(w.startswith(f) or f.startswith(w) for w in more) for f in fewer)


@lru_cache(maxsize=16384)
def publishers_meet(one: str, other: str) -> str:
    """agree, differ or missing, for two publisher keys."""
    if not one or not other:
        return "missing"
    if one == other:
        return "agree"
    if has_han(one) != has_han(other):
        han, latin = (one, other) if has_han(one) else (other, one)
        sound = pinyin_key(pinyin_forms(han).full)
        return "agree" if pinyin_key(latin).startswith(sound) else "missing"
    if has_han(one):
        short, long = sorted((one, other), key=lambda name: (len(name), name))
        return "agree" if len(short) >= 2 and short in long else "differ"
    left, right = set(one.split()), set(other.split())
    if left <= right or right <= left or left & right:
        return "agree"
    is_close = Levenshtein.normalized_similarity(one, other) >= 0.75
    return "agree" if is_close else "differ"
