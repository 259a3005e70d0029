"""The sample books and the records twelve members make of them."""

from collections import Counter

import pytest
from stdnum import isbn

from catalog.domain.marc.parse import ParsedRecord, parse
from catalog.domain.marc.read import Quarantined, read_records, sniff
from catalog.domain.matching import Verdict, compare
from catalog.domain.profile import profile_of
from catalog.domain.text import title_key
from catalog.domain.works import Unit, group_works, work_facts
from library_net.demo.books import load_books
from library_net.demo.holdings import COPIES, holders, place_sizes
from library_net.demo.marcfiles import SEED, catalogued, write_files
from library_net.demo.members import BY_CODE, DEYANG, JINJIANG, MEMBERS


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("marc"))


def outcomes(file):
    data = file.path.read_bytes()
    with file.path.open("rb") as stream:
        return list(read_records(stream, kind=sniff(data[:1000])))


def parsed(file):
    found = [parse(raw.data) for raw in outcomes(file) if not isinstance(raw, Quarantined)]
    return [record for record in found if isinstance(record, ParsedRecord)]


def test_an_isbn_stands_only_where_a_real_record_stated_it():
    import csv

    from library_net.demo.books import BOOKS_FILE

    with BOOKS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert all(row["provenance"] for row in rows if row["isbn"])
    assert all(isbn.is_valid(row["isbn"]) for row in rows if row["isbn"])


def test_no_book_is_described_twice():
    books = load_books()
    facts = Counter(
        (b.title, b.subtitle, b.volume, b.people, b.publisher, b.year, b.edition, b.isbn)
        for b in books
    )

    assert not [key for key, times in facts.items() if times > 1]


def test_the_same_seed_gives_the_same_bytes(tmp_path, files):
    again = write_files(tmp_path)

    assert [f.path.read_bytes() for f in again] == [f.path.read_bytes() for f in files]
    other = write_files(tmp_path / "other", seed=SEED + 1)
    assert [f.path.read_bytes() for f in other] != [f.path.read_bytes() for f in files]


def test_every_sound_record_is_read_back_in_whatever_bytes_it_was_written(files):
    for file in files:
        records = parsed(file)

        assert len(records) == file.records, file.path.name
        barcodes = [item.barcode for record in records for item in record.items]
        assert barcodes == [copy.barcode for copy in file.copies], file.path.name
        places = {item.branch_code for record in records for item in record.items}
        assert places <= set(file.member.branches), file.path.name


def test_encodings_differ_between_members_and_are_found(files):
    found = {file.member.code: {r.encoding for r in parsed(file)} for file in files}

    assert "gb18030" in found[JINJIANG]
    assert found[DEYANG] == {"utf-8"}


def test_one_file_is_damaged_in_three_places_and_only_those_are_lost(files):
    damaged = [file for file in files if file.damaged]

    assert [file.member.code for file in damaged] == [DEYANG]
    lost = [one for one in outcomes(damaged[0]) if isinstance(one, Quarantined)]
    lost += [r for r in map(parse_if_raw, outcomes(damaged[0])) if r is not None]
    assert len(lost) == damaged[0].damaged == 3


def parse_if_raw(one):
    if isinstance(one, Quarantined):
        return None
    found = parse(one.data)
    return None if isinstance(found, ParsedRecord) else found


def test_all_48_places_have_copies_and_more_people_mean_more_copies():
    sizes = place_sizes()

    assert len(sizes) == 48
    assert min(sizes.values()) > 0
    assert abs(sum(sizes.values()) - COPIES) < 50
    assert sizes["CN-510116-1-SL"] > sizes["CN-510131-1-PJ"]


def test_volumes_of_a_set_are_held_by_the_same_members():
    held = holders(load_books(), seed=SEED)
    for books in held.values():
        volumes = {b.volume for b in books if b.title == "射雕英雄传" and b.year == "1994"}
        assert volumes in (set(), {"第一册", "第二册", "第三册", "第四册"})


def records_of(title, author="", year=""):
    """Every member's description of the books with this title, by book."""
    found = []
    for book in load_books():
        if book.title != title or author not in str(book.people) or year not in book.year:
            continue
        for number, member in enumerate(MEMBERS, 1):
            fields = catalogued(book, member=member, number=number)
            found.append((book.key, profile_of(_neutral(fields, member))))
    return found


def _neutral(fields, member):
    from catalog.domain.marc.write import write_iso2709
    from library_net.demo.marcfiles import _format

    made = parse(write_iso2709(fields, format=_format(member), encoding=member.encoding))
    assert isinstance(made, ParsedRecord)
    return made.record


@pytest.mark.parametrize(
    "title",
    ["数学分析", "中国文学史", "红楼梦", "梦里花落知多少", "高等数学", "平凡的世界", "傲慢与偏见"],
)
def test_different_books_of_one_title_are_never_judged_one(title):
    """MA-4, MA-9, MA-10: volumes, editions, publishers and authors keep them apart."""
    found = records_of(title)

    assert len({key for key, _ in found}) > 1
    for i, (left_key, left) in enumerate(found):
        for right_key, right in found[i + 1 :]:
            if left_key != right_key:
                verdict = compare(left, right).verdict
                assert verdict != Verdict.SAME, (left_key, right_key)


def test_one_book_in_four_schools_of_cataloguing_is_judged_one():
    """MA-9: no number, but title, author, publisher and year agree in every script."""
    found = [profile for _, profile in records_of("白鹿原", year="1993")]

    assert len(found) == len(MEMBERS) == len(BY_CODE)
    assert all(compare(found[0], other).verdict == Verdict.SAME for other in found[1:])


def test_translations_by_any_name_of_the_author_are_one_work_in_the_sample(files):
    """MA-18 and MA-19: and no other two titles of the sample are taken for one."""
    units = {
        Unit(facts=work_facts(found.record)): found.record.title
        for file in files
        for found in parsed(file)
    }
    works = [
        [unit for unit in work if unit in units] for work in group_works(list(units), decided={})
    ]

    by_evidence = [work for work in works if len({unit.facts.key for unit in work}) > 1]
    titles = {frozenset(title_key(units[unit]) for unit in work) for work in by_evidence}
    assert {work for work in titles if len(work) > 1} == {
        frozenset(pair.split())
        for pair in (
            "了不起的盖茨比 大亨小传",
            "彼得潘 潘彼得",
            "红星照耀中国 西行漫记",
            "理性与感性 理智与情感",
            "爱丽丝漫游奇境 阿丽思漫游奇境记",
            "鲁滨孙飘流记 鲁滨逊漂流记",
            "人类的群星闪耀时 人类群星闪耀时",
            "梦的解析 释梦",
            "月亮与六便士 月亮和六便士",
        )
    }
    for title in ("红与黑", "罪与罚", "战争与和平", "傲慢与偏见", "瓦尔登湖"):
        assert frozenset({title}) in titles
