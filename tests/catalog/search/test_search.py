"""The index answers as a reader expects; no database, an index on disk."""

import threading

import pytest

from catalog.domain.query import (
    And,
    Filters,
    Languages,
    Not,
    Query,
    Term,
    Works,
    Years,
    parse_box,
)
from catalog.search.index import IndexBusyError, SearchIndex
from catalog.search.query import Sort, search
from catalog.search.schema import WorkDocument

CONDOR, ABOUT_CONDOR, SHIFANG, ZENG, LV, TREE, NINETEEN, CPP, REPORT = range(1, 10)
WORKS = (
    WorkDocument(
        work_id=CONDOR,
        titles=("射雕英雄传",),
        authors=("金庸",),
        publishers=("生活·读书·新知三联书店",),
        identifiers=("978-7-5339-1845-3", "10019·2265"),
        call_numbers=("I247.57/3044", "I247.5/12"),
        barcodes=("01234567",),
        classes=("I247.58",),
        years=(1994, 2003),
        languages=("chi",),
        materials=("book",),
        available_at=("JJ-MAIN",),
        held_at=("JJ-MAIN", "ZY-MAIN"),
        cities=("CD",),
        holdings_count=4,
    ),
    WorkDocument(
        work_id=ABOUT_CONDOR,
        titles=("《射雕英雄传》研究",),
        authors=("陈墨",),
        years=(2010,),
        held_at=("ZY-MAIN",),
    ),
    WorkDocument(work_id=SHIFANG, titles=("什邡市志",), call_numbers=("K297.14/9",)),
    WorkDocument(work_id=ZENG, titles=("曾国藩家书",), authors=("曾国藩",)),
    WorkDocument(work_id=LV, titles=("吕氏春秋",), title_pinyin=("lü shi chun qiu",)),
    WorkDocument(
        work_id=TREE,
        titles=("The education of Little Tree", "少年小树之歌"),
        authors=("Carter, Forrest", "(美)卡特"),
        languages=("eng",),
    ),
    WorkDocument(work_id=NINETEEN, titles=("1984",), authors=("[英]乔治·奥威尔",)),
    WorkDocument(work_id=REPORT, titles=("'98中国发展报告",)),
    WorkDocument(work_id=CPP, titles=("C++程序设计",), subjects=("程序设计",), classes=("TP312C",)),
)


@pytest.fixture
def index(tmp_path):
    index = SearchIndex(tmp_path / "search")
    with index.rebuild(feed="test", cursor=0) as builder:
        builder.add(WORKS)
    yield index
    index.close()


def found(index: SearchIndex, typed: str, **more) -> list[int]:
    return [hit.work_id for hit in search(index, parse_box(typed), **more).hits]


@pytest.mark.parametrize(
    "typed",
    [
        "射雕英雄传", "射鵰英雄傳", "射雕", "射鵰", "sdyxz", "ＳＤＹＸＺ", "she diao",
        "shediaoyingxiongzhuan", "SHE DIAO YING XIONG ZHUAN", "shediaoy", "yingxiong", "sdyx",
        "英雄传", "雕英", "金庸", "jinyong", "jin yong", "Jin, Yong", "jy", "射雕 金庸", "射雕金庸",
        "金庸 sdyxz", "作者:金庸", "title:射雕", "9787533918453", "7-5339-1845-2", "10019·2265",
        "01234567", "条码:01234567", "I247.57", "i247.57/3044", "class:I247", "三联", '"英雄传"',
    ],
)  # fmt: skip
def test_the_condor_heroes_are_found_first_however_they_are_typed(index, typed):
    assert found(index, typed)[:1] == [CONDOR]


@pytest.mark.parametrize(
    ("typed", "work"),
    [
        ("shifang", SHIFANG),
        ("shenfang", SHIFANG),  # as other systems read it
        ("zgfjs", ZENG),
        ("lvshi", LV),
        ("lushichunqiu", LV),
        ("lyu shi", LV),
        ("lüshi chunqiu", LV),
        ("little tree", TREE),
        ("educ", TREE),
        ("Forrest Carter", TREE),
        ("少年小树", TREE),
        ("1984", NINETEEN),
        ("98zgfzbg", REPORT),
        ("98zhongguo fazhan", REPORT),
        ("fazhan", REPORT),
        ("fzbg", REPORT),
        ("c++", CPP),
        ("程序設計", CPP),
        ("志", SHIFANG),
    ],
)
def test_each_work_is_found_first_by_what_people_type(index, typed, work):
    assert found(index, typed)[:1] == [work]


