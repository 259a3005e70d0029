"""What of a title a reader sees marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.highlight import mark
from catalog.domain.query import parse_box


def marked(title: str, typed: str) -> list[str]:
    return [run.text for run in mark(title, root=parse_box(typed).root) if run.is_match]


@pytest.mark.parametrize(
    ("title", "typed", "matches"),
    [
        ("射雕英雄传", "射雕", ["射雕"]),
        ("射雕英雄传", "射鵰", ["射雕"]),
        ("射鵰英雄傳", "英雄传", ["英雄傳"]),
        ("《射雕英雄传》研究", "sdyxz", ["射雕英雄传"]),
        ("射雕英雄传", "she diao", ["射雕"]),
        ("射雕英雄传", "shedi", ["射雕"]),
        ("The Education of Little Tree", "little tree", ["Little", "Tree"]),
        ("The Education of Little Tree", "educ", ["Educ"]),
        ("射雕英雄传", "-英雄", []),
        ("射雕英雄传", "作者:英雄", []),
    ],
)
def test_what_was_asked_for_is_marked(title, typed, matches):
    assert marked(title, typed) == matches


@given(st.text(max_size=40), st.text(max_size=20))
def test_the_runs_give_the_title_back(title, typed):
    assert "".join(run.text for run in mark(title, root=parse_box(typed).root)) == title
