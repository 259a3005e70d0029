"""Rules NO-12, NO-13 and NO-14: who made a book, and what they did."""

import pytest

from catalog.domain.marc.problems import BibFlag
from catalog.domain.marc.roles import role_of
from catalog.domain.marc.values import (
    personal_name,
    split_statement,
)
from catalog.domain.records import (
    Contributor,
)
from tests.catalog.domain.marc.build import (
    MARC21,
    cnmarc,
    data,
    neutral,
)
from tests.catalog.domain.marc.build import marc21 as marc21_fields


def from_cnmarc(*fields, **more):
    return neutral(cnmarc(*fields, **more))


def from_marc21(*fields, **more):
    return neutral(marc21_fields(*fields, **more), dialect=MARC21)


@pytest.mark.parametrize(
    ("written", "name", "note", "original"),
    [
        ("卡特(Carter, Forrest)", "卡特", "", "Carter, Forrest"),
        ("(美)卡特", "卡特", "美", ""),
        ("（清）曹雪芹", "曹雪芹", "清", ""),
        ("[英] 莎士比亚 (1564-1616)", "莎士比亚", "英 1564-1616", ""),
        ("山田, 太郎(1926-)", "山田太郎", "1926-", ""),
        ("金 庸", "金庸", "", ""),
        ("张三[等]", "张三", "", ""),
        ("Lovano, Joe,", "Lovano, Joe", "", ""),
        ("Piranesi, Giambattista, 1720-1778", "Piranesi, Giambattista", "1720-1778", ""),
        ("Doe, Jane, 1950-", "Doe, Jane", "1950-", ""),
        ("Mitasova, Helena.", "Mitasova, Helena", "", ""),
        ("Martin, George R. R.", "Martin, George R. R.", "", ""),
        ("King, Martin Luther, Jr.", "King, Martin Luther, Jr.", "", ""),
    ],
)
def test_a_name_as_catalogued_and_what_goes_with_it(written, name, note, original):
    """NO-12."""
    found = personal_name(written)

    assert (found.name, found.note, found.original) == (name, note, original)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("著", "aut"), ("主编", "edt"), ("编", "edt"), ("编著", "aut"), ("译", "trl"),
        ("校注", "ann"), ("绘", "ill"), ("摄影", "pht"), ("选编", "com"), ("改编", "adp"),
        ("序", "aui"), ("审订", "rev"), ("策划", "oth"), ("编辑委员会编", "edt"),
        ("author.", "aut"), ("joint author", "aut"), ("editor", "edt"), ("ed.", "edt"),
        ("illustrator,", "ill"), ("trl", "trl"), ("070", "aut"), ("730 ", "trl"),
        ("http://id.loc.gov/vocabulary/relators/ill", "ill"), ("梦游", "oth"), ("", ""),
    ],
)  # fmt: skip
def test_a_role_in_any_words_is_a_relator_code(written, code):
    """NO-13."""
    assert role_of(written) == code


def test_people_of_cnmarc_whatever_the_order_of_subfields():
    """NO-12, NO-13."""
    record = from_cnmarc(
        data("701", "$c(美)$a卡特$9ka te$c(Carter, Forrest)$4著", " 0"),
        data("701", "$aKenyon$bF. G.$gFrederic George$f1863-1952$4080", " 1"),
        data("702", "$a王$b小明", " 0"),
        data("711", "$a国家统计局$Aguo jia tong ji ju$4编", "02"),
    )

    assert record.contributors == (
        Contributor(name="卡特", pinyin="ka te", original="Carter, Forrest", note="美"),
        Contributor(name="Kenyon, Frederic George", role="aui", note="1863-1952"),
        Contributor(name="国家统计局", role="edt", is_corporate=True, pinyin="guo jia tong ji ju"),
        Contributor(name="王小明", role="ctb"),
    )