@pytest.mark.parametrize("typed", ["xyzzy", "雕射", "作者:射雕", "射雕 -英雄", "9787533918454"])
def test_nothing_is_found_where_nothing_matches(index, typed):
    assert found(index, typed) == []


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("射鵰英雄傳", "射雕英雄传"),
        ("曾國藩家書", "曾国藩家书"),
        ("呂氏", "吕氏"),
        ("程序設計", "程序设计"),
    ],
)
def test_both_scripts_give_equal_counts(index, traditional, simplified):
    pages = [search(index, parse_box(typed)) for typed in (traditional, simplified)]
    assert pages[0].total == pages[1].total > 0


def test_an_empty_box_shows_everything_and_counts_facets(index):
    page = search(index, parse_box(""))
    assert page.total == len(WORKS)
    facets = {name: {v.value: v.count for v in values} for name, values in page.facets.items()}
    assert facets["language"] == {"chi": 1, "eng": 1}
    assert facets["decade"] == {"1990": 1, "2000": 1, "2010": 1}
    assert facets["clc"] == {"I": 1, "TP": 1}
    assert facets["available_at"] == {"JJ-MAIN": 1}
    assert facets["city"] == {"CD": 1}
    assert facets["is_available"] == {"0": len(WORKS) - 1, "1": 1}


@pytest.mark.parametrize(
    ("filters", "works"),
    [
        (Filters(is_available=True), {CONDOR}),
        (Filters(available_at=frozenset({"ZY-MAIN"})), set()),
        (Filters(held_at=frozenset({"ZY-MAIN"})), {CONDOR, ABOUT_CONDOR}),
        (Filters(languages=frozenset({"eng", "fre"})), {TREE}),
        (Filters(decades=frozenset({2000, 2010})), {CONDOR, ABOUT_CONDOR}),
        (Filters(classes=frozenset({"TP"})), {CPP}),
    ],
)
def test_filters_keep_what_they_say(index, filters, works):
    page = search(index, parse_box("", filters=filters))
    assert {hit.work_id for hit in page.hits} == works


def test_works_are_listed_in_the_order_asked_for(index):
    by_title = found(index, "", sort=Sort.TITLE)
    assert by_title.index(LV) < by_title.index(CONDOR) < by_title.index(SHIFANG)
    assert by_title.index(SHIFANG) < by_title.index(ZENG)
    assert found(index, "", sort=Sort.NEWEST)[:2] == [ABOUT_CONDOR, CONDOR]


def test_pages_do_not_overlap(index):
    seen = [work for offset in (0, 3, 6) for work in found(index, "", offset=offset, limit=3)]
    assert sorted(seen) == sorted(work.work_id for work in WORKS)


def test_a_change_replaces_the_work_and_a_deletion_removes_it(index):
    changed = WorkDocument(work_id=CONDOR, titles=("神雕侠侣",))
    index.apply(upserts=[changed], deletes=[ABOUT_CONDOR], cursor=7)
    assert found(index, "射雕") == []
    assert found(index, "神雕侠侣") == [CONDOR]
    assert index.count() == len(WORKS) - 1
    assert index.state().cursor == 7


def test_a_work_written_again_is_there_once(index):
    def written(*works: tuple[int, str]) -> list[WorkDocument]:
        return [WorkDocument(work_id=pk, titles=(title,)) for pk, title in works]

    with index.writing() as writing:
        writing.write(upserts=written((202, "天龙八部"), (201, "笑傲江湖")))
        writing.write(upserts=written((201, "笑傲江湖")))  # in the same commit
    index.apply(upserts=written((202, "天龙八部")), cursor=1)  # in the next
    index.close()
    index.apply(upserts=written((201, "鹿鼎记"), (203, "天龙八部")), cursor=2)  # by another writer
    assert sorted(found(index, "天龙")) == [202, 203]
    assert (found(index, "笑傲"), found(index, "鹿鼎")) == ([], [201])
    assert index.count() == len(WORKS) + 3


def test_another_reader_sees_a_commit_at_its_next_search(index):
    other = SearchIndex(index.path)
    assert found(other, "天龙") == []
    index.apply(upserts=[WorkDocument(work_id=99, titles=("天龙八部",))], cursor=1)
    assert found(other, "天龙") == [99]


def test_only_one_writer_at_a_time(index):
    index.apply(cursor=1)
    other = SearchIndex(index.path)
    with pytest.raises(IndexBusyError):
        other.apply(cursor=2)
    index.close()
    other.apply(cursor=2)
    assert index.state().cursor == 2
    other.close()


