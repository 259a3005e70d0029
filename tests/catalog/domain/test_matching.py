"""Rules MA-1 to MA-15: which records are one manifestation; peers' failures: test_peers_failures.

The ISBNs here are given to invented books unless the case needs none.
"""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.domain.clustering import cluster
from catalog.domain.matching import Verdict, are_apart, compare, match_keys, profile_of
from catalog.domain.profile import glimpse_of
from catalog.domain.records import SUDOC, Identifier, IdentifierKind, Material, Series
from catalog.domain.works import work_key
from tests.catalog.domain.books import book

ISBN, OTHER_ISBN, SET_ISBN = "9787533918453", "9787505390133", "9787501329823"


def verdict(one, other):
    return compare(profile_of(one), profile_of(other)).verdict


def meet(one, other):
    """Whether the two would ever be compared."""
    return bool(set(match_keys(one)) & set(match_keys(other)))


SHE_DIAO = {
    "NLC": book(
        "射雕英雄传", "金庸", pinyin="she diao ying xiong zhuan", volume="第1卷",
        publisher="广州出版社", place="广州", year=2002, pages=380, isbn=ISBN,
    ),
    "CALIS in traditional characters": book(
        "《射鵰英雄傳》", "金庸著", volume="一", publisher="廣州出版社", year=2002,
        pages=380, isbn=ISBN,
    ),
    "MARC 21 with Han in 880": book(
        "射鵰英雄傳", "Jin, Yong, 1924-2018", volume="1", pinyin="She diao ying xiong zhuan",
        publisher="Guangzhou chu ban she", year=2002, pages=382, isbn=ISBN,
    ),
    "MARC 21 in pinyin only": book(
        "She diao ying xiong zhuan", "Jin, Yong", volume="v. 1",
        publisher="Guangzhou chu ban she", year=2002, pages=380,
    ),
}  # fmt: skip


@pytest.mark.parametrize("pair", list(permutations(SHE_DIAO, 2)))
def test_four_ways_to_catalogue_one_volume_meet_and_match(pair):
    """MA-1, MA-3: domain.md §3c, four records of one book, one cluster."""
    one, other = (SHE_DIAO[name] for name in pair)
    assert meet(one, other)
    assert verdict(one, other) == Verdict.SAME


