"""Rule NO-19: a file is cut into records, and damage costs only the records it touches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.marc import read as reader
from catalog.domain.marc.problems import ErrorCode, Flag
from catalog.domain.marc.read import (
    FileKind,
    Quarantined,
    RawRecord,
    read_iso2709,
    read_marcxml,
    read_records,
    sniff,
)
from catalog.domain.marc.write import write_marcxml
from tests.catalog.domain.marc.build import CNMARC, MARC21, cnmarc, control, data, iso, marc21

GAP = b"\r\n\x1a\x00 \t"


def a_record(number, title="$a书名"):
    return iso(cnmarc(control("001", f"CN{number:04d}"), title=f"{title}{number}"))


def a_file(count, between=b""):
    return between.join(a_record(n) for n in range(count))


def in_chunks(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def assert_every_byte_is_accounted_for(content, outcomes, gap=GAP):
    """Each byte is in one outcome, or in a gap between two; a file may begin with a BOM."""
    at = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    for number, outcome in enumerate(outcomes, start=1):
        assert outcome.position == number
        assert set(content[at : outcome.offset]) <= set(gap), content[at : outcome.offset]
        assert content[outcome.offset : outcome.end] == outcome.data
        assert outcome.data
        at = outcome.end
    assert set(content[at:]) <= set(gap)


def test_records_come_in_order_with_their_place():
    content = a_file(3)

    outcomes = list(read_iso2709([content]))

    assert [type(o) for o in outcomes] == [RawRecord] * 3
    assert [o.position for o in outcomes] == [1, 2, 3]
    assert [content[o.offset : o.end] for o in outcomes] == [o.data for o in outcomes]
    assert not any(o.flags for o in outcomes)


def test_line_ends_between_records_belong_to_none():
    content = b"\xef\xbb\xbf" + a_file(3, between=b"\x1d"[:0] + b"\r\n") + b"\r\n\x1a"

    outcomes = list(read_iso2709([content]))

    assert [o.data for o in outcomes] == [a_record(n) for n in range(3)]
    assert outcomes[0].offset == 3


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_the_cut_into_chunks_does_not_matter(size):
    content = a_file(3) + b"garbage \x1d" + a_file(2) + a_record(9)[:-30]

    assert list(read_iso2709(in_chunks(content, size))) == list(read_iso2709([content]))


@pytest.mark.parametrize(
    "garbage", [b"GARBAGE\x1d", b"\x1d", b"<html>error 500</html>\x1d", b"GARBAGE"]
)
def test_garbage_between_records_costs_no_record(garbage):
    content = a_file(2) + garbage + a_file(2)

    outcomes = list(read_iso2709([content]))

    assert [o.data for o in outcomes if isinstance(o, RawRecord)] == [
        a_record(n) for n in (0, 1)
    ] * 2
    assert [o.data for o in outcomes if isinstance(o, Quarantined)] == [garbage]
    assert outcomes[2].offset == len(a_file(2))


def test_one_corrupt_record_among_many_is_the_only_one_lost():
    good = [a_record(n) for n in range(1000)]
    broken = b"\x00" * 24 + good[500][24:]
    content = b"".join([*good[:500], broken, *good[501:]])

    outcomes = list(read_iso2709(in_chunks(content, 65536)))

    lost = [o for o in outcomes if isinstance(o, Quarantined)]
    assert len(outcomes) - len(lost) == 999
    assert [o.code for o in lost] == [ErrorCode.NO_LEADER]
    assert lost[0].data.endswith(good[500][24:])
    assert_every_byte_is_accounted_for(content, outcomes)


@pytest.mark.parametrize("length", ["00000", "00100", "99999", "     ", "abcde"])
def test_a_wrong_length_in_the_leader_is_only_flagged(length):
    wrong = length.encode() + a_record(1)[5:]
    content = a_record(0) + wrong + a_record(2)

    outcomes = list(read_iso2709([content]))

    assert [o.data for o in outcomes] == [a_record(0), wrong, a_record(2)]
    assert outcomes[1].flags == (Flag.LENGTH_WRONG,)


def test_a_record_that_lost_its_terminator_is_taken_and_so_is_the_next():
    content = a_record(0)[:-1] + a_record(1)

    outcomes = list(read_iso2709([content]))

    assert [o.data for o in outcomes] == [a_record(0)[:-1], a_record(1)]
    assert outcomes[0].flags == (Flag.TERMINATOR_MISSING,)


def test_a_record_cut_short_by_the_next_is_quarantined_alone():
    content = a_record(0)[:-40] + a_record(1)

    lost, kept = read_iso2709([content])

    assert (lost.code, lost.data) == (ErrorCode.TRUNCATED, a_record(0)[:-40])
    assert kept.data == a_record(1)


def test_a_file_that_ends_inside_a_record_says_so():
    content = a_record(0) + a_record(1)[:-10]

    kept, lost = read_iso2709(in_chunks(content, 100))

    assert kept.data == a_record(0)
    assert (lost.code, lost.offset) == (ErrorCode.TRUNCATED, len(a_record(0)))


def test_a_terminator_inside_a_record_does_not_end_it():
    fields = cnmarc(data("300", "$a附注|二", "  "))
    content = iso(fields).replace(b"|", b"\x1d")

    (outcome,) = read_iso2709([content])

    assert outcome.data == content
    assert outcome.flags == (Flag.STRAY_TERMINATOR,)


def test_a_record_longer_than_its_leader_can_say_is_taken():
    from tests.catalog.domain.marc.build import assemble

    notes = [("300", b"  \x1fa" + b"x" * 9000)] * 12
    long = assemble([("001", b"1"), ("200", b"1 \x1faT"), *notes])
    content = a_record(0) + b"99999" + long[6:] + a_record(1)

    outcomes = list(read_iso2709([content]))

    assert [type(o) for o in outcomes] == [RawRecord] * 3
    assert outcomes[1].flags == (Flag.OVERSIZE,)


def test_a_stretch_without_any_end_is_given_up_in_bounded_pieces(monkeypatch):
    monkeypatch.setattr(reader, "MAX_SPAN", 5000)
    content = b"x" * 12_000 + b"\x1d" + a_record(1)

    whole = list(read_iso2709([content]))
    streamed = list(read_iso2709(in_chunks(content, 999)))

    assert whole == streamed
    assert isinstance(whole[-1], RawRecord)
    assert [o.code for o in whole[:2]] == [ErrorCode.NO_TERMINATOR] * 2
    assert_every_byte_is_accounted_for(content, whole)


@pytest.mark.parametrize("kind", list(FileKind))
def test_reading_goes_on_from_any_record_boundary(kind):
    content = a_file(5) + b"?!\x1d" + a_file(2)
    if kind == FileKind.MARCXML:
        content = write_marcxml([cnmarc(control("001", str(n))) for n in range(6)], format=CNMARC)
    whole = list(read_records([content], kind=kind))

    for at in whole:
        rest = read_records([content[at.end :]], kind=kind, offset=at.end, position=at.position + 1)

        assert list(rest) == whole[at.position :]


damage = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "double"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=9)
        | st.sampled_from([b"\x1d", b"\x1e", b"\x1d\x1d", b"00099"]),
    ),
    max_size=5,
)


def damaged(content, blows):
    for kind, where, material in blows:
        at = int(where * len(content))
        if kind == "flip":
            content = content[:at] + material + content[at + len(material) :]
        elif kind == "cut":
            content = content[:at] + content[at + 10 * len(material) :]
        elif kind == "insert":
            content = content[:at] + material + content[at:]
        else:
            content = content[:at] + content[max(0, at - 50) :]
    return content


@given(damage, st.integers(1, 400))
def test_every_byte_of_a_damaged_file_is_in_one_place(blows, size):
    content = damaged(a_file(4, between=b"\r\n"), blows)

    outcomes = list(read_iso2709(in_chunks(content, size)))

    assert_every_byte_is_accounted_for(content, outcomes)
    assert outcomes == list(read_iso2709([content]))


@given(st.binary(max_size=300))
def test_any_bytes_at_all_can_be_read(content):
    assert_every_byte_is_accounted_for(content, list(read_iso2709([content])))


# --- MARCXML ------------------------------------------------------------------------------------


def an_xml_file(count, encoding="utf-8"):
    records = [marc21(control("001", f"X{n}"), title=f"$a书 <{n}> & more") for n in range(count)]
    return write_marcxml(records, format=MARC21)


def test_markup_is_told_from_iso_2709_by_its_first_bytes():
    assert sniff(an_xml_file(1)[:64]) == FileKind.MARCXML
    assert sniff(b"\xef\xbb\xbf  \r\n<collection>") == FileKind.MARCXML
    assert sniff(a_record(1)[:64]) == FileKind.ISO2709
    assert sniff(b"") == FileKind.ISO2709


@pytest.mark.parametrize("size", [1, 13, 100, 100_000])
def test_xml_records_are_cut_out_as_sent(size):
    content = an_xml_file(3)

    outcomes = list(read_marcxml(in_chunks(content, size)))

    assert [type(o) for o in outcomes] == [RawRecord] * 3
    assert [o.position for o in outcomes] == [1, 2, 3]
    for outcome in outcomes:
        assert content[outcome.offset : outcome.end] == outcome.data
        assert outcome.data.startswith(b"<record") and outcome.data.endswith(b"</record>")


def test_an_envelope_of_records_around_records_is_no_record():
    inner = an_xml_file(2).split(b">\n", 2)[2].replace(b"</collection>\n", b"")
    first, second = (b"<record" + one for one in inner.split(b"<record")[1:])
    content = (
        b'<?xml version="1.0"?><OAI-PMH><ListRecords><record><header><identifier>oai:x:1'
        b"</identifier></header><metadata>" + first + b"</metadata></record>"
        b"<record><metadata>" + second + b"</metadata></record></ListRecords></OAI-PMH>"
    )  # fmt: skip

    outcomes = list(read_marcxml([content]))

    assert [o.data for o in outcomes] == [first.strip(), second.strip()]


def test_several_roots_and_a_prefix_make_no_difference():
    content = an_xml_file(1) + an_xml_file(1).replace(b"<", b"<marc:").replace(
        b"<marc:/", b"</marc:"
    )

    assert [type(o) for o in read_marcxml([content])] == [RawRecord] * 2


def test_a_record_that_is_not_closed_is_quarantined_and_the_next_is_kept():
    content = an_xml_file(3).replace(b"</record>", b"", 1)

    lost, second, third = read_marcxml(in_chunks(content, 50))

    assert lost.code == ErrorCode.XML_UNCLOSED
    assert b"X0" in lost.data
    assert b"X1" in second.data
    assert b"X2" in third.data


def test_fields_whose_record_tag_is_lost_are_quarantined():
    content = an_xml_file(2).replace(b"<record", b"<rec0rd", 1)

    lost, kept = read_marcxml([content])

    assert lost.code == ErrorCode.XML_STRAY_FIELDS
    assert b"X0" in lost.data
    assert b"X1" in kept.data


def test_a_file_cut_off_inside_a_record_keeps_what_came_before():
    content = an_xml_file(2)[:-60]

    kept, lost = read_marcxml([content])

    assert b"X0" in kept.data
    assert (lost.code, content.endswith(lost.data)) == (ErrorCode.XML_UNCLOSED, True)


def test_a_record_in_a_comment_is_not_read():
    content = b"<collection><!-- <record><leader>x</leader></record> --></collection>"

    assert not [o for o in read_marcxml([content]) if isinstance(o, RawRecord)]


@pytest.mark.parametrize(
    "content", [b"<html><body>Not found</body></html>", b"<collection></collection>"]
)
def test_a_file_without_any_record_says_so(content):
    (lost,) = read_marcxml([content])

    assert (lost.code, lost.data) == (ErrorCode.NO_RECORDS, content)


def test_utf_16_is_named_as_the_reason():
    content = an_xml_file(1).decode().encode("utf-16")

    (lost,) = read_marcxml(in_chunks(content, 100))

    assert (lost.code, lost.data) == (ErrorCode.XML_ENCODING, content)


@given(damage, st.integers(1, 500))
def test_no_field_of_a_damaged_xml_file_is_lost_without_a_word(blows, size):
    content = damaged(an_xml_file(4), blows)

    outcomes = list(read_marcxml(in_chunks(content, size)))

    assert outcomes == list(read_marcxml([content]))
    at, left = 0, b""
    for outcome in outcomes:
        assert at <= outcome.offset
        assert content[outcome.offset : outcome.end] == outcome.data
        left += content[at : outcome.offset]
        at = outcome.end
    left += content[at:]
    assert b"<subfield " not in left or b"<datafield " not in left