def test_search_goes_on_with_the_old_index_during_a_rebuild(index):
    with index.rebuild(feed="test", cursor=5) as builder:
        builder.add([WorkDocument(work_id=50, titles=("天龙八部",))])
        assert found(index, "射雕")[:1] == [CONDOR]
        index.apply(deletes=[CPP], cursor=6)
    assert found(index, "射雕") == []
    assert found(index, "天龙八部") == [50]
    assert index.state().cursor == 5  # what came during the rebuild is followed again
    index.apply(upserts=[WorkDocument(work_id=51, titles=("鹿鼎记",))], cursor=6)
    assert found(index, "鹿鼎记") == [51]


def test_a_rebuild_that_fails_leaves_the_index_as_it_was(index):
    with pytest.raises(ZeroDivisionError), index.rebuild(feed="test", cursor=9) as builder:
        builder.add(WorkDocument(work_id=n, titles=(str(1 // (2 - n)),)) for n in range(5))
    assert found(index, "射雕")[:1] == [CONDOR]
    assert index.state().cursor == 0


def test_failing_documents_leave_nothing_half_written(index):
    with pytest.raises(ZeroDivisionError):
        index.apply(
            upserts=(WorkDocument(work_id=90 + n, titles=(f"甲{1 // (1 - n)}",)) for n in range(2)),
            cursor=3,
        )
    index.apply(cursor=4)
    assert index.count() == len(WORKS)


def test_without_an_index_the_page_says_so(tmp_path):
    page = search(SearchIndex(tmp_path / "nowhere"), parse_box("射雕"))
    assert not page.is_ready
    assert page.hits == ()


def test_an_index_of_another_schema_or_a_broken_one_is_not_opened(index):
    folder = index.path / (index.path / "current").read_text()
    (folder / "meta.json").write_text("garbage")
    assert SearchIndex(index.path).state() is None
    (folder / "state.json").write_text('{"schema": 0, "feed": "test", "cursor": 3}')
    assert SearchIndex(index.path).state() is None


def test_a_search_does_not_wait_for_a_large_write(index):
    is_writing, may_end = threading.Event(), threading.Event()

    def slow_documents():
        is_writing.set()
        assert may_end.wait(20)
        yield WorkDocument(work_id=77, titles=("天龙八部",))

    writer = threading.Thread(target=lambda: index.apply(upserts=slow_documents(), cursor=1))
    writer.start()
    assert is_writing.wait(20)
    searching = threading.Thread(target=lambda: (found(index, "sdyxz"), may_end.set()))
    searching.start()
    searching.join(10)
    writer.join(20)
    assert may_end.is_set()
    assert found(index, "天龙") == [77]


def test_what_was_written_during_a_rebuild_does_not_move_the_new_cursor(index):
    """A follower in the middle of a chunk while another thread switches the generation."""
    other = SearchIndex(index.path)

    def documents_while_switching():
        with other.rebuild(feed="test", cursor=3) as builder:
            builder.add(WORKS)
        found(index, "射雕")  # opens the new generation
        yield WorkDocument(work_id=77, titles=("天龙八部",))

    index.apply(upserts=documents_while_switching(), cursor=9)
    assert index.state().cursor == 3


def test_threads_search_while_one_writes(index):
    seen: list[list[int]] = []

    def look() -> None:
        seen.extend(found(index, "sdyxz")[:1] for _ in range(50))

    readers = [threading.Thread(target=look) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(10):
        index.apply(upserts=[WorkDocument(work_id=1000 + n, titles=("长江",))], cursor=n)
    for reader in readers:
        reader.join()
    assert seen == [[CONDOR]] * 200


@pytest.mark.parametrize(
    ("root", "works"),
    [
        (Works(ids=(ZENG, TREE, 4711)), {ZENG, TREE}),
        (Works(ids=()), set()),
        (Years(first=2000), {CONDOR, ABOUT_CONDOR}),
        (Years(first=2004, last=2010), {ABOUT_CONDOR}),
        (Years(last=1999), set()),
        (Languages(codes=("eng", "fre")), {TREE}),
        (And(parts=(Term(text="射雕"), Not(part=Years(first=2010)))), {CONDOR}),
    ],
)
def test_what_a_protocol_asks_beyond_the_box_is_answered_too(index, root, works):
    assert {hit.work_id for hit in search(index, Query(root=root)).hits} == works


@pytest.mark.parametrize(
    ("typed", "work"),
    [
        ("射雕英熊传", CONDOR),  # the right sound
        ("射雕英维传", CONDOR),  # most of the characters
        ("sedaoyingxiongzhuan", CONDOR),
        ("shediaoyinxiongzhuan", CONDOR),
        ("litle tree", TREE),
        ("eduction of litlle tree", TREE),
        ("Forest Cartre", TREE),
        ("shi fng shizhi", SHIFANG),
    ],
)
def test_slips_are_forgiven_only_where_nothing_matches(index, typed, work):
    assert found(index, typed) == []
    page = search(index, parse_box(typed), is_forgiving=True)
    assert page.is_similar
    assert page.hits[0].work_id == work
    assert page.facets["language"] or page.total == 1


def test_forgiving_changes_nothing_where_something_matches(index):
    exact, forgiving = (
        search(index, parse_box("射雕"), is_forgiving=is_forgiving)
        for is_forgiving in (False, True)
    )
    assert exact == forgiving
    assert not search(index, parse_box("xyzzy"), is_forgiving=True).is_similar


def test_works_without_a_call_number_come_after_those_on_the_shelf(index):
    shelf = found(index, "", sort=Sort.CALL_NUMBER)
    assert shelf[:2] == [CONDOR, SHIFANG]
    assert len(shelf) == len(WORKS)


def test_counts_of_a_page_of_everything_follow_the_next_commit(index):
    assert search(index, parse_box("")).facets["city"][0].count == 1
    index.apply(
        upserts=[WorkDocument(work_id=70, titles=("鹿鼎记",), cities=("CD", "ZY"))], cursor=1
    )
    counts = {one.value: one.count for one in search(index, parse_box("")).facets["city"]}
    assert counts == {"CD": 2, "ZY": 1}


def test_notes_and_summaries_are_searched_too(index):
    noted = WorkDocument(work_id=71, titles=("鹿鼎记",), notes=("韦小宝的一生",))
    index.apply(upserts=[noted], cursor=1)
    assert found(index, "韦小宝") == [71]


def test_a_beginning_finds_every_word_that_begins_so(index):
    words = [f"com{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
    index.apply(
        upserts=[WorkDocument(work_id=100 + n, titles=(w,)) for n, w in enumerate(words)], cursor=1
    )
    assert search(index, parse_box("com")).total == len(words)


# peers.md §3, 29 to 31: other catalogues count these pairs differently.
PUBLISHED = (
    WorkDocument(work_id=81, titles=("史记",), publishers=("中华书局",), authors=("司马迁",)),
    WorkDocument(work_id=82, titles=("史記",), publishers=("中華書局",)),
    WorkDocument(work_id=83, titles=("歷史研究",), publishers=("巴蜀書社",)),
    WorkDocument(work_id=84, titles=("历史研究",), publishers=("巴蜀书社",)),
    WorkDocument(work_id=85, titles=("佛敎史", "中國基督敎敎育"), authors=("沈從文",)),
    WorkDocument(work_id=86, titles=("佛教史", "中国基督教教育"), authors=("沈从文",)),
    WorkDocument(work_id=87, titles=("边城",), authors=("Shen, Congwen",), subjects=("小說",)),
    WorkDocument(work_id=88, titles=("邊城",), subjects=("小说",), series=("中國文庫",)),
)


@pytest.mark.parametrize(
    ("spellings", "count"),
    [
        (("中华书局", "中華書局", "出版社:中華書局", '"中华书局"'), 2),
        (("巴蜀书社", "巴蜀書社"), 2),
        (("历史研究", "歷史研究", "lishiyanjiu", "lsyj"), 2),
        (("佛教", "佛敎", "fo jiao", "fo"), 2),
        (("中国基督教教育", "中國基督教教育", "中國基督敎敎育"), 2),
        (("沈从文", "沈從文", "作者:沈從文"), 2),
        (("边城", "邊城", "biancheng"), 2),
        (("小说", "小說"), 2),
        (("国", "國"), 4),
    ],
)
def test_every_spelling_of_a_query_counts_the_same(index, spellings, count):
    index.apply(upserts=PUBLISHED, cursor=1)
    assert [search(index, parse_box(typed)).total for typed in spellings] == [count] * len(
        spellings
    )


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("什邡市图书馆", "shifang shenfang sfs"),
        ("吕氏春秋译注", "lv lu lyu lü lvshichunqiu lscqyz"),
        ("丹棱县志", "danleng danling dlxz"),
        ("曾国藩传", "zgf zengguofan cengguofan"),
        ("都江堰水利", "djy dujiangyan"),
        ("重庆音乐", "chongqing zhongqing yinyue cqyl cqyy"),
    ],
)
def test_a_name_is_found_by_every_way_people_type_its_sound(tmp_path, title, typed):
    """domain.md §7; a syllable alone finds what begins with it."""
    index = SearchIndex(tmp_path / "search")
    with index.rebuild(feed="test", cursor=0) as builder:
        builder.add([WorkDocument(work_id=1, titles=(title,)), *PUBLISHED])
    missed = [one for one in typed.split() if 1 not in found(index, one)]
    assert missed == []