SAME = {
    "简 and 繁": (
        book("红楼梦", "曹雪芹", publisher="人民文学出版社", year=2008, pages=1606),
        book("紅樓夢", "（清）曹雪芹著", publisher="人民文學出版社有限公司", year=2008, pages=1606),
    ),
    "no identifier, everything else agrees": (
        book("活着", "余华", publisher="作家出版社", year=2012, pages=191),
        book("活着 [专著]", "余华著", publisher="作家出版社", year=2012, pages=191),
    ),
    "第一版 said and not said": (
        book("活着", "余华", publisher="作家出版社", year=2012, edition="第1版", edition_number=1),
        book("活着", "余华", publisher="作家出版社", year=2012),
    ),
    "an identifier and the title, and nothing else": (
        book("少年小树之歌", isbn=ISBN),
        book("少年小树之歌", "卡特", isbn=ISBN),
    ),
    "the subtitle given by one only": (
        book("Python编程", "马瑟斯", subtitle="从入门到实践", isbn=ISBN, year=2016),
        book("Python编程从入门到实践", "马瑟斯", isbn=ISBN, year=2016),
    ),
    "a set said in brackets or in the extent": (
        book("射雕英雄传（全四册）", "金庸", publisher="广州出版社", year=2002, isbn=ISBN),
        book("射雕英雄传", "金庸", publisher="广州出版社", year=2002, volumes=4, isbn=ISBN),
    ),
    "hardback and paperback ISBN on one record, one of them on the other": (
        book("Linear algebra", "Lang, Serge", isbn=[ISBN, OTHER_ISBN], year=1987),
        book("Linear algebra", "Lang, S.", isbn=ISBN, year=1987),
    ),
    "romanised in two ways": (
        book("Materialy konferent︠s︡ii", "Ivanov, I.", publisher="Nauka", year=1999, pages=200),
        book("Materialy konferentsiy", "Ivanov, I.", publisher="Nauka", year=1999, pages=200),
    ),
    "title and subtitle in one field": (
        book("Snowboards : from start to finish", "Stone, T.", publisher="Blackbirch", year=2000),
        book("Snowboards", "Stone, T.", subtitle="from start to finish", publisher="Blackbirch",
             year=2000),
    ),
    "front matter counted by one only": (
        book("Making our deal", "Thrasher, R.", publisher="Thrasher", year=1999, pages=211,
             extent="xlii, 211 p."),
        book("Making our deal", "Thrasher, R.", publisher="Thrasher", year=1999, pages=253),
    ),
    "GPO spelt out": (
        book("Budget of 1999", "Doe, J.", publisher="U.S. G.P.O.", year=1999, pages=9),
        book("Budget of 1999", "Doe, J.", publisher="Government Printing Office", year=1999,
             pages=9),
    ),
    "parts and edition in pinyin": (
        book("红楼梦", "曹雪芹", volume="上", edition="第2版", edition_number=2, isbn=ISBN),
        book("Hong lou meng", "Cao, Xueqin", volume="shang", edition="Di 2 ban", isbn=ISBN),
    ),
    "统一书号": (
        book("创业史", "柳青", ubsn="10009·289", year=1960),
        book("創業史", "柳青", ubsn="10009·289", year=1960),
    ),
    "the author only in the statement of responsibility": (
        book("故乡", "鲁迅", publisher="人民文学出版社", year=1979),
        book("故乡", responsibility="鲁迅著", publisher="人民文学出版社", year=1979),
    ),
    "an anonymous work whose pages agree": (
        book("新华字典", publisher="商务印书馆", year=2011, pages=711),
        book("新華字典", publisher="商務印書館", year=2011, pages=711),
    ),
    "a translator's record that differs in the main entry": (
        book("Faust", "Goethe", publisher="Insel", year=1980, isbn=ISBN, pages=200),
        book("Faust", "Trunz, Erich", publisher="Insel", year=1980, isbn=ISBN, pages=200),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_what_cataloguers_write_differently_still_matches(case):
    """MA-1, MA-2, MA-3, MA-5, MA-9, MA-10."""
    one, other = SAME[case]
    assert meet(one, other)
    assert verdict(one, other) == verdict(other, one) == Verdict.SAME


ASK = {
    "one character differs under one number": (
        book("中国历代宾礼研究", "李无未", publisher="北京图书馆出版社", year=1998, isbn=ISBN),
        book("中国历代祭礼研究", "李无未", publisher="北京图书馆出版社", year=1998, isbn=ISBN),
    ),
    "a word differs under one number": (
        book("Christian festival tales", "Pirotta, Saviour", year=2001, isbn=ISBN, pages=32),
        book("Jewish festival tales", "Pirotta, Saviour", year=2001, isbn=ISBN, pages=32),
    ),
    "a companion whose title goes on, under one number": (
        book("浮生六记", "沈复", publisher="天津人民出版社", year=2015, isbn=ISBN),
        book("浮生六记人物谱", "沈复", publisher="天津人民出版社", year=2015, isbn=ISBN, pages=90),
    ),
    "少年版 of a classic": (
        book("红楼梦", "曹雪芹", publisher="岳麓书社", year=1987, isbn=ISBN),
        book("红楼梦", "曹雪芹", subtitle="少年版", publisher="岳麓书社", year=1987, isbn=ISBN),
    ),
    "large print beside the rest": (
        book("Emma", "Austen, Jane", edition="Large print ed.", year=1999, isbn=ISBN),
        book("Emma", "Austen, Jane", year=1999, isbn=ISBN),
    ),
    "two houses with one name, two cities": (
        book(
            "The scenery of England",
            "Lubbock, John",
            publisher="Macmillan",
            place="New York",
            year=1902,
            pages=534,
        ),
        book(
            "The scenery of England",
            "Lubbock, John",
            publisher="Macmillan",
            place="London",
            year=1902,
            pages=534,
        ),
    ),
    "printed by hand": (
        book("Spanish life", "Higgin, L.", publisher="Putnam", year=1802, pages=325),
        book("Spanish life", "Higgin, L.", publisher="Putnam", year=1802, pages=325),
    ),
    "on paper and online": (
        book(
            "Household workers", "Doe, J.", publisher="SSA", year=2004, extent="1 online resource"
        ),
        book("Household workers", "Doe, J.", publisher="SSA", year=2004, extent="8 p."),
    ),
    "numbers in one series": (
        book(
            "Youth study",
            "Doe, J.",
            publisher="Labor Dept",
            year=2000,
            series=(Series(title="Research report", volume="00-E"),),
        ),
        book(
            "Youth study",
            "Doe, J.",
            publisher="Labor Dept",
            year=2000,
            series=(Series(title="Research report", volume="00-D"),),
        ),
    ),
    "a volume and a record that names none": (
        book("资治通鉴", "司马光", volume="第1卷", isbn=ISBN),
        book("资治通鉴", "司马光", isbn=ISBN),
    ),
    "a set and a single volume": (
        book("资治通鉴", "司马光", volumes=20, isbn=ISBN, pages=9000),
        book("资治通鉴", "司马光", volumes=1, isbn=ISBN, pages=450),
    ),
    "one number, another year and no pages to compare": (
        book("新英汉词典", "陆谷孙", isbn=ISBN, year=1985, publisher="上海译文出版社"),
        book("新英汉词典", "陆谷孙", isbn=ISBN, year=2000, publisher="上海译文出版社"),
    ),
    "half the pages under the same number": (
        book("古文观止", "吴楚材", isbn=ISBN, year=1985, pages=640),
        book("古文观止", "吴楚材", isbn=ISBN, year=1985, pages=300),
    ),
    "no identifier and no year": (
        book("活着", "余华", publisher="作家出版社", year=2012),
        book("活着", "余华", publisher="作家出版社"),
    ),
}


@pytest.mark.parametrize("case", ASK)
def test_a_doubtful_pair_is_a_question_for_a_librarian(case):
    """MA-3, MA-4, MA-8, MA-9, MA-14, MA-15: neither joined nor held apart."""
    one, other = ASK[case]
    assert verdict(one, other) == Verdict.ASK


def test_an_identifier_alone_never_joins():
    """MA-2."""
    one = book("川菜制作大全", isbn=ISBN)
    assert verdict(one, book("果树栽培", isbn=ISBN)) == Verdict.DIFFERENT
    assert verdict(one, book("", isbn=ISBN)) == Verdict.DIFFERENT


def test_a_set_isbn_is_no_strong_identifier():
    """MA-6: the volumes of a set carry its ISBN; it must not glue them."""
    one = book("大秦帝国", "孙皓晖", isbn=[(SET_ISBN, "全套"), (ISBN, "第1部")], pages=500)
    other = book("大秦帝国", "孙皓晖", isbn=[(SET_ISBN, "套"), (OTHER_ISBN, "第2部")], pages=900)
    assert verdict(one, other) != Verdict.SAME


def test_the_evidence_says_which_field_said_what():
    """MA-2: every verdict can be explained."""
    one, other = SAME["简 and 繁"]
    found = compare(profile_of(one), profile_of(other))
    said = {row.field: row.verdict for row in found.evidence}
    assert said["title"] == said["author"] == said["publisher"] == said["year"] == "agree"
    assert sum(row.score for row in found.evidence) == pytest.approx(found.score)


def test_a_key_never_outgrows_its_column():
    """MA-1."""
    long = book("长" * 500, "名" * 200, isbn=ISBN, lccn="9" * 200, part_name="部" * 300)
    assert all(len(key) <= 72 for key in match_keys(long))


def test_editions_of_one_book_share_a_work_and_namesakes_do_not():
    """MA-12."""
    first = book("射雕英雄传", "金庸", publisher="三联书店", year=1994)
    second = book("《射鵰英雄傳》", "金庸著", publisher="广州出版社", year=2002, volume="第2卷")
    assert work_key(first) == work_key(second)
    assert work_key(first) != work_key(book("射雕英雄传", "李莫愁"))
    yearbooks = [book("统计年鉴", publisher=p) for p in ("四川统计出版社", "北京统计出版社")]
    assert work_key(yearbooks[0]) != work_key(yearbooks[1])


# --- properties ------------------------------------------------------------------------------

RECORDS = st.builds(
    book,
    title=st.sampled_from(["数学分析", "数学分析上", "數學分析", "Shu xue fen xi", "数学", ""]),
    author=st.sampled_from(["陈纪修", "陳紀修", "Chen, Jixiu", "于华", ""]),
    isbn=st.lists(st.sampled_from([ISBN, OTHER_ISBN, SET_ISBN]), max_size=2, unique=True),
    volume=st.sampled_from(["", "上", "下", "第1卷", "2"]),
    edition_number=st.sampled_from([None, 1, 2]),
    publisher=st.sampled_from(["高等教育出版社", "高等教育", "商务印书馆", ""]),
    year=st.sampled_from([None, 2004, 2005, 2010]),
    pages=st.sampled_from([None, 300, 302, 600]),
)


@given(RECORDS, RECORDS)
def test_left_and_right_may_be_exchanged(one, other):
    """MA-2: symmetric, verdict and score."""
    there = compare(profile_of(one), profile_of(other))
    back = compare(profile_of(other), profile_of(one))
    assert (there.verdict, there.score) == (back.verdict, back.score)


@given(RECORDS, RECORDS, st.booleans())
def test_what_a_glimpse_tells_apart_no_comparison_joins(one, other, are_serials):
    if are_serials:
        one, other = (replace(record, material=Material.SERIAL) for record in (one, other))
    if are_apart(glimpse_of(one), glimpse_of(other)):
        assert verdict(one, other) == Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"year": 2004}, {"year": 2006}, True),
        ({"year": 2004}, {"year": 2005}, False),
        ({"year": 2004}, {"year": None}, False),
        ({"year": 2004, "isbn": ISBN}, {"year": 2006, "isbn": ISBN}, False),
        ({"isbn": ISBN}, {"isbn": OTHER_ISBN}, True),
        ({"isbn": ISBN}, {"isbn": [ISBN, OTHER_ISBN]}, False),
        ({"isbn": ISBN}, {}, False),
        ({"year": 2004, "material": Material.SERIAL}, {"year": 2006, "material": Material.SERIAL},
         False),
    ],
)  # fmt: skip
def test_a_glimpse_tells_apart_by_years_and_isbns(one, other, expected):
    """MA-5, MA-8, MA-9."""
    records = [book("数学分析", "陈纪修", **facts) for facts in (one, other)]
    assert are_apart(*map(glimpse_of, records)) == expected
    assert are_apart(*map(glimpse_of, reversed(records))) == expected


