"""What may have been meant by what was typed: slips of the finger, characters that sound alike."""

from __future__ import annotations

import string
from collections.abc import Callable

from catalog.domain.folding import fold, has_han
from catalog.domain.pinyin import pinyin_forms, pinyin_key

MIN_LETTERS = 4  # a shorter word is one slip away from half the dictionary
MIN_WORKS = 2  # that have the word; a word of one work may be a misprint itself


def slips(word: str) -> set[str]:
    """Every text one letter dropped, doubled, exchanged or swapped away from a Latin word."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    letters = string.ascii_lowercase
    changed = {left + letter + right[1:] for left, right in cuts if right for letter in letters}
    added = {left + letter + right for left, right in cuts for letter in letters}
    return (dropped | swapped | changed | added) - {word}


def corrected(typed: str, *, works_with: Callable[[str], int]) -> str:
    """The typed words with each unknown Latin one replaced by the commonest one slip away.

    ``works_with`` says how many works have a word. Empty when nothing needs or finds a correction.
    """
    words, is_changed = fold(typed).split(), False
    for place, word in enumerate(words):
        if has_han(word) or works_with(word):
            continue
        candidates = slips(word) if len(word) >= MIN_LETTERS and word.isascii() else set()
        counts = [(works_with(candidate), candidate) for candidate in sorted(candidates)]
        count, best = max(counts, default=(0, ""))
        if count < MIN_WORKS:
            return ""
        words[place], is_changed = best, True
    return " ".join(words) if is_changed else ""


def heard_in(title: str, typed: str) -> str:
    """The part of a title that sounds like typed Han and is written otherwise; else empty.

    >>> heard_in("射雕英雄传", "射雕英熊")
    '射雕英雄'
    """
    text = fold(typed).replace(" ", "")
    if not has_han(text):
        return ""
    wanted = [pinyin_key(syllable) for syllable in pinyin_forms(text).syllables]
    form = pinyin_forms(title)
    sounds = [{pinyin_key(reading) for reading in readings} for readings in form.readings]
    for start in range(len(sounds) - len(wanted) + 1):
        here = sounds[start : start + len(wanted)]
        if all(sound in readings for sound, readings in zip(wanted, here, strict=True)):
            found = "".join(form.characters[start : start + len(wanted)])
            return found if fold(found) != text else ""
    return ""
