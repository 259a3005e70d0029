"""Rules NO-8 to NO-17: both crosswalks, side by side, field by field."""

import pytest
from msgspec.structs import replace

from catalog.domain.marc import marc21, unimarc
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import BibFlag, ErrorCode
from catalog.domain.marc.values import (
    parse_extent,
    parse_year,
    strip_isbd,
)
from catalog.domain.records import (
    Audience,
    Classification,
    IdentifierKind,
    MarcFormat,
    Material,
    Series,
)
from tests.catalog.domain.marc.build import (
    CNMARC,
    MARC21,
    UNIMARC,
    cnmarc,
    control,
    data,
    iso,
    neutral,
    read,
)
from tests.catalog.domain.marc.build import marc21 as marc21_fields


def from_cnmarc(*fields, **more):
    return neutral(cnmarc(*fields, **more))


def from_marc21(*fields, **more):
    return neutral(marc21_fields(*fields, **more), dialect=MARC21)


def test_both_crosswalks_have_the_same_functions_in_the_same_order():
    def getters(module):
        return [name for name in vars(module) if name.startswith(("get_", "to_"))]

    assert getters(marc21) == getters(unimarc)


# --- one book, four catalogues --------------------------------------------------------------------

NLC = cnmarc(
    data("010", "$a7-5339-1845-2$dCNY18.00"),
    data("101", "$achi$ceng", "1 "),
    data("205", "$a第2版"),
    data("210", "$a杭州$c浙江文艺出版社$d2005"),
    data("215", "$a206页$c图$d21cm"),
    data("510", "$aThe Education of Little Tree$zeng", "1 "),
    data("606", "$a长篇小说$y美国$z现代", "0 "),
    data("690", "$aI712.45$v4"),
    data("701", "$c(美)$a卡特$9ka te$c(Carter, Forrest)$4著", " 0"),
    data("702", "$a姚宏昌$9yao hong chang$4译", " 0"),
    title="$a少年小树之歌$9shao nian xiao shu zhi ge$f[美]佛瑞斯特·卡特著$g姚宏昌译",
)
CALIS = cnmarc(
    data("010", "$a978-7-5339-1845-3$b平装$dCNY18.00"),
    data("101", "$achi$ceng", "1 "),
    data("205", "$a第2版"),
    data("210", "$a杭州$c浙江文艺出版社$d2005.2"),
    data("215", "$a206页$c图$d21cm"),
    data("510", "$aEducation of Little Tree$zeng", "1 "),
    data("606", "$a长篇小说$Achang pian xiao shuo$y美国$z现代", "0 "),
    data("690", "$aI712.45$v5"),
    data("701", "$a卡特$Aka te$g(Carter, Forrest)$c美国$4著", " 0"),
    data("702", "$a姚宏昌$Ayao hong chang$4译", " 0"),
    title="$a少年小树之歌$Ashao nian xiao shu zhi ge$f(美) 佛瑞斯特·卡特著$FKa Te Zhu$g姚宏昌译",
)
WESTERN_880 = marc21_fields(
    control("008", "240115s2005    cc a          000 1 chi d"),
    data("020", "$a7533918452 :$cCNY18.00"),
    data("041", "$achi$heng", "1 "),
    data("100", "$6880-01$aKate,$d1925-1979,$eauthor.", "1 "),
    data("245", "$6880-02$aShao nian xiao shu zhi ge /$cKate zhu ; Yao Hongchang yi.", "10"),
    data("250", "$6880-03$aDi 2 ban."),
    data("260", "$6880-04$aHangzhou :$bZhejiang wen yi chu ban she,$c2005."),
    data("300", "$a206 p. :$bill. ;$c21 cm."),
    data("650", "$aAmerican fiction$yModern.", " 0"),
    data("084", "$aI712.45$2clc"),
    data("700", "$6880-05$aYao, Hongchang,$etranslator.", "1 "),
    data("880", "$6100-01/$1$a卡特,$d1925-1979,$e著.", "1 "),
    data("880", "$6245-02/$1$a少年小树之歌 /$c卡特著 ; 姚宏昌译.", "10"),
    data("880", "$6250-03/$1$a第2版."),
    data("880", "$6260-04/$1$a杭州 :$b浙江文艺出版社,$c2005."),
    data("880", "$6700-05/$1$a姚宏昌,$e译.", "1 "),
)
MODEL_B = marc21_fields(
    control("008", "240115s2005    cc a          000 1 chi d"),
    data("020", "$a9787533918453$q平装$cCNY18.00"),
    data("041", "$achi$heng", "1 "),
    data("100", "$6880-01$a卡特,$4aut", "1 "),
    data("245", "$6880-02$a少年小树之歌 /$c卡特著 ; 姚宏昌译.", "10"),
    data("250", "$a第2版."),
    data("264", "$a杭州 :$b浙江文艺出版社,$c2005.", " 1"),
    data("300", "$a206页 :$b图 ;$c21 cm."),
    data("084", "$aI712.45$2clc"),
    data("700", "$a姚宏昌,$4trl", "1 "),
    data("880", "$6100-01/(B$aKa te", "1 "),
    data("880", "$6245-02/(B$aShao nian xiao shu zhi ge", "10"),
)