@given(RECORDS)
def test_a_record_with_something_to_say_matches_itself(record):
    full = replace(record, publisher="高等教育出版社", year=2004, pages=300, titles=())
    full = replace(
        full, titles=book("数学分析").titles, contributors=book("", "陈纪修").contributors
    )
    assert verdict(full, full) == Verdict.SAME


@given(st.lists(RECORDS, min_size=2, max_size=6), st.randoms())
def test_the_order_of_arrival_does_not_change_the_clusters(records, random):
    """MA-11."""
    named = {f"r{i}": profile_of(record) for i, record in enumerate(records)}
    shuffled = list(named)
    random.shuffle(shuffled)

    clusters = cluster(named, order=lambda key: (key,)).clusters
    again = cluster({key: named[key] for key in shuffled}, order=lambda key: (key,)).clusters

    assert set(clusters) == set(again)


@given(st.lists(RECORDS, min_size=2, max_size=6))
def test_no_cluster_holds_two_records_known_to_differ(records):
    """MA-11."""
    named = {f"r{i}": profile_of(record) for i, record in enumerate(records)}
    for members in cluster(named, order=lambda key: (key,)).clusters:
        for one, other in permutations(members, 2):
            assert compare(named[one], named[other]).verdict != Verdict.DIFFERENT


