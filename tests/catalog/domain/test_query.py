"""What the search box understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.query import (
    And,
    Everything,
    Field,
    Node,
    Not,
    Or,
    Phrase,
    Sound,
    Term,
    identifier_forms,
    parse_box,
)


def leaves(node: Node) -> list[Node]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(part=part):
            return [node, *leaves(part)]
    return [node]


def fields_asked(text: str) -> set[Field]:
    return {leaf.field for leaf in leaves(parse_box(text).root) if hasattr(leaf, "field")}


@pytest.mark.parametrize("typed", ["sdyxz", "ＳＤＹＸＺ", "she diao", "shediaoyingxiongzhuan"])
def test_latin_letters_are_tried_as_words_and_as_pinyin(typed):
    kinds = {type(leaf) for leaf in leaves(parse_box(typed).root)}
    assert {Term, Sound} <= kinds


def test_two_syllables_are_also_tried_as_one_title():
    assert "she diao" in [leaf.text for leaf in leaves(parse_box("she diao").root)]


@pytest.mark.parametrize("typed", ["射鵰", "射雕 金庸"])
def test_han_is_never_tried_as_pinyin(typed):
    assert not any(isinstance(leaf, Sound) for leaf in leaves(parse_box(typed).root))


@pytest.mark.parametrize(
    "typed", ["978-7-5339-1845-3", "7533918452", "10019·2265", "９７８７５３３９１８４５３"]
)
def test_a_number_is_asked_for_as_identifier(typed):
    assert Field.IDENTIFIER in fields_asked(typed)


def test_an_isbn_10_stands_in_the_index_as_isbn_13():
    assert identifier_forms("7-5339-1845-2")[0] == "9787533918453"
    assert identifier_forms("7-5013-3951-5") == ("7501339515",)  # wrong check digit, kept


def test_a_call_number_is_asked_for_as_call_number():
    assert Field.CALL_NUMBER in fields_asked("I247.57/3044")


@pytest.mark.parametrize("typed", ["作者:金庸", "作者：金庸", "author: 金庸", "AUTHOR:金庸"])
def test_a_named_field_restricts_the_word_after_it(typed):
    assert parse_box(typed).root == Term(text="金庸", field=Field.AUTHOR)


def test_a_dash_excludes_and_quotes_keep_together():
    root = parse_box("射雕 -连环画 “英雄传”").root
    assert root == And(
        parts=(Term(text="射雕"), Not(part=Term(text="连环画")), Phrase(text="英雄传"))
    )


@pytest.mark.parametrize("typed", ["", "   ", "《》", "“”", "。"])
def test_an_empty_box_asks_for_everything(typed):
    assert parse_box(typed).root == Everything()


def test_only_exclusions_mean_everything_else():
    assert parse_box("-金庸").root == And(parts=(Everything(), Not(part=Term(text="金庸"))))


@given(st.text(max_size=300))
def test_nothing_typed_makes_the_box_fail(text):
    assert parse_box(text).typed == text.strip()
