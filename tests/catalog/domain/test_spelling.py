"""What may have been meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.spelling import corrected, heard_in, slips

WORKS = {"history": 900, "world": 500, "word": 40, "hitory": 0, "misprint": 1}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("histroy", "history"),
        ("Histry of the world", ""),  # nobody knows "of": the whole is not known any better
        ("wrold history", "world history"),
        ("history", ""),
        ("misprunt", ""),  # its one neighbour is in one work only
        ("wod", ""),  # too short to guess
        ("歷史 histroy", "历史 history"),
    ],
)
def test_an_unknown_word_becomes_the_commonest_one_slip_away(typed, meant):
    assert corrected(typed, works_with=lambda word: WORKS.get(word, 0)) == meant


@given(st.text(alphabet="abcdefgh", min_size=2, max_size=8), st.data())
def test_two_neighbours_swapped_are_one_slip(word, data):
    place = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    assert swapped == word or word in slips(swapped)


@pytest.mark.parametrize(
    ("title", "typed", "heard"),
    [
        ("射雕英雄传", "射雕英熊传", "射雕英雄传"),
        ("射鵰英雄傳研究", "英熊", "英雄"),
        ("什邡市志", "什方市", "什邡市"),
        ("射雕英雄传", "射雕", ""),  # written so already
        ("射雕英雄传", "天龙八部", ""),
        ("射雕英雄传", "sdyxz", ""),
        ("", "射雕", ""),
    ],
)
def test_characters_that_sound_alike_are_heard_in_a_title(title, typed, heard):
    assert heard_in(title, typed) == heard