@pytest.mark.parametrize(
    ("fields", "dialect"),
    [(NLC, CNMARC), (CALIS, CNMARC), (WESTERN_880, MARC21), (MODEL_B, MARC21)],
    ids=["NLC", "CALIS", "MARC 21 with Han in 880", "MARC 21 with pinyin in 880"],
)
def test_one_book_in_four_catalogues_is_one_book(fields, dialect):
    """NO-4, NO-8 to NO-13."""
    record = neutral(fields, dialect=dialect)

    assert record.title == "少年小树之歌"
    assert record.titles[0].pinyin.casefold() == "shao nian xiao shu zhi ge"
    assert record.isbns() == ("9787533918453",)
    assert record.contributors[0].name == "卡特"
    assert record.contributors[0].pinyin.casefold().replace(" ", "") == "kate"
    assert [one.role for one in record.contributors] == ["aut", "trl"]
    assert record.contributors[1].name == "姚宏昌"
    assert (record.place, record.publisher, record.year) == ("杭州", "浙江文艺出版社", 2005)
    assert record.edition_number == 2
    assert record.pages == 206
    assert record.languages == ("chi",)
    assert record.original_languages == ("eng",)
    assert record.country == "CN"
    assert record.prices[0].amount == 18
    assert Classification(scheme="clc", value="I712.45") in [
        replace(one, edition="") for one in record.classes
    ]
    assert not record.flags


# --- publication, extent, edition (NO-8, NO-9, NO-10) ---------------------------------------------


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("2005", 2005), ("2005.8", 2005), ("1985.07", 1985), ("2005[重印]", 2005), ("c1990.", 1990),
        ("民国25[1936]", 1936), ("民国二十五年", 1936), ("二〇〇五年", 2005), ("２００５", 2005),
        ("2001-2003", 2001), ("昭和10", 1935), ("光绪三十年", 1904), ("1968-<1984>", 1968),
        ("[19--]", None), ("出版年不详", None), ("", None),
    ],
)  # fmt: skip
def test_a_date_begins_with_a_year(written, year):
    """NO-8."""
    assert parse_year(written) == year


def test_the_coded_date_stands_in_for_a_year_nobody_wrote():
    """NO-8."""
    assert from_cnmarc(data("210", "$a北京$c三联书店$d[19--]")).year == 2005
    assert from_marc21(data("260", "$aParis :$bX,$c[n.d.]")).year == 2005


@pytest.mark.parametrize(
    ("written", "pages", "volumes"),
    [
        ("206页", 206, None), ("2册(1204页)", 1204, 2), ("xii, 306 p.", 306, None),
        ("1函6册", None, 6), ("三册", None, 3), ("422,图版[40]页", 422, None),
        ("10,320页", 320, None), ("336 pages ;", 336, None), ("3 v. ;", None, 3),
        ("69, xii, xvii p., [42] leaves of plates", 69, None), ("[24] p.", 24, None),
        ("1 online resource (393 pages)", 393, None), ("v. <1-5, 7-8> :", None, None),
        ("607 с.", 607, None), ("页数不详", None, None), ("1 sound disc", None, None),
    ],
)  # fmt: skip
def test_an_extent_is_pages_and_volumes(written, pages, volumes):
    """NO-9."""
    assert parse_extent(written) == (pages, volumes)


@pytest.mark.parametrize(
    ("written", "number"),
    [("第2版", 2), ("第二版", 2), ("初版", 1), ("修订本", None), ("2019年版", None)],
)
def test_an_edition_statement_may_have_a_number(written, number):
    """NO-10."""
    record = from_cnmarc(data("205", f"$a{written}"))

    assert (record.edition, record.edition_number) == (written, number)


