"""Folding by the shortest way that does, against the one long way every text may go."""

import re
import unicodedata

import opencc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.domain import folding
from catalog.domain.folding import fold, has_han
from catalog.domain.text import person_key, person_key_of, title_key, title_key_of

_T2S = folding._T2S
_LETTERS = "aeioustnAEIOUSTN ßøØłıİŁæŉſẛǰǿﬁ中著着裡乾圖가กिがガαᾳΣжй"
_MARKS = "\u0300\u0301\u0308\u030a\u0323\u0327\u0338\u0345\u034f\u0361\ufe20\ufe21\u3099\u20dd"
_SIGNS = "'’ʻʼ`ʹ+#-.,:/（）·¼²№…＇＋Ａ１\u00a0\u00b4\u2044\u037e\u1fef\n\x00\x1f"


def long_way(text):
    """Every step of domain.md §4, one after the other, for any text."""
    text = re.sub(r"(?<=[^\W\d_])['’ʻʼ`](?=[^\W\d_])", "", text)
    text = unicodedata.normalize("NFKC", text)
    text = _T2S.convert(text) if has_han(text) else text
    text = unicodedata.normalize("NFD", text.translate(folding._TABLE).casefold())
    text = re.sub("(?<=[\x00-\x7f])[\u0300-\u036f\ufe20-\ufe2f]+", "", text)
    text = unicodedata.normalize("NFC", text).translate(str.maketrans(folding._LATIN))
    text = re.sub(r"(?<=[a-z])(\+\+|#)(?![a-z+#])|[+#]", lambda m: m[1] or " ", text)
    return " ".join(text.split())


@given(st.text(max_size=40))
def test_a_text_folds_as_by_the_long_way(text):
    assert fold(text) == long_way(text)


@settings(max_examples=1000)
@given(st.text(alphabet=_LETTERS + _MARKS + _SIGNS, max_size=12))
@example("a\u0345")  # an iota in disguise
@example("\u0301abc")
@example("o\u0301\u0323\u0338")
@example("t\ufe20s\ufe21ar\u02b9")
def test_a_text_of_hard_characters_folds_as_by_the_long_way(text):
    assert fold(text) == long_way(text)


def test_every_character_folds_as_by_the_long_way_alone_and_accented():
    # But for the bulk of Han and Hangul, which are all alike.
    for char in map(chr, (*range(0x3400), *range(0xF900, 0x20000))):
        for text in (char, f"a{char}b", f"{char}\u0301"):
            assert fold(text) == long_way(text), ascii(text)


@pytest.mark.parametrize("way", ["s2t", "s2tw", "s2hk", "t2s", "tw2s", "hk2s"])
def test_every_character_folds_alike_as_each_region_writes_it(way):
    written = opencc.OpenCC(way)
    chars = map(chr, (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0x20000, 0x2A6E0)))
    apart = [
        (char, there)
        for char in chars
        if (there := written.convert(char)) != char and fold(there) != fold(char)
    ]
    assert not apart


@pytest.mark.parametrize("pair", folding._REGIONAL.split())
def test_a_regional_form_folds_to_what_folds_to_itself(pair):
    assert fold(pair[0]) == fold(pair[1]) == fold(fold(pair[0]))


@settings(max_examples=500)
@given(st.text(alphabet="ab AB'`([;/.,-+#1230\n\t\x1cThe l'éø“《中著）", max_size=16))
@example("The 'L' of 1984")
@example("A. [book]")
@example("O'Reilly, Tim (1954-)")
def test_a_key_of_a_folded_text_is_that_of_the_text(text):
    assert title_key_of(text, fold(text)) == title_key(text)
    assert person_key_of(text, fold(text)) == person_key(text)
