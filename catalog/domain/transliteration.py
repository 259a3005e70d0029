"""Whether two forms are one foreign name: spelt in letters twice, or put into Han twice."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio

from catalog.domain.folding import has_han
from catalog.domain.pinyin import pinyin_forms

_HEARD = str.maketrans({"y": "i", "j": "i", "w": "v"})
_ALIKE = 66  # per cent of the consonants of the shorter name, in order
_FEW = 2  # consonants so few that only all of them say something

# Consonants that different hands choose for one foreign sound: 达 da and 塔 ta, 茨 ci and 兹 zi.
_CLASSES = {
    **dict.fromkeys(("b", "p"), "P"),
    **dict.fromkeys(("d", "t"), "T"),
    **dict.fromkeys(("g", "k", "h"), "K"),
    **dict.fromkeys(("z", "c", "s", "zh", "ch", "sh"), "S"),
    **dict.fromkeys(("j", "q", "x"), "J"),
    **dict.fromkeys(("l", "r"), "L"),
    **dict.fromkeys(("f",), "F"),
    **dict.fromkeys(("w",), "W"),
    **dict.fromkeys(("m",), "M"),
    **dict.fromkeys(("n",), "N"),
}


@lru_cache(maxsize=8192)
def _consonants(name: str) -> str:
    """陀思妥耶夫斯基 -> TSTFSJ: initials by class; what has none is a vowel or an ending (尔)."""
    found = []
    for syllable in pinyin_forms(name).syllables:
        initial = syllable[:2] if syllable[1:2] == "h" else syllable[:1]
        found.append(_CLASSES.get(initial, ""))
    return "".join(found)


def sound_alike(one: str, other: str) -> bool:
    """司汤达 and 斯丹达尔, 菲茨杰拉德 and 费兹杰罗; a longer form may hold the shorter.

    True of equal names, and never of one in Han and one in letters. Weak: alone it proves nothing.
    """
    if one == other:
        return bool(one)
    if not (has_han(one) and has_han(other)):
        return False
    short, long = sorted((_consonants(one), _consonants(other)), key=lambda text: (len(text), text))
    if len(short) <= _FEW:
        return len(short) == _FEW and short == long
    return partial_ratio(short, long) >= _ALIKE


def names_in_letters(one: str, other: str) -> str:
    """For two keys of names in letters: full, word, differ, or nothing when they do not tell.

    *full*: more than a surname agrees (Fitzgerald, F. Scott and F. S. Fitzgerald); *word*: one
    side has one word only (Stendhal); *differ*: a word in common at most, and no initial of the
    rest (Smith, Adam and Smith, John).
    """
    left, right = one.split(), other.split()
    rest_left, rest_right = list(left), list(right)
    common = 0
    for word in left:
        twin = next((v for v in rest_right if len(v) > 2 and _is_one_word(word, v)), None)
        if twin is not None:
            rest_left.remove(word)
            rest_right.remove(twin)
            common += 1
    fewer, more = sorted((rest_left, rest_right), key=len)
    if common and all(any(_may_stand_for(w, v) for v in more) for w in fewer):
        return "full" if min(len(left), len(right)) > 1 else "word"
    initials = {word[0] for word in rest_left}, {word[0] for word in rest_right}
    is_told = min(len(left), len(right)) > 1 and one.isascii() == other.isascii()
    return "differ" if is_told and fewer and initials[0].isdisjoint(initials[1]) else ""


def _is_one_word(one: str, other: str) -> bool:
    """Equal, or spelt after another table: Dostoevskii and Dostoyevsky."""
    left, right = _heard(one), _heard(other)
    if left == right:
        return True
    short = min(len(left), len(right))
    allowed = 0 if short < 5 else 1 if short < 9 else 2
    return Levenshtein.distance(left, right, score_cutoff=allowed) <= allowed


@lru_cache(maxsize=8192)
def _heard(word: str) -> str:
    found: list[str] = []
    for char in word.translate(_HEARD):
        if not found or found[-1] != char:
            found.append(char)
    return "".join(found)


def _may_stand_for(one: str, other: str) -> bool:
    """An initial and the name it begins, or the same name."""
    short, long = sorted((one, other), key=len)
    return (len(short) == 1 and long.startswith(short)) or _is_one_word(one, other)