def test_a_place_or_publisher_that_is_not_known_is_empty():
    """NO-12."""
    chinese = from_cnmarc(data("210", "$a[出版地不详]$c[出版者不详]$d2005"))
    western = from_marc21(data("260", "$a[S.l. :$bs.n.],$c2005."))
    supplied = from_marc21(data("264", "$a[Paris] :$bX Press,$c[2005]", " 1"))

    assert (chinese.place, chinese.publisher) == ("", "")
    assert (western.place, western.publisher) == ("", "")
    assert (supplied.place, supplied.publisher, supplied.year) == ("Paris", "X Press", 2005)


def test_the_publication_is_taken_not_the_manufacture():
    record = from_marc21(
        data("264", "$aDetroit :$bPrinter,$c2007.", " 3"),
        data("264", "$aParis :$bPublisher,$c2005.", " 1"),
    )

    assert (record.place, record.publisher, record.year) == ("Paris", "Publisher", 2005)


def test_text_loses_only_the_punctuation_that_announces_the_next_area():
    """NO-12."""
    assert strip_isbd("  Text  with   blanks : ") == "Text with blanks"


# --- identifiers (NO-4, NO-5, NO-6) ---------------------------------------------------------------


def test_numbers_of_a_cnmarc_record():
    """NO-4, NO-5, NO-6."""
    record = from_cnmarc(
        data("010", "$a7-5339-1845-2$b平装$z7-5013-3951-5"),
        data("010", "$a10019·2265"),
        data("010", "$b精装$d0.17"),
        data("011", "$a0009-7330"),
        data("091", "$a10019.2266"),
    )

    found = [(one.kind, one.value, one.is_valid, one.qualifier) for one in record.identifiers]
    assert found == [
        (IdentifierKind.ISBN, "9787533918453", True, "平装"),
        (IdentifierKind.ISBN, "7-5013-3951-5", False, "平装"),
        (IdentifierKind.UBSN, "10019·2265", True, ""),
        (IdentifierKind.ISSN, "00097330", True, ""),
        (IdentifierKind.UBSN, "10019·2266", True, ""),
    ]
    assert set(record.flags) >= {BibFlag.IDENTIFIER_INVALID, BibFlag.IDENTIFIER_EMPTY}


def test_numbers_of_a_marc_21_record():
    """NO-4, NO-5."""
    record = from_marc21(
        data("010", "$a  2012035454 "),
        data("020", "$a9787533918453$q(pbk.)$z9787501329823"),
        data("020", "$a7-5053-9013-9 (hbk.) : $25.00".replace("$25", "USD25")),
        data("022", "$a0009-7330$y1524-4571"),
        data("024", "$a9787544854146", "3 "),
        data("035", "$a(OCoLC)ocm00012345"),
    )

    found = [(one.kind, one.value, one.is_valid, one.qualifier) for one in record.identifiers]
    assert found == [
        (IdentifierKind.ISBN, "9787533918453", True, "pbk."),
        (IdentifierKind.ISBN, "9787501329823", False, "pbk."),
        (IdentifierKind.ISBN, "9787505390133", True, "hbk"),
        (IdentifierKind.ISSN, "00097330", True, ""),
        (IdentifierKind.ISSN, "15244571", False, ""),
        (IdentifierKind.LCCN, "2012035454", True, ""),
        (IdentifierKind.ISBN, "9787544854146", True, ""),
        (IdentifierKind.OCLC, "12345", True, ""),
    ]
    assert [(one.amount, one.currency) for one in record.prices] == [(25, "USD")]


# --- subjects, classes, series, coded values (NO-16, NO-17) ---------------------------------------


def test_subjects_keep_their_subdivisions():
    chinese = from_cnmarc(
        data("606", "$a长篇小说$y美国$z现代$2ntn", "0 "),
        data("600", "$a鲁迅$f1881-1936$x人物研究", " 0"),
        data("610", "$a自由词$a另一个", "0 "),
    )
    western = from_marc21(
        data("650", "$aRock musicians$zUnited States$vBiography.$0123", " 0"),
        data("653", "$aguitars$abands"),
    )

    assert chinese.subjects == (
        "鲁迅 1881-1936--人物研究",
        "长篇小说--美国--现代",
        "自由词",
        "另一个",
    )
    assert western.subjects == ("Rock musicians--United States--Biography", "guitars", "bands")


def test_690_that_is_not_clc_is_another_scheme():
    """NO-16."""
    record = from_cnmarc(
        data("690", "$aI247.5$v5"), data("690", "$a21.2"), data("692", "$a28.24$v3")
    )

    assert record.classes == (
        Classification(scheme="clc", value="I247.5", edition="5"),
        Classification(scheme="other", value="21.2"),
        Classification(scheme="kkf", value="28.24", edition="3"),
    )
    assert BibFlag.CLASS_NOT_CLC in record.flags


