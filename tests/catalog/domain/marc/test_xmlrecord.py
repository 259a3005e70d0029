"""One MARCXML element, in all the ways systems write it."""

import pytest

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import parse
from catalog.domain.marc.problems import ErrorCode, Flag, RecordError
from catalog.domain.marc.write import marcxml_record, write_marcxml
from tests.catalog.domain.marc.build import (
    CNMARC,
    cnmarc,
    data,
    iso,
    marc8,
    parsed,
)

HAN = "射雕英雄传"


def fields_of(record, **hints):
    found = decode(record, **hints)
    assert isinstance(found, MarcFields), found
    return found


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
