"""Every failure other union catalogues are known for, by name: what they confuse, what they miss.

Found by reading their code and running it on these pairs. What is about more than two records is
proven elsewhere: two duplicates inside one file (RecordManager, Koha) and clusters that only grow
(Reservoir) in `tests/catalog/actions/test_joining.py`, an order of arrival that counts
(RecordManager) in `tests/properties/test_arrival.py`, merging that cannot be undone (Evergreen) in
`tests/catalog/actions/test_resolve_match.py` and `tests/stories/test_merge_and_unmerge.py`.
"""

import pytest

from catalog.domain.identifiers import parse_isbn
from catalog.domain.matching import Verdict, compare, match_keys, profile_of
from catalog.domain.records import Material
from tests.catalog.domain.books import book

ISBN, OTHER_ISBN, SET_ISBN = "9787533918453", "9787505390133", "9787501329823"


def verdict(one, other):
    return compare(profile_of(one), profile_of(other)).verdict


CONFUSED = {
    "Gold Rush key: two CNMARC records, one key, because only MARC 21 tags are read": (
        book("活着", "余华", publisher="作家出版社", year=2012, pages=191),
        book("红楼梦", "曹雪芹", publisher="人民文学出版社", year=2008, pages=1600),
    ),
    "RecordManager: 数学分析上 and 下 differ by 6.7 % of their bytes": (
        book("数学分析", "陈纪修", volume="上", publisher="高等教育出版社", year=2004, pages=400),
        book("数学分析", "陈纪修", volume="下", publisher="高等教育出版社", year=2004, pages=400),
    ),
    "上 and 下 written into the title": (
        book("数学分析（上册）", "陈纪修", publisher="高等教育出版社", year=2004, isbn=ISBN),
        book("数学分析（下册）", "陈纪修", publisher="高等教育出版社", year=2004, isbn=ISBN),
    ),
    "上 and 下 glued to the title": (
        book("数学分析上", "陈纪修", publisher="高等教育出版社", year=2004, isbn=ISBN),
        book("数学分析下", "陈纪修", publisher="高等教育出版社", year=2004, isbn=ISBN),
    ),
    "RecordManager: the ISBN of a set glues its volumes": (
        book("资治通鉴", "司马光", volume="第1卷", publisher="中华书局", year=2009, isbn=ISBN),
        book("资治通鉴", "司马光", volume="第二卷", publisher="中华书局", year=2009, isbn=ISBN),
    ),
    "Gold Rush key: 第2版 is 第3版, its pattern for editions is English": (
        book("物理化学", "傅献彩", edition="第2版", edition_number=2, isbn=ISBN, year=1990),
        book("物理化学", "傅献彩", edition="第3版", edition_number=3, isbn=ISBN, year=1990),
    ),
    "Gold Rush key: 320 页 is 191 页, its pattern for pages wants four digits": (
        book("活着", "余华", publisher="作家出版社", year=2012, pages=320),
        book("活着", "余华", publisher="作家出版社", year=2012, pages=191),
    ),
    "Gold Rush key: 余华 is 王安忆, of names only A to Z is kept": (
        book("往事", "余华", publisher="作家出版社", year=2012),
        book("往事", "王安忆", publisher="作家出版社", year=2012),
    ),
    "rero-ils: 余华 is 于华 by unidecode": (
        book("往事", "余华", publisher="作家出版社", year=2012),
        book("往事", "于华", publisher="作家出版社", year=2012),
    ),
    "rero-ils and RecordManager: 历史 is 历时 as toneless pinyin": (
        book("语言的历史", "王力", publisher="商务印书馆", year=1990, isbn=ISBN),
        book("语言的历时", "王力", publisher="商务印书馆", year=1990, isbn=ISBN),
    ),
    "rero-ils: 公事 is 工事": (
        book("公事", "张三", publisher="商务印书馆", year=1990),
        book("工事", "张三", publisher="商务印书馆", year=1990),
    ),
    "RecordManager: any shared ISBN is a match, no further test": (
        book("川菜制作大全", "李四", publisher="四川科学技术出版社", year=1991, isbn=ISBN),
        book("果树栽培", "王五", publisher="四川科学技术出版社", year=1991, isbn=ISBN),
    ),
    "two printings under two ISBNs": (
        book("平凡的世界", "路遥", publisher="十月文艺", year=2012, isbn=ISBN),
        book("平凡的世界", "路遥", publisher="十月文艺", year=2012, isbn=OTHER_ISBN),
    ),
    "the parts of a series told apart by their names only": (
        book("哈利·波特", "罗琳", part_name="哈利·波特与魔法石", isbn=[SET_ISBN, ISBN]),
        book("哈利·波特", "罗琳", part_name="哈利·波特与密室", isbn=[SET_ISBN, OTHER_ISBN]),
    ),
    "a book and its recording": (
        book("三国演义", "罗贯中", publisher="中国唱片", year=2001, isbn=ISBN),
        book(
            "三国演义",
            "罗贯中",
            publisher="中国唱片",
            year=2001,
            isbn=ISBN,
            material=Material.AUDIO,
        ),
    ),
    "one word differs, one ISBN (real: three 中国历代…礼 have one)": (
        book("语文导学精编上", "甲", publisher="北京图书馆出版社", year=1998, isbn=ISBN),
        book("数学导学精编下", "甲", publisher="北京图书馆出版社", year=1998, isbn=ISBN),
    ),
    "红楼梦 and 紅樓夢研究": (
        book("红楼梦", "曹雪芹", publisher="人民文学出版社", year=2008, pages=1606),
        book("紅樓夢研究", "曹雪芹", publisher="人民文学出版社", year=2008, pages=1606),
    ),
    "Gold Rush key: what is not stated is equal": (book(year=2012), book(year=2012)),
    "Evergreen: 901 $c of another library is believed as one's own number": (
        book("活着", "余华", publisher="作家出版社", year=2012, control_number="901"),
        book("兄弟", "余华", publisher="作家出版社", year=2012, control_number="901"),
    ),
    "OpenRS: title and author are enough where the ISBNs contradict": (
        book("算法导论", "科曼", publisher="机械工业出版社", year=2012, pages=780, isbn=ISBN),
        book("算法导论", "科曼", publisher="机械工业出版社", year=2012, pages=780, isbn=OTHER_ISBN),
    ),
    "numbers inside Latin titles": (
        book("Windows 7 inside out", "Bott, Ed", publisher="Microsoft", year=2010, isbn=ISBN),
        book("Windows 8 inside out", "Bott, Ed", publisher="Microsoft", year=2010, isbn=ISBN),
    ),
}