def test_classes_of_marc_21_by_scheme():
    """NO-16."""
    record = from_marc21(
        data("050", "$aML420.S77$bH28 2013"), data("082", "$a782.42/166$223", "0 "),
        data("084", "$aI247.5$2clc"), data("084", "$a58.1$2rvk"),
    )  # fmt: skip

    assert record.classes == (
        Classification(scheme="lcc", value="ML420.S77"),
        Classification(scheme="ddc", value="782.42166", edition="23"),
        Classification(scheme="clc", value="I247.5"),
        Classification(scheme="rvk", value="58.1"),
    )


def test_series_come_from_the_transcribed_field_first():
    chinese = from_cnmarc(
        data("225", "$a外国文学丛书$v第3辑", "2 "), data("461", "$12001 $a另一套$v2", " 0")
    )
    linked = from_cnmarc(data("461", "$12001 $a外国文学丛书$v3$1210  $a北京", " 0"))
    western = from_marc21(
        data("490", "$aGreat novels ;$vv. 3", "1 "), data("830", "$aGreat novels ;$v3.", " 0")
    )

    assert chinese.series == (Series(title="外国文学丛书", volume="第3辑"),)
    assert linked.series == (Series(title="外国文学丛书", volume="3"),)
    assert western.series == (Series(title="Great novels", volume="v. 3"),)


@pytest.mark.parametrize(
    ("dialect", "leader", "fields", "material"),
    [
        (CNMARC, {}, [], Material.BOOK),
        (CNMARC, {"level": "s"}, [], Material.SERIAL),
        (CNMARC, {"type": "l"}, [], Material.ELECTRONIC),
        (CNMARC, {"type": "m"}, [], Material.KIT),
        (CNMARC, {}, [data("215", "$a在线资源(393页)")], Material.ELECTRONIC),
        (CNMARC, {"type": "c"}, [], Material.SCORE),
        (MARC21, {}, [], Material.BOOK),
        (MARC21, {"level": "s"}, [], Material.SERIAL),
        (MARC21, {"type": "e"}, [], Material.MAP),
        (MARC21, {"type": "j"}, [], Material.AUDIO),
        (MARC21, {"type": "m"}, [], Material.ELECTRONIC),
        (MARC21, {}, [data("300", "$a1 online resource (3 p.)")], Material.ELECTRONIC),
    ],
)
def test_material_comes_from_the_leader_and_the_carrier(dialect, leader, fields, material):
    """NO-17."""
    build = marc21_fields if dialect is MARC21 else cnmarc

    assert neutral(build(*fields), dialect=dialect, **leader).material == material


def test_audience_comes_from_the_coded_field():
    """NO-17."""
    coded = "20050221d2005    bc y0chiy50      ea"

    assert from_cnmarc(data("100", f"$a{coded}")).audience == Audience.CHILDREN
    assert from_cnmarc().audience == Audience.ADULT
    young = control("008", "240115s2005    cc     d      000 1 chi d")
    assert from_marc21(young).audience == Audience.YOUTH
    assert from_marc21().audience == Audience.UNKNOWN


def test_notes_summary_and_links():
    record = from_cnmarc(
        data("300", "$a据英文版译出"), data("320", "$a有书目"), data("330", "$a一个 男孩的故事。"),
        data("856", "$uhttps://example.org/1$z全文", "40"),
    )  # fmt: skip

    assert record.notes == ("据英文版译出", "有书目")
    assert record.summary == "一个 男孩的故事。"
    assert record.urls == ("https://example.org/1",)


# --- the entry ------------------------------------------------------------------------------------


def test_a_deleted_record_is_known_by_its_leader():
    assert read(cnmarc(), status="d").is_deleted
    assert not read(cnmarc()).is_deleted


@pytest.mark.parametrize(
    ("dialect", "kind"), [(MARC21, "z"), (MARC21, "x"), (CNMARC, "x"), (UNIMARC, "z")]
)
def test_authorities_and_holdings_are_refused_with_their_type(dialect, kind):
    fields = marc21_fields() if dialect is MARC21 else cnmarc()

    found = parse(iso(fields, dialect=dialect, type=kind))

    assert (found.code, found.params) == (ErrorCode.NOT_BIBLIOGRAPHIC, {"type": kind})


def test_where_a_record_comes_from():
    record = from_cnmarc()
    western = from_marc21()

    assert record.format == MarcFormat.CNMARC
    assert (record.control_number, record.control_agency) == ("CN0001", "XIAOSHU")
    assert record.modified == "20240115103000.0"
    assert (western.control_number, western.control_agency) == ("M0001", "XX-XxX")
