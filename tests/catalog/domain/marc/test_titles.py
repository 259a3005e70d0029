"""Rules NO-11, NO-12, NO-15, NO-20 and NO-23: what a record is called, and whether that can be."""

import pytest

from catalog.domain.marc.problems import BibFlag
from catalog.domain.marc.values import (
    title_text,
)
from catalog.domain.records import (
    Title,
    TitleKind,
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


@pytest.mark.parametrize(
    ("note", "title"),
    [
        ("书名原文: The great Gatsby", "The great Gatsby"),
        ("书名原文：《Le rouge et le noir》", "Le rouge et le noir"),
        ("译自: Pride and prejudice.", "Pride and prejudice"),
        ("据英文版转译。原书名: Преступление и наказание。附年表", "Преступление и наказание"),
        ("译自法国伽利玛出版社1972年版", ""),
        ("译自: 人民文学出版社版", ""),
        ("原名: 红楼梦", ""),
    ],
)
def test_the_original_title_told_in_a_note_is_kept_as_such(note, title):
    """NO-23."""
    record = from_cnmarc(data("304", f"$a{note}"))

    found = [one.text for one in record.titles if one.kind is TitleKind.ORIGINAL]
    assert found == ([title] if title else [])
    assert record.notes == (note,)


def test_a_field_for_the_original_title_goes_before_a_note():
    """NO-23."""
    record = from_marc21(
        data("041", "$achi$hfre", "1 "),
        data("240", "$aRouge et le noir.$lChinese", "10"),
        data("500", "$aTranslation of: Le rouge et le noir, chronique du XIXe siecle."),
    )

    found = [one.text for one in record.titles if one.kind is TitleKind.ORIGINAL]
    assert found == ["Rouge et le noir"]


def test_selections_of_a_work_do_not_name_it_as_their_original():
    """NO-15: 240 $k."""
    record = from_marc21(
        data("041", "$aeng$hfre", "1 "), data("240", "$aEssais.$kSelections.$lEnglish", "10")
    )

    assert [one.kind for one in record.titles] == [TitleKind.MAIN, TitleKind.UNIFORM]
