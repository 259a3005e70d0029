"""Rules NO-1 and NO-2: which characters the bytes of a record mean."""

import pytest

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.problems import Flag
from tests.catalog.domain.marc.build import (
    MARC21,
    assemble,
    cnmarc,
    control,
    data,
    iso,
    marc8_record,
    marc21,
    parsed,
    with_leader,
)

HAN = "射雕英雄传"


def fields_of(record, **hints):
    found = decode(record, **hints)
    assert isinstance(found, MarcFields), found
    return found


CHINESE = marc21(
    control("008", "240115s2005    cc            000 0 chi d"),
    data("100", "$a金庸,$d1924-2018,$e著.", "1 "),
    data("260", "$a北京 :$b三联书店,$c1994."),
    title=f"$a{HAN} :$b小说 /$c金庸著.",
)


def test_four_byte_forms_of_one_record_give_the_same_neutral_json():
    """NO-1: GB18030, UTF-8 with and without leader/09 = a, MARC-8 with EACC."""
    utf8 = iso(CHINESE, dialect=MARC21)
    forms = {
        "gb18030": with_leader(iso(CHINESE, dialect=MARC21, encoding="gb18030"), 9, " "),
        "utf-8 blank": with_leader(utf8, 9, " "),
        "utf-8": utf8,
        "marc-8": with_leader(marc8_record(_in_eacc(CHINESE)), 9, " "),
    }

    found = {name: parsed(form).record.to_json() for name, form in forms.items()}

    expected = found["utf-8"]
    assert expected["titles"][0]["text"] == HAN
    # EACC knows the traditional forms only, so that form is compared with its own twin in UTF-8.
    assert found["gb18030"] == found["utf-8 blank"] == expected
    assert found["marc-8"] == parsed(iso(_in_eacc(CHINESE), dialect=MARC21)).record.to_json()


def _in_eacc(fields):
    simple, traditional = "传联书说", "傳聯書說"
    table = str.maketrans(simple, traditional)
    return [(t, i, [(c, v.translate(table)) for c, v in subs]) for t, i, subs in fields]


@pytest.mark.parametrize("claim", ["50      ", "0110    ", "0120    "])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_what_100_says_about_its_characters_is_not_believed(claim, encoding):
    """NO-1."""
    coded = f"20050221d2005    em y0chiy{claim}ea"
    record = iso(cnmarc(data("100", f"$a{coded}"), title=f"$a{HAN}$f金庸著"), encoding=encoding)

    found = parsed(record)

    assert found.encoding == encoding
    assert found.record.title == HAN


def test_utf_8_chinese_is_never_read_as_gb18030():
    """NO-1: both decode it without error."""
    record = with_leader(iso(cnmarc(title=f"$a{HAN}")), 9, " ")
    record.decode("gb18030", "strict") if _is_valid(record, "gb18030") else None

    assert parsed(record).record.title == HAN


def _is_valid(record, encoding):
    try:
        record.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def test_leader_09_that_says_marc_8_over_a_body_in_utf_8_is_not_believed():
    """NO-1."""
    record = with_leader(iso(marc21(title="$aPréjugés /$cJosé."), dialect=MARC21), 9, " ")

    assert parsed(record).record.title == "Préjugés"


def test_marc_8_accents_are_decoded_and_composed():
    """NO-1, NO-2."""
    record = marc8_record(marc21(title="$aOrgueil et préjugés : essai sur Düsseldorf"))

    found = parsed(record)

    assert found.encoding == "marc-8"
    assert found.record.title == "Orgueil et préjugés : essai sur Düsseldorf"


def test_a_marc_8_character_without_mapping_is_said_to_be_lost():
    record = assemble([("001", b"1"), ("245", b"10\x1fa\x1b$1!!!\x1b(Bbook")])

    found = parsed(record)

    assert Flag.CHARACTERS_LOST in found.flags
    assert "\ufffd" in found.record.title


def test_a_western_book_catalogued_in_china_has_few_han_characters_in_gbk():
    """NO-1: single marks between Latin letters look like accents, but the record is of China."""
    fields = cnmarc(data("101", "$aeng"), data("215", "$a306页"), title="$aTea—a history$fA·Writer")

    found = parsed(iso(fields, encoding="gb18030"))

    assert (found.encoding, found.record.title) == ("gb18030", "Tea—a history")