def test_people_of_marc_21_by_role_and_kind():
    """NO-12, NO-13."""
    record = from_marc21(
        data("110", "$aNational Library.$bMap Division.", "2 "),
        data("700", "$aWriter, Anne,$d1950-$eillustrator.", "1 "),
        data("700", "$aOther, Bob.", "1 "),
        data("700", "$aBach, Johann Sebastian.$tPartitas.", "1 "),
    )

    assert record.contributors == (
        Contributor(name="National Library. Map Division", is_corporate=True),
        Contributor(name="Writer, Anne", role="ill", note="1950-"),
        Contributor(name="Other, Bob", role="ctb"),
    )


@pytest.mark.parametrize(
    ("statement", "people"),
    [
        ("[美]佛瑞斯特·卡特著 ; 姚宏昌译", [("佛瑞斯特·卡特", "aut", "美"), ("姚宏昌", "trl", "")]),
        ("张三…[等]著", [("张三", "aut", "")]),
        ("王力, 李四主编", [("王力", "edt", ""), ("李四", "edt", "")]),
        ("张三 李四编著", [("张三", "aut", ""), ("李四", "aut", "")]),
        ("(美)卡特(Carter, Forrest)著", [("卡特", "aut", "美")]),
    ],
)
def test_people_are_read_from_a_chinese_statement(statement, people):
    """NO-14."""
    found = split_statement(statement)

    assert [(one.name, one.role, one.note) for one in found] == people


def test_a_statement_is_used_only_where_no_access_point_is():
    """NO-14."""
    without = from_cnmarc(title="$a书名$f人民文学出版社编辑部编")
    with_one = from_cnmarc(data("701", "$a金庸$4著", " 0"), title="$a书名$f金庸著$g李四校")

    assert without.contributors == (
        Contributor(name="人民文学出版社编辑部", role="edt", is_corporate=True),
    )
    assert BibFlag.CONTRIBUTORS_FROM_STATEMENT in without.flags
    assert [one.name for one in with_one.contributors] == ["金庸"]
    assert with_one.responsibility == "金庸著 ; 李四校"
    assert not with_one.flags


def test_the_original_name_of_a_transliterated_author_is_read_from_g():
    """NO-12: the National Library's habit; $c keeps nationality, $f dates."""
    record = from_cnmarc(data("701", "$a司汤达$c(法)$g(Stendhal)$f(1783-1842)$4著"))

    (person,) = record.contributors
    assert (person.name, person.original, person.note) == ("司汤达", "Stendhal", "法 1783-1842")


def test_a_name_in_another_alphabet_is_an_original_name_too():
    """NO-12."""
    (person,) = from_cnmarc(
        data("701", "$c(俄)$a陀思妥耶夫斯基$c(Достоевский, Ф. М.)$4著")
    ).contributors

    assert (person.original, person.note) == ("Достоевский, Ф. М.", "俄")
    assert personal_name("契诃夫(Чехов, А. П.)").original == "Чехов, А. П."


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("$1https://isni.org/isni/0000000121032683", "isni:0000000121032683"),
        ("$0(isni)0000 0001 2103 2683", "isni:0000000121032683"),
        ("$1http://viaf.org/viaf/12305157", "viaf:12305157"),
        ("$0http://id.loc.gov/authorities/names/n79061332", "lcnaf:n79061332"),
        ("$0(DLC)n 79061332", "lcnaf:n79061332"),
        ("$1http://www.wikidata.org/entity/Q502", "wikidata:Q502"),
    ],
)
def test_identifiers_of_a_person_are_kept(written, read):
    """NO-22."""
    (person,) = from_marc21(data("100", f"$aStendhal,$d1783-1842.{written}", "0 ")).contributors

    assert person.ids == (read,)


def test_a_number_of_somebodys_authority_file_is_no_identifier():
    """NO-22: $3 is a local key, unless it is a link."""
    local = from_cnmarc(data("701", "$a司汤达$3A001234$4著"))
    known = from_cnmarc(data("701", "$a司汤达$oISNI 0000 0001 2103 2683$4著"))

    assert local.contributors[0].ids == ()
    assert known.contributors[0].ids == ("isni:0000000121032683",)
