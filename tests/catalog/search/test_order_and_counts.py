"""In which order works are found and listed, and what is counted; no database."""

import pytest

from catalog.domain.query import parse_box
from catalog.search.index import SearchIndex
from catalog.search.query import COUNTED_IN_TWO, Sort, search
from catalog.search.schema import WorkDocument


def built(folder, works) -> SearchIndex:
    index = SearchIndex(folder / "search")
    with index.rebuild(feed="test", cursor=0) as builder:
        builder.add(works)
    return index


def found(index: SearchIndex, typed: str, **more) -> list[int]:
    return [hit.work_id for hit in search(index, parse_box(typed), **more).hits]


# domain.md §7, in shelf order.
SHELF = """G250/7 G250-53/1 G250.7/1 G259.2=3/1 I210:J/1 I210.97-49/1 I242.4/1 I247/5 I247.5/2
I247.5/12 I247.57/3044 I247.57/3044:2 I247.57/N2338 I247.57/Y975 K928.9(271)/1 K928.971.1/1 O4/2
O4-33/1 O40/1 TP311.13/1 TP312/9 TP312/10 TP312.8PY/3 TP312PY/2"""
# By sound, then tone, then character; numbers as numbers; a leading article does not count.
LIST = ("阿城小说", "The art of war", "长江第二卷", "长江第十卷", "长江谣", "重庆", "重庆森林",
        "吕氏春秋", "诗经", "十日谈", "史记", "银行", "Zorba")  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "field", "ordered"),
    [(Sort.CALL_NUMBER, "call_numbers", SHELF.split()), (Sort.TITLE, "titles", LIST)],
)
def test_shelf_order_and_pinyin_order_hold_across_the_parts_of_an_index(
    tmp_path, sort, field, ordered
):
    index = built(tmp_path, [])
    works = [
        WorkDocument(work_id=n, **{"titles": ("书",), field: (text,)})
        for n, text in enumerate(ordered, start=1)
    ]
    for part in range(5):  # each commit is a part with a dictionary of its own
        index.apply(upserts=works[part::5][::-1], cursor=part)
    pages = [found(index, "", sort=sort, offset=offset, limit=7) for offset in range(0, 28, 7)]
    assert [ordered[n - 1] for page in pages for n in page] == list(ordered)


@pytest.mark.parametrize(
    ("word", "titles"),
    [
        ("长江", ("长江", "长江流域研究", "中国长江图志")),
        ("python", ("Python", "Python for children", "Learning the Python language")),
    ],
)
def test_the_book_itself_then_titles_that_begin_so_then_others_then_what_is_about_it(
    tmp_path, word, titles
):
    works = [WorkDocument(work_id=60 + n, titles=(title,)) for n, title in enumerate(titles)]
    works.append(WorkDocument(work_id=69, titles=("甲乙丙",), subjects=(word,), holdings_count=200))
    others = [WorkDocument(work_id=n, titles=(f"甲{n}", f"Z{n}")) for n in range(40)]
    index = built(tmp_path, [*reversed(works), *others])
    assert found(index, word) == [work.work_id for work in works]


def test_counts_of_a_large_result_are_the_same_as_those_of_its_parts(tmp_path):
    """From COUNTED_IN_TWO works on, branches are counted beside the other facets."""
    size = COUNTED_IN_TWO + 7
    works = (
        WorkDocument(
            work_id=n,
            titles=("长江",),
            years=(1994, 2003) if n % 2 else (2003,),
            languages=("chi", "eng") if n % 5 == 0 else ("chi",),
            available_at=("JJ-MAIN", "ZY-MAIN")[: n % 3],
            cities=("CD", "ZY")[: n % 3],
        )
        for n in range(size)
    )
    index = built(tmp_path, works)
    facets = search(index, parse_box("长江")).facets
    counts = {name: {v.value: v.count for v in values} for name, values in facets.items()}
    one, two = len(range(1, size, 3)), len(range(2, size, 3))
    assert counts["available_at"] == {"JJ-MAIN": one + two, "ZY-MAIN": two}
    assert counts["city"] == {"CD": one + two, "ZY": two}
    assert counts["is_available"] == {"1": one + two, "0": size - one - two}
    assert counts["decade"] == {"2000": size, "1990": size // 2}
    assert counts["language"] == {"chi": size, "eng": len(range(0, size, 5))}
