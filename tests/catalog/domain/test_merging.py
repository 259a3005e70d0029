"""Rules ME-1 to ME-9: one union record from many, whoever sent first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.domain.merging import merge
from catalog.domain.records import Classification, Identifier, IdentifierKind, Series, TitleKind
from tests.catalog.domain.books import book

ISBN = "9787533918453"

NLC = book(
    "射雕英雄传",
    "金庸",
    pinyin="she diao ying xiong zhuan",
    publisher="广州出版社",
    place="广州",
    year=2002,
    extent="380页",
    pages=380,
    isbn=ISBN,
    summary="短",
    subjects=("长篇小说",),
    control_number="001",
)
CALIS = book(
    "射鵰英雄傳",
    "金庸著",
    publisher="廣州出版社",
    year=2002,
    extent="382页",
    pages=382,
    isbn=ISBN,
    summary="一个长得多的内容提要",
    subjects=("長篇小說", "武侠小说"),
    control_number="CAL 2",
)
LATIN = book(
    "She diao ying xiong zhuan",
    "Jin, Yong",
    publisher="Guangzhou chu ban she",
    year=2002,
    pages=380,
    extent="380 p.",
    place="Guangzhou",
    notes=("Includes bibliographical references.",),
    languages=("chi",),
)


def test_han_and_the_cataloguers_pinyin_survive():
    """ME-1, ME-4, ME-5: the romanised record, sent first, is not what the reader sees."""
    union, _ = merge([(1, LATIN), (2, CALIS), (3, NLC)])

    assert union.title in ("射雕英雄传", "射鵰英雄傳")
    assert union.titles[0].pinyin == "she diao ying xiong zhuan"
    assert len(union.titles) == 1
    assert union.contributors[0].name.startswith("金庸")


def test_a_romanised_title_becomes_the_pinyin_of_its_han_twin():
    """ME-5."""
    union, _ = merge([(1, replace(LATIN)), (2, CALIS)])
    assert union.titles[0].pinyin == "She diao ying xiong zhuan"


def test_the_majority_decides_a_single_value():
    """ME-2, ME-3: pages and extent come together."""
    union, origin = merge([(1, NLC), (2, CALIS), (3, LATIN)])

    assert (union.pages, union.extent) in ((380, "380页"), (380, "380 p."))
    assert origin["pages"] == origin["extent"] in (1, 3)
    assert union.year == 2002


def test_place_and_publisher_are_of_one_record():
    """ME-3."""
    one = book("史记", publisher="中华书局", year=1959)
    other = book("史记", publisher="商务印书馆", place="北京", year=1959)
    third = book("史记", publisher="商务印书馆", place="北京", year=1959)
    union, origin = merge([(1, one), (2, other), (3, third)])
    assert (union.place, union.publisher) == ("北京", "商务印书馆")
    assert origin["place"] == origin["publisher"] in (2, 3)


def test_what_nobody_states_stays_empty():
    """ME-2."""
    union, _ = merge([(1, book("甲")), (2, book("甲"))])
    assert union.year is None
    assert union.publisher == ""


def test_lists_are_joined_and_each_value_appears_once():
    """ME-7: traditional and simplified subjects are one subject."""
    clc = Classification(scheme="clc", value="I247.5")
    one = replace(NLC, classes=(clc,), series=(Series(title="金庸作品集", volume="第1卷"),))
    other = replace(CALIS, classes=(clc,), series=(Series(title="金庸作品集", volume="一"),))
    union, _ = merge([(1, one), (2, other)])

    assert len(union.subjects) == 2
    assert union.classes == (clc,)
    assert len(union.series) == 1


def test_a_valid_identifier_outlives_its_invalid_double():
    """ME-7."""
    wrong = Identifier(kind=IdentifierKind.ISBN, value=ISBN, is_valid=False)
    union, _ = merge([(1, replace(CALIS, identifiers=(wrong,))), (2, NLC)])
    assert [i.is_valid for i in union.identifiers] == [True]


def test_the_longest_summary_is_kept():
    """ME-8."""
    union, origin = merge([(1, NLC), (2, CALIS)])
    assert union.summary == CALIS.summary
    assert origin["summary"] == 2


def test_gaps_in_names_are_filled_from_other_records():
    """ME-6."""
    with_pinyin = book("活着", "余华", author_pinyin="yu hua")
    union, _ = merge(
        [(1, book("活着", "余华", publisher="作家出版社", year=2012)), (2, with_pinyin)]
    )
    assert union.contributors[0].pinyin == "yu hua"


def test_another_main_title_becomes_a_variant():
    """ME-4."""
    union, _ = merge([(1, book("红楼梦")), (2, book("红楼梦")), (3, book("石头记"))])
    assert union.title == "红楼梦"
    assert [t.text for t in union.titles if t.kind is TitleKind.VARIANT] == ["石头记"]


def test_one_record_is_its_own_union():
    """ME-9."""
    assert merge([(7, NLC)]) == (NLC, {"*": 7})


def test_nothing_cannot_be_merged():
    with pytest.raises(ValueError, match="nothing"):
        merge([])


RECORDS = st.sampled_from(
    [NLC, CALIS, LATIN, book("射雕英雄传", "查良镛", year=2003, volume="上"), book("")]
)


@given(st.lists(RECORDS, min_size=1, max_size=6), st.randoms())
def test_the_order_of_arrival_does_not_change_the_union(records, random):
    """ME-1."""
    numbered = list(enumerate(records, 1))
    shuffled = numbered[:]
    random.shuffle(shuffled)
    assert merge(numbered) == merge(shuffled)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.permutations([1, 2, 3, 4]))
def test_what_is_merged_does_not_depend_on_row_numbers(records, ids):
    """ME-1: equal records under other ids give an equal union."""
    one, _ = merge(list(enumerate(records, 1)))
    other, _ = merge(list(zip(ids, records, strict=False)))
    assert one == other


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_merging_a_union_again_changes_nothing(records):
    """ME-9."""
    union, _ = merge(list(enumerate(records, 1)))
    assert merge([(1, union)])[0] == union
    assert merge([(1, union), (2, union)])[0] == union