def test_an_overruled_match_is_remembered():
    """MA-11: one record matches two that differ; it joins the stronger and the other is noted."""
    both = profile_of(book("林间", "甲", isbn=[ISBN, OTHER_ISBN], year=2001))
    one = profile_of(book("林间", "甲", isbn=ISBN, year=2001, publisher="作家出版社"))
    other = profile_of(book("林间", "甲", isbn=OTHER_ISBN, year=2001))
    found = cluster({"a": both, "b": one, "c": other}, order=lambda key: (key,))
    assert len(found.clusters) == 2
    assert sorted(edge.is_joined for edge in found.edges) == [False, True]


# --- numbers of documents (MA-22) ----------------------------------------------------------------

HEARING = {"publisher": "U.S. G.P.O.", "year": 2023, "extent": "1 online resource"}
PURL = "https://purl.fdlp.gov/GPO/gpo215821"


def document(number="Y 4.R 31/3:118-46", *, url="", title="Legislative hearing on forests", **more):
    facts = {**HEARING, "material": Material.ELECTRONIC, **more}
    numbers = [Identifier(kind=IdentifierKind.OTHER, value=number, qualifier=SUDOC)]
    record = book(title, "United States. Congress", **facts)
    return replace(record, identifiers=tuple(numbers if number else ()), urls=(url,) if url else ())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {"number": "Y 4.R31/3: 118-46"}, Verdict.SAME),
        ({"number": "", "url": PURL}, {"number": "", "url": PURL.upper()}, Verdict.SAME),
        ({}, {"title": "Energy and water budget"}, Verdict.DIFFERENT),
        ({}, {"edition": "Corrected printing"}, Verdict.ASK),
        ({}, {"publisher": "Nabu Reprints"}, Verdict.ASK),
    ],
    ids=["SuDoc", "PURL", "another title", "corrected", "reprint"],
)
def test_a_number_of_a_document_joins_together_with_the_title(one, other, expected):
    """MA-22."""
    assert verdict(document(**one), document(**other)) == expected


def test_print_film_and_online_share_a_document_number_and_stay_apart():
    """MA-22."""
    carriers = [
        document(url=PURL),
        document(url=PURL, extent="iv, 65 pages", material=Material.BOOK),
        document(url=PURL, extent="2 microfiches", material=Material.BOOK),
        document(url=PURL, extent="iv, 65 pages"),  # said to be online, but has pages only
    ]
    found = [{key for key in match_keys(one) if key[:5] in ("sudoc", "link:")} for one in carriers]
    assert [len(keys) for keys in found] == [2, 2, 2, 0]
    assert len(set.union(*found)) == 6


def test_a_serial_shares_its_number_with_its_parts():
    """MA-22."""
    keys = match_keys(document("Y 4.R 31/3:", url=PURL, material=Material.SERIAL))
    assert not [key for key in keys if key[:5] in ("sudoc", "link:")]