def test_traditional_chinese_in_big5_is_recognised():
    """NO-1."""
    text = "紅樓夢研究資料彙編上冊台灣大學圖書館藏書目錄"
    record = assemble(
        [("001", b"1"), ("101", b"0 \x1fachi"), ("200", b"1 \x1fa" + text.encode("big5hkscs"))]
    )

    found = parsed(record)

    assert (found.encoding, found.record.title) == ("big5hkscs", text)


def test_traditional_chinese_in_gbk_is_not_taken_for_big5():
    """NO-1."""
    text = "紅樓夢研究資料彙編上冊台灣大學圖書館藏書目錄"
    record = assemble(
        [("001", b"1"), ("101", b"0 \x1fachi"), ("200", b"1 \x1fa" + text.encode("gb18030"))]
    )

    assert parsed(record).record.title == text


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_cyrillic_is_read_by_the_members_word(encoding):
    """NO-1."""
    body = "Уездное: Романы".encode(encoding)
    record = assemble([("001", b"1"), ("101", b"0 \x1farus"), ("200", b"1 \x1fa" + body)])

    assert parsed(record, encoding_hint=encoding).record.title == "Уездное: Романы"
    assert Flag.ENCODING_GUESSED in parsed(record).flags


def test_a_members_word_gives_way_to_plain_utf_8():
    """NO-1: profiles outlive system changes."""
    record = iso(cnmarc(title=f"$a{HAN}$f金庸著"))

    found = parsed(record, encoding_hint="gbk")

    assert (found.encoding, found.record.title) == ("utf-8", HAN)
    assert Flag.ENCODING_NOT_AS_HINTED in found.flags


def test_a_members_word_settles_what_is_open():
    """NO-1: two bytes that are é in MARC-8's neighbour Latin-1, and a Han character in GBK."""
    record = assemble([("001", b"1"), ("245", b"10\x1fa\xc9\xe4")])

    assert parsed(record, encoding_hint="gb18030").record.title == "射"
    assert parsed(record, encoding_hint="latin-1").record.title == "Éä"


def test_an_unknown_encoding_is_refused_when_the_profile_is_made():
    with pytest.raises(ValueError, match="klingon"):
        SourceProfile(encoding_hint="klingon")


def test_utf_8_with_a_broken_byte_loses_that_character_only():
    """NO-1."""
    record = iso(cnmarc(title=f"$a{HAN}$f金庸著")).replace("雕".encode(), b"\xe9\x9b\x3f")

    found = parsed(record)

    assert found.encoding == "utf-8"
    assert found.record.title.startswith("射")
    assert found.record.title.endswith("英雄传")
    assert Flag.CHARACTERS_LOST in found.flags


def test_decomposed_letters_and_references_become_characters():
    """NO-2."""
    record = iso(marc21(title="$aCafe\u0301 &#23556;&#x96D5; AT&amp;T &copy 1"), dialect=MARC21)

    found = parsed(record)

    assert found.record.title == "Café 射雕 AT&T &copy 1"
    assert Flag.ENTITIES_UNESCAPED in found.flags


def test_a_reference_cannot_forge_a_delimiter():
    """NO-2."""
    record = iso(marc21(title="$aBook&#31;bForged&#30;"), dialect=MARC21)

    assert len(fields_of(record).fields("245")[0][1]) == 1


def test_a_mark_at_the_start_of_a_subfield_does_not_eat_its_code():
    """NO-2."""
    record = iso(marc21(title="$a\u0301x$bcafe\u0301"), dialect=MARC21)

    assert [code for code, _ in fields_of(record).fields("245")[0][1]] == ["a", "b"]


def test_control_characters_do_not_reach_the_neutral_record():
    """NO-2."""
    record = (
        iso(marc21(title="$aOne|two~ three"), dialect=MARC21)
        .replace(b"|", b"\x00")
        .replace(b"~", b"\x07")
    )

    assert parsed(record).record.title == "Onetwo three"
