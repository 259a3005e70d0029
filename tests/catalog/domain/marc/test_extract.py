"""Rules NO-1, NO-2, NO-3 and NO-19: bytes of one record to its fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse
from catalog.domain.marc.problems import ErrorCode, Flag, RecordError
from catalog.domain.marc.write import marcxml_record, write_marcxml
from catalog.domain.records import MarcFormat
from tests.catalog.domain.marc.build import (
    CNMARC,
    MARC21,
    UNIMARC,
    assemble,
    cnmarc,
    control,
    data,
    iso,
    marc8,
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


def test_fields_come_with_indicators_and_subfields_in_order():
    found = fields_of(iso(cnmarc(title=f"$a{HAN}$9she diao$f金庸著")))

    assert found.leader[5:8] == "nam"
    assert found.control("001") == "CN0001"
    assert found.fields("200") == [("1 ", [("a", HAN), ("9", "she diao"), ("f", "金庸著")])]
    assert found.fields("999") == []
    assert found.control("009") == ""


def test_tags_that_are_not_digits_and_codes_in_upper_case_are_kept():
    found = fields_of(
        iso([*cnmarc(title="$a书$AShu"), data("AVA", "$0990$a馆"), data("-01", "$ax")])
    )

    assert found.fields("AVA") == [("  ", [("0", "990"), ("a", "馆")])]
    assert found.fields("-01") == [("  ", [("a", "x")])]
    assert ("A", "Shu") in found.fields("200")[0][1]


# --- characters (NO-1) ----------------------------------------------------------------------------

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


# --- dialects (NO-3) ------------------------------------------------------------------------------


def test_the_dialect_is_found_from_the_fields():
    """NO-3."""
    assert fields_of(iso(cnmarc())).format == MarcFormat.CNMARC
    assert fields_of(iso(marc21(), dialect=MARC21)).format == MarcFormat.MARC21
    french = cnmarc(
        data("100", "$a19970701d1927    m  y0frey0103    ba"), data("101", "$afre"),
        data("102", "$aFR"), data("801", "$aFR$bBNF"), title="$aJohn Fell",
    )  # fmt: skip
    assert fields_of(iso(french, dialect=UNIMARC)).format == MarcFormat.UNIMARC


def test_a_members_word_on_the_dialect_settles_only_what_is_open():
    """NO-3."""
    open_record = cnmarc(title="$aPlain", without="100 102 801")

    assert fields_of(iso(open_record)).format == MarcFormat.UNIMARC
    assert fields_of(iso(open_record), format_hint=CNMARC).format == MarcFormat.CNMARC
    assert fields_of(iso(marc21(), dialect=MARC21), format_hint=CNMARC).format == MarcFormat.MARC21


# --- structure (NO-19) ----------------------------------------------------------------------------


def test_fields_in_another_order_than_their_directory_are_found():
    """NO-19: a directory need not follow the order of the data (ISO 2709)."""
    record = assemble([("001", b"1"), ("245", b"10\x1faTitle"), ("500", b"  \x1faNote")])
    first, second, third = (record[at : at + 12] for at in (24, 36, 48))
    shuffled = record.replace(first + second + third, third + first + second)

    found = fields_of(shuffled)

    assert found.control("001") == "1"
    assert found.fields("245") == [("10", [("a", "Title")])]
    assert found.flags == []


def test_a_file_converted_to_utf_8_after_it_was_written_is_split_again():
    """NO-19: directory and length still count GBK bytes."""
    gbk = iso(cnmarc(title=f"$a{HAN}$f金庸著"), encoding="gb18030")
    converted = gbk.decode("gb18030").encode()

    found = parsed(converted)

    assert found.record.title == HAN
    assert Flag.DIRECTORY_REPAIRED in found.flags


@pytest.mark.parametrize("base", ["00000", "99999", "abcde"])
def test_a_wrong_base_address_is_found_from_the_directory(base):
    """NO-19."""
    found = fields_of(with_leader(iso(cnmarc()), 12, base))

    assert found.control("001") == "CN0001"
    assert Flag.LEADER_REPAIRED in found.flags


@pytest.mark.parametrize("size", [22, 23, 25])
def test_a_leader_too_short_or_too_long_is_mended(size):
    """NO-19."""
    record = iso(cnmarc())
    leader = (record[:24] + b"    ")[:size]

    found = fields_of(leader + record[24:])

    assert found.fields("200")
    assert len(found.leader) == 24


def test_fields_longer_than_the_directory_can_say_are_read():
    """NO-19: five digits where four are allowed."""
    long = b"  \x1fa" + b"x" * 11_000
    record = assemble(
        [("001", b"1"), ("245", b"10\x1faTitle"), ("520", long), ("650", b" 0\x1faX")]
    )

    found = fields_of(record)

    assert found.fields("245") == [("10", [("a", "Title")])]
    assert len(found.fields("520")[0][1][0][1]) == 11_000
    assert found.fields("650") == [(" 0", [("a", "X")])]
    assert {Flag.OVERSIZE, Flag.DIRECTORY_REPAIRED} <= set(found.flags)


def test_a_directory_that_fits_nothing_is_refused_with_its_figures():
    """NO-19."""
    record = iso(cnmarc())
    extra = record[:-1] + b"stray\x1emore\x1e\x1d"

    found = decode(extra)

    assert isinstance(found, RecordError)
    assert found.code == ErrorCode.BAD_DIRECTORY
    assert found.params == {"entries": 7, "fields": 9}


def test_missing_indicators_and_subfields_are_flagged_not_lost():
    """NO-19."""
    record = assemble(
        [("001", b"1"), ("100", b"\x1faSmith"), ("245", b"1\x1faTitle"), ("300", b"no subfields")]
    )

    found = fields_of(record)

    assert found.fields("100") == [("  ", [("a", "Smith")])]
    assert found.fields("245") == [("1 ", [("a", "Title")])]
    assert {Flag.INDICATORS_REPAIRED, Flag.SUBFIELDS_MISSING} <= set(found.flags)


def test_an_indicator_of_several_bytes_does_not_shift_the_field():
    record = assemble([("001", b"1"), ("245", "1\u00a0\x1faTitle\x1fbmore".encode())])

    assert fields_of(record).fields("245")[0][1] == [("a", "Title"), ("b", "more")]


@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_no_bytes_make_parsing_fail(blow, at):
    """NO-19: whatever is in a record, the answer is a record or an error."""
    record = iso(cnmarc(title=f"$a{HAN}"), encoding="gb18030")
    where = at % len(record)

    for content in (blow, record[:where] + blow + record[where + len(blow) :], b"<record" + blow):
        assert isinstance(parse(content), ParsedRecord | RecordError)


# --- MARCXML --------------------------------------------------------------------------------------


def an_element(fields, dialect=CNMARC):
    return marcxml_record(fields, format=dialect).strip().encode()


def test_a_record_is_the_same_in_xml_and_in_iso_2709():
    fields = cnmarc(data("300", "$aA & B < C > \"D\" 'E'"), title=f"$a{HAN}$9she diao$f金庸著")

    assert parsed(an_element(fields)).record == parsed(iso(fields)).record


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda x: x.replace(b"<", b"<marc:").replace(b"<marc:/", b"</marc:"),
        lambda x: x.replace(b"<datafield", b"<!-- a remark --><datafield"),
        lambda x: x.replace("书名".encode(), "<![CDATA[书名]]>".encode()),
        lambda x: x.replace("书名".encode(), b"&#20070;&#x540D;"),
        lambda x: x.replace(b"><", b">\n  <"),
        lambda x: x.replace(b'"', b"'"),
        lambda x: x.replace(b' format="CNMARC"', b""),
    ],
)
def test_the_ways_of_writing_xml_make_no_difference(rewrite):
    plain = an_element(cnmarc(title="$a书名$f著者"))

    assert parsed(rewrite(plain)).record == parsed(plain).record


def test_illegal_characters_and_unknown_entities_are_repaired_and_flagged():
    element = (
        an_element(cnmarc(title="$a书|名~")).replace(b"|", b"\x1f").replace(b"~", b"&nbsp;&foo; x")
    )

    found = parsed(element)

    assert found.record.title == "书名 &foo; x"
    assert Flag.XML_REPAIRED in found.flags


def test_xml_that_cannot_be_mended_says_where():
    element = an_element(cnmarc()).replace(b"</datafield>", b"", 1)

    found = parse(element)

    assert isinstance(found, RecordError)
    assert found.code == ErrorCode.XML_ILL_FORMED
    assert found.params["line"] >= 1


def test_two_records_run_together_are_not_taken_for_one():
    element = an_element(cnmarc())
    joined = element[: -len("</record>")] + element[element.index(b"<leader") :]

    found = parse(joined)

    assert isinstance(found, RecordError)
    assert found.code == ErrorCode.XML_ILL_FORMED


def test_an_entity_cannot_be_defined():
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + an_element(
        cnmarc(title="$a&b;")
    ).replace(b"&amp;b;", b"&b;")

    found = parse(bomb)

    assert isinstance(found, RecordError)
    assert found.code == ErrorCode.XML_ILL_FORMED


def test_gb18030_in_xml_is_recognised_too():
    element = write_marcxml([cnmarc(title=f"$a{HAN}$f金庸著")], format=CNMARC).decode()
    cut = element[element.index("<record") : element.index("</collection>")].strip()

    assert parsed(cut.encode("gb18030")).record.title == HAN


def test_blanks_of_a_leader_printed_as_dashes_are_blanks():
    element = an_element(cnmarc()).replace(b"<leader>00000nam", b"<leader>-----nam")

    assert parsed(element.replace(b"   450 ", b"---450-")).record == parsed(element).record


def test_marc8_helper_writes_what_a_decoder_reads():
    assert b"\x1b$1" in marc8("射")
