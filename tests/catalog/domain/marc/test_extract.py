"""Rules NO-3 and NO-19: the fields of a record, and the dialect they are in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import ParsedRecord, parse
from catalog.domain.marc.problems import ErrorCode, Flag, RecordError
from catalog.domain.records import MarcFormat
from tests.catalog.domain.marc.build import (
    CNMARC,
    MARC21,
    UNIMARC,
    assemble,
    cnmarc,
    data,
    iso,
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
