"""Real records from everywhere (../shared/data/marc): nothing crashes, nothing is lost, and where
pymarc reads a record rightly we read the same.
"""

import gzip
import html
import json
import re
import unicodedata
import warnings
from collections import Counter

import pymarc
import pytest

from catalog.domain.marc.extract import MarcFields, decode
from catalog.domain.marc.parse import ParsedRecord, parse
from catalog.domain.marc.problems import ErrorCode, Flag, RecordError
from catalog.domain.marc.read import FileKind, Quarantined, RawRecord, read_records, sniff
from catalog.domain.records import BibRecord
from tests.catalog.domain.marc.test_read import assert_every_byte_is_accounted_for, in_chunks

pytestmark = pytest.mark.corpus

NOT_MARC = {"MANIFEST.tsv", "README.md"}
MENDED = {Flag.DIRECTORY_REPAIRED, Flag.LEADER_REPAIRED, Flag.CHARACTERS_LOST}
_REFERENCE = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")


def bytes_of(path):
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def files(corpus):
    found = [p for p in sorted(corpus.rglob("*")) if p.is_file() and p.name not in NOT_MARC]
    assert len(found) > 150
    return found


def outcomes_of(path):
    content = bytes_of(path)
    return list(read_records(in_chunks(content, 65536), kind=sniff(content[:256])))


def records_of(corpus, name):
    return [parse(one.data) for one in outcomes_of(corpus / name) if isinstance(one, RawRecord)]


def test_every_file_goes_through_and_every_byte_is_accounted_for(marc_corpus):
    """NO-19."""
    counts = Counter()
    for path in files(marc_corpus):
        content = bytes_of(path)
        outcomes = outcomes_of(path)
        if sniff(content[:256]) == FileKind.ISO2709:
            assert_every_byte_is_accounted_for(content, outcomes)
        for outcome in outcomes:
            if isinstance(outcome, Quarantined):
                counts[outcome.code] += 1
                continue
            found = parse(outcome.data)
            if isinstance(found, RecordError):
                counts[found.code] += 1
                continue
            counts["read"] += 1
            stored = json.dumps(found.record.to_json())
            assert BibRecord.from_json(json.loads(stored)) == found.record

    assert counts["read"] > 32_000
    assert counts[ErrorCode.NOT_BIBLIOGRAPHIC] > 2_700  # authority files
    assert sum(counts.values()) - counts["read"] - counts[ErrorCode.NOT_BIBLIOGRAPHIC] < 20


def _as_pymarc_has_it(record):
    return [
        (field.tag, field.data)
        if field.is_control_field()
        else (field.tag, "".join(field.indicators), [(s.code, s.value) for s in field.subfields])
        for field in record.fields
    ]


def _as_we_have_it(fields):
    seen = Counter()
    found = []
    for tag, part in zip(fields.tags, fields.parts, strict=True):
        if tag < "010" and tag.isdigit():
            found.append((tag, part))
            continue
        found.append((tag, *fields.fields(tag)[seen[tag]]))
        seen[tag] += 1
    return found


def _normal(value):
    """What NO-2 does to a text."""
    text = _REFERENCE.sub(lambda match: html.unescape(match[0]), value).replace("\x00", "")
    return unicodedata.normalize("NFC", text)


def _normalised(fields):
    return [
        (one[0], _normal(one[1]))
        if len(one) == 2
        else (one[0], one[1], [(code, _normal(value)) for code, value in one[2]])
        for one in fields
    ]


