"""What is written is what an independent reader finds, and what we read back."""

import io

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.read import read_marcxml
from catalog.domain.marc.write import LeaderFlags, write_iso2709, write_marcxml
from tests.catalog.domain.marc.build import CNMARC, MARC21, cnmarc, control, data, iso, marc21


def theirs(record):
    return [
        (f.tag, f.data) if f.is_control_field() else (f.tag, [(s.code, s.value) for s in f])
        for f in record.fields
    ]


def ours(fields):
    return [(tag, subs[0][1] if subs[0][0] == "" else list(subs)) for tag, _, subs in fields]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_iso_2709_is_read_by_pymarc_as_it_was_meant(encoding):
    fields = cnmarc(title="$a射雕英雄传 & <其他>$f金庸著")

    record = next(pymarc.MARCReader(iso(fields, encoding=encoding), file_encoding=encoding))

    assert theirs(record) == ours(fields)


def test_marcxml_is_read_by_pymarc_as_it_was_meant():
    records = [cnmarc(title='$a"射雕" & <其他>'), cnmarc(control("001", "CN0002"))]

    found = pymarc.parse_xml_to_array(io.BytesIO(write_marcxml(records, format=CNMARC)))

    assert [theirs(one) for one in found] == [ours(one) for one in records]


@pytest.mark.parametrize(
    ("dialect", "encoding", "coding", "tail"),
    [
        (MARC21, "utf-8", "a", "4500"),
        (MARC21, "gb18030", " ", "4500"),
        (CNMARC, "utf-8", " ", "450 "),
    ],
)
def test_the_leader_follows_the_dialect(dialect, encoding, coding, tail):
    leader = iso(marc21(), dialect=dialect, encoding=encoding, status="c", type="e").decode()[:24]

    assert (leader[5:9], leader[9], leader[20:]) == ("cem ", coding, tail)


text = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Mn")), min_size=1, max_size=30)
written = st.lists(
    st.tuples(
        st.from_regex("[1-8][0-9]{2}", fullmatch=True),
        st.text("0123456789 ", min_size=2, max_size=2),
        st.lists(st.tuples(st.sampled_from("abcdefg9A"), text), min_size=1, max_size=4),
    ),
    min_size=2,
    max_size=6,
)


@given(written)
def test_whatever_is_written_is_read_back(fields):
    import unicodedata

    def normal(subfields):
        return [(code, unicodedata.normalize("NFC", value)) for code, value in subfields]

    fields = [(t, i, [(c, v.replace("&", "+")) for c, v in subs]) for t, i, subs in fields]
    in_xml = next(iter(read_marcxml([write_marcxml([fields], format=CNMARC)]))).data
    for content in (write_iso2709(fields, format=CNMARC), in_xml):
        found = decode(content)

        assert isinstance(found, MarcFields)
        assert list(found.tags) == [tag for tag, _, _ in fields]
        for tag in found.tags:
            expected = [(ind, normal(subs)) for t, ind, subs in fields if t == tag]
            assert found.fields(tag) == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([data("300", "$a" + "长" * 4000)], "field 300 is 12005 bytes"),
        ([data("300", "$a" + "x" * 9000)] * 12, "record is"),
        ([data("300", "$aone\x1ftwo")], "300\\$a holds a control character"),
    ],
)
def test_what_iso_2709_cannot_say_is_refused(fields, reason):
    with pytest.raises(ValueError, match=reason):
        write_iso2709(fields, format=CNMARC, leader_flags=LeaderFlags())
