"""Rules NO-8 to NO-17 and NO-20: both crosswalks, side by side."""

from dataclasses import replace

import pytest

from catalog.domain.marc import marc21, unimarc
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import BibFlag, ErrorCode
from catalog.domain.marc.values import (
    parse_extent,
    parse_year,
    personal_name,
    role_of,
    split_statement,
    strip_isbd,
    title_text,
)
from catalog.domain.records import (
    Audience,
    Classification,
    Contributor,
    IdentifierKind,
    MarcFormat,
    Material,
    Series,
    Title,
    TitleKind,
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


# --- titles (NO-11, NO-15) ------------------------------------------------------------------------


def test_titles_of_cnmarc_by_kind():
    """NO-15."""
    record = from_cnmarc(
        data("454", "$12001 $aHeidi's years$1700 1$aSpyri", " 0"),
        data("500", "$a红楼梦", "10"),
        data("517", "$a石头记$9shi tou ji", "1 "),
        title="$a红楼梦 [专著]$b专著$9hong lou meng$d= Dream of the red chamber$e校注本",
    )

    assert record.titles == (
        Title(text="红楼梦", pinyin="hong lou meng"),
        Title(text="Dream of the red chamber", kind=TitleKind.PARALLEL),
        Title(text="校注本", kind=TitleKind.OTHER),
        Title(text="红楼梦", kind=TitleKind.UNIFORM),
        Title(text="石头记", kind=TitleKind.VARIANT, pinyin="shi tou ji"),
        Title(text="Heidi's years", kind=TitleKind.ORIGINAL),
    )
    assert record.subtitle == "校注本"


def test_titles_of_marc_21_by_kind():
    """NO-15."""
    record = from_marc21(
        data("041", "$aeng$hger", "1 "),
        data("240", "$aHeidis Lehrjahre.$lEnglish", "10"),
        data("246", "$aHeidi's apprenticeship", "3 "),
        data("246", "$aHeidi auf Englisch", "31"),
        title="$aHeidi's years of wandering [text] :$ba tale = Eine Geschichte /$cJohanna Spyri.",
    )

    assert record.titles == (
        Title(text="Heidi's years of wandering"),
        Title(text="a tale", kind=TitleKind.OTHER),
        Title(text="Eine Geschichte", kind=TitleKind.PARALLEL),
        Title(text="Heidis Lehrjahre", kind=TitleKind.ORIGINAL),
        Title(text="Heidi's apprenticeship", kind=TitleKind.VARIANT),
        Title(text="Heidi auf Englisch", kind=TitleKind.PARALLEL),
    )


def test_a_second_title_by_the_same_author_is_another_work():
    """NO-15."""
    record = from_cnmarc(title="$a呐喊$9na han$a彷徨$9pang huang$f鲁迅著")

    assert record.titles == (
        Title(text="呐喊", pinyin="na han"),
        Title(text="彷徨", kind=TitleKind.VARIANT, pinyin="pang huang"),
    )


def test_a_variant_that_repeats_another_title_is_left_out():
    """NO-15."""
    record = from_marc21(data("740", "$aOrdinary book."), data("246", "$aOther name", "3 "))

    assert [one.text for one in record.titles] == ["Ordinary book", "Other name"]


def test_a_romanised_first_title_is_the_pinyin_of_the_next():
    """NO-11."""
    record = from_cnmarc(title="$aSHU MING$a书名$f著者")

    assert record.titles == (Title(text="书名", pinyin="SHU MING"),)
    assert BibFlag.PINYIN_AS_TITLE in record.flags


def test_an_880_without_partner_still_counts():
    """NO-11: occurrence 00."""
    record = from_marc21(
        data("245", "$aTitle", "10"),
        data("246", "$6880-01$aBie ming", "3 "),
        data("880", "$6246-01/$1$a别名", "3 "),
        data("880", "$6700-00/$1$a无名氏", "1 "),
    )

    assert Title(text="别名", kind=TitleKind.VARIANT, pinyin="Bie ming") in record.titles
    assert [one.name for one in record.contributors] == ["无名氏"]


def test_part_number_and_part_name_stay_apart_from_the_title():
    """NO-15."""
    chinese = from_cnmarc(title="$a史记$h第2卷$i本纪$f司马迁著")
    western = from_marc21(title="$aHistory.$nVolume 2,$pAnnals /$cSima Qian.")

    assert (chinese.title, chinese.volume, chinese.part_name) == ("史记", "第2卷", "本纪")
    assert (western.title, western.volume, western.part_name) == ("History", "Volume 2", "Annals")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Friendly fire /", "Friendly fire"),
        ("Handa shishi.", "Handa shishi"),
        ("Open source GIS [electronic resource] :", "Open source GIS"),
        ("射雕英雄传 [专著]", "射雕英雄传"),
        ("And so on ...", "And so on ..."),
        ("Letters of M.", "Letters of M."),
    ],
)
def test_a_title_loses_the_punctuation_of_the_next_area_only(written, shown):
    """NO-12, NO-15."""
    assert title_text(written) == shown


# --- people (NO-12, NO-13, NO-14) -----------------------------------------------------------------


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


# --- what a cataloguer should look at (NO-20) -----------------------------------------------------


@pytest.mark.parametrize("title", ["镕基〓话实录", "字\ue000谜", "??之书", "损\ufffd坏"])
def test_characters_lost_on_the_way_are_flagged(title):
    """NO-20."""
    assert BibFlag.CHARACTERS_UNENCODED in from_cnmarc(title=f"$a{title}").flags


@pytest.mark.parametrize(
    "title",
    [
        "射雕英雄传奇".encode().decode("gb18030", "ignore"),
        "Préjugés et réalités".encode().decode("cp1252"),
    ],
)
def test_utf_8_read_as_something_else_is_flagged(title):
    """NO-20."""
    assert BibFlag.MOJIBAKE in from_cnmarc(title=f"$a{title}").flags


@pytest.mark.parametrize("title", ["射雕英雄传", "Préjugés", "ＡＢＣ入门", "紅樓夢", "ソーシャル"])
def test_sound_titles_are_not_flagged(title):
    """NO-20."""
    assert not from_cnmarc(title=f"$a{title}").flags


def test_a_record_without_title_or_number_is_kept_and_flagged():
    """NO-20."""
    record = from_cnmarc(without="001 200")

    assert record.title == ""
    assert set(record.flags) >= {BibFlag.NO_TITLE, BibFlag.NO_CONTROL_NUMBER}


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