def test_every_field_is_what_pymarc_reads_in_utf_8(marc_corpus):
    """100 % of the fields of the sound records that are in UTF-8, whatever leader/09 says."""
    compared, refused, different = 0, 0, []
    for path in files(marc_corpus):
        if path.parent.name == "mrrc_error_fixtures":
            continue  # one invented fault each, which pymarc does not notice
        for raw in outcomes_of(path):
            if isinstance(raw, Quarantined) or raw.data[:1] == b"<" or raw.flags:
                continue
            ours = decode(raw.data)
            if isinstance(ours, RecordError) or ours.encoding != "utf-8" or MENDED & {*ours.flags}:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("error", pymarc.exceptions.BadSubfieldCodeWarning)
                try:
                    theirs = pymarc.Record(raw.data, force_utf8=True)
                except (ValueError, IndexError, Warning, pymarc.exceptions.PymarcException):
                    refused += 1  # pymarc loses the record or alters it; we keep it
                    continue
            compared += 1
            if _normalised(_as_pymarc_has_it(theirs)) != _normalised(_as_we_have_it(ours)):
                different.append(f"{path.name} record {raw.position}")

    assert compared > 25_000
    assert refused < 20
    assert not different, different[:10]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cnmarc/derived_from_marc21_gb18030.iso", "cnmarc/derived_from_marc21_utf8.iso"),
        ("cnmarc/bnu_cnmarc_10_gb18030.iso", "cnmarc/bnu_cnmarc_10_utf8.iso"),
        ("cnmarc/derived_from_marc21.xml", "cnmarc/derived_from_marc21_utf8.iso"),
        ("gpo/nist/nist_technical_note_marc8.mrc.gz", "gpo/nist/nist_technical_note.xml.gz"),
        ("cjk/blacklight_test_data.utf8.mrc", "cjk/blacklight_test_data.utf8.marc.xml"),
        ("unimarc/marcjs_bib.mrc", "unimarc/marcjs_bib.xml"),
        ("solrmarc/specTestRecs.mrc", "solrmarc/specTestRecs.xml.gz"),
    ],
)
def test_one_record_in_two_forms_is_one_record(marc_corpus, one, other):
    """NO-1, NO-2."""
    left = [found.record for found in records_of(marc_corpus, one)]
    right = [found.record for found in records_of(marc_corpus, other)]

    assert len(left) == len(right)
    different = [
        (a.control_number, key, a.to_json().get(key), b.to_json().get(key))
        for a, b in zip(left, right, strict=True)
        for key in {**a.to_json(), **b.to_json()}
        if a.to_json().get(key) != b.to_json().get(key)
    ]
    assert not different, different[:5]


@pytest.mark.parametrize(("name", "encoding"), [("cp1251_81", "cp1251"), ("koi8r_72", "koi8-r")])
def test_russian_records_are_read_by_the_members_word(marc_corpus, name, encoding):
    """NO-1, NO-3."""
    path = marc_corpus / f"unimarc/rusmarc_{name}.iso"
    records = [
        decode(one.data, encoding_hint=encoding)
        for one in outcomes_of(path)
        if isinstance(one, RawRecord)
    ]

    assert all(isinstance(one, MarcFields) and one.encoding == encoding for one in records)
    titles = " ".join(one.first("200", "a") for one in records)
    cyrillic = sum("\u0400" <= char <= "\u04ff" for char in titles)
    assert cyrillic > 0.6 * len(titles)


def test_every_good_record_survives_garbage_in_the_middle(marc_corpus):
    """NO-19: pymarc gives up at the first garbage."""
    content = bytes_of(marc_corpus / "gpo/new_202303.mrc.gz")
    good = [one.data for one in read_records([content], kind=FileKind.ISO2709)]
    broken = b"".join(
        record + (b"GARBAGE\x1d" if number % 5 == 0 else b"") for number, record in enumerate(good)
    )

    found = list(read_records(in_chunks(broken, 30_000), kind=FileKind.ISO2709))

    assert [one.data for one in found if isinstance(one, RawRecord)] == good
    assert all(one.data == b"GARBAGE\x1d" for one in found if isinstance(one, Quarantined))


def test_real_cnmarc_of_a_university_is_read_in_full(marc_corpus):
    """NO-3, NO-11, NO-18."""
    found = records_of(marc_corpus, "cnmarc/bnu_alma_sru_cnmarc_10.xml")

    assert all(isinstance(one, ParsedRecord) for one in found)
    assert all(one.record.title and one.record.titles[0].pinyin for one in found[:3])
    assert all(one.record.year and one.record.publisher for one in found)
    assert any(item.barcode == "1683011" for one in found for item in one.items)