@pytest.mark.parametrize("case", CONFUSED)
def test_what_peers_confused_stays_apart(case):
    """MA-2, MA-3, MA-4, MA-5, MA-7, MA-8, MA-9, MA-10."""
    one, other = CONFUSED[case]
    assert verdict(one, other) == Verdict.DIFFERENT


MISSED = {
    "Gold Rush key: 红楼梦 is not 紅樓夢": (
        book("红楼梦", "曹雪芹", publisher="人民文学出版社", year=2008, pages=1606),
        book("紅樓夢", "曹雪芹", publisher="人民文學出版社", year=2008, pages=1606),
    ),
    "Evergreen: one variant character, no match": (
        book("佛敎哲學", "方立天", publisher="中国人民大学出版社", year=1986, pages=276),
        book("佛教哲学", "方立天", publisher="中国人民大学出版社", year=1986, pages=276),
    ),
    "RecordManager: a title without blanks has one word": (
        book("射雕英雄传 : 新修版", "金庸", publisher="广州出版社", year=2002, isbn=ISBN),
        book("射雕英雄传", "金庸", subtitle="新修版", publisher="广州出版社", year=2002, isbn=ISBN),
    ),
    "Evergreen: only the first of several ISBNs counts": (
        book("Linear algebra", "Lang, Serge", isbn=[OTHER_ISBN, ISBN], year=1987),
        book("Linear algebra", "Lang, Serge", isbn=ISBN, year=1987),
    ),
    "Orangelight: 沈从文, 沈從文 and Shen, Congwen are three authors": (
        book("邊城", "沈從文", publisher="江西人民出版社", year=1981, pages=120),
        book(
            "Bian cheng",
            "Shen, Congwen",
            publisher="Jiangxi ren min chu ban she",
            year=1981,
            pages=120,
        ),
    ),
}


@pytest.mark.parametrize("case", MISSED)
def test_what_peers_missed_meets_and_matches(case):
    """MA-1, MA-3, MA-5."""
    one, other = MISSED[case]
    assert set(match_keys(one)) & set(match_keys(other))
    assert verdict(one, other) == verdict(other, one) == Verdict.SAME


def test_an_isbn_10_and_its_isbn_13_are_one_number():
    """NO-4; Evergreen, Koha and rero-ils compare them as texts."""
    assert isbn_of("7-5339-1845-2") == isbn_of("978-7-5339-1845-3") == ISBN


def isbn_of(written):
    return parse_isbn(written).value


def test_what_was_printed_by_hand_is_never_joined_without_a_person():
    """MA-15; OCLC leaves everything before 1800 to people, and so do we until 1850."""
    one = book("Spanish life", "Higgin, L.", publisher="Putnam", year=1802, pages=325)
    assert verdict(one, one) == Verdict.ASK
