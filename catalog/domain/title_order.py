"""Titles in the order of a Chinese list: by sound and tone as read in context, 2 before 10."""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin.pinyin_dict import pinyin_dict

from catalog.domain.folding import fold, has_han
from catalog.domain.numbering import han_number
from catalog.domain.pinyin import pinyin_forms, without_tone

MAX_PLACES = 20  # characters or words that count
_COUNTED = re.compile(
    r"(?<=第)([〇零一二两三四五六七八九十百千]+)(?=[卷册集部辑编篇回章季期届版])"
    r"|(?<=[卷册集部辑编])([〇零一二两三四五六七八九十百千]+)$"
)
_NUMBER = re.compile(r"\d+")
_ARTICLE = re.compile(r"\A(?:the|an?|l['’]|les?|la|der|die|das)\s+(?=\S)", re.IGNORECASE)
_TONES = {mark: str(tone) for tone, marks in enumerate(("āēīōūǖ", "áéíóúǘńḿ", "ǎěǐǒǔǚň", "àèìòùǜǹ"),
          start=1) for mark in marks}  # fmt: skip


def title_order(title: str, *, folded: str = "") -> str:
    """A key whose plain string order is the order of a list of titles.

    Characters are compared one by one: sound, tone, then the character itself, so that titles
    that begin with the same character stand together. A leading article does not count.
    ``folded`` is the title folded, where that is known.
    """
    text = _ARTICLE.sub("", title.strip(" 《〈「『“\"'"), count=1)
    if not has_han(text):
        plain = folded if folded and text == title else fold(text)
        return _word(" ".join(plain.split()[:MAX_PLACES]))
    form = pinyin_forms(_COUNTED.sub(_in_digits, text))
    places = zip(form.characters, form.syllables, strict=True)
    return " ".join([_place(char, syllable) for char, syllable in places][:MAX_PLACES])


def _in_digits(match: re.Match[str]) -> str:
    return str(han_number(match.group()) or match.group())


def _word(word: str) -> str:
    return _NUMBER.sub(lambda number: number.group().zfill(6), word)


@lru_cache(maxsize=32768)
def _place(char: str, syllable: str) -> str:
    if char == syllable:
        return _word(syllable)
    for reading in pinyin_dict.get(ord(char), "").split(",") if len(char) == 1 else ():
        if without_tone(reading) == syllable:
            tone = next((_TONES[mark] for mark in reading if mark in _TONES), "5")
            return f"{syllable}{tone}{char}"
    return f"{syllable}5{char}"
