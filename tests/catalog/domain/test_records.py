"""The neutral record and its JSON are one thing in two forms."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.marc.roles import role_of
from catalog.domain.records import (
    Audience,
    BibRecord,
    Classification,
    Contributor,
    Identifier,
    IdentifierKind,
    MarcFormat,
    Material,
    Price,
    Series,
    Title,
    TitleKind,
)

text = st.text(max_size=12)
years = st.none() | st.integers(1000, 2099)


def some(values):
    return st.lists(values, max_size=3).map(tuple)


prices = st.builds(
    Price,
    text=text,
    amount=st.none() | st.decimals(0, 10**6, places=2),
    currency=text,
    set_of=years,
    note=text,
    is_assumed=st.booleans(),
)
records = st.builds(
    BibRecord,
    format=st.sampled_from(MarcFormat),
    control_number=text,
    titles=some(st.builds(Title, text=text, kind=st.sampled_from(TitleKind), pinyin=text)),
    contributors=some(
        st.builds(Contributor, name=text, role=text, is_corporate=st.booleans(), note=text)
    ),
    identifiers=some(
        st.builds(
            Identifier,
            kind=st.sampled_from(IdentifierKind),
            value=text,
            is_valid=st.booleans(),
            qualifier=text,
        )
    ),
    classes=some(st.builds(Classification, scheme=text, value=text, edition=text)),
    series=some(st.builds(Series, title=text, volume=text)),
    prices=some(prices),
    year=years,
    languages=some(text),
    audience=st.sampled_from(Audience),
    material=st.sampled_from(Material),
    flags=some(text),
)


@given(records)
def test_a_record_comes_back_from_its_json_exactly(record):
    stored = json.dumps(record.to_json(), ensure_ascii=False)

    assert BibRecord.from_json(json.loads(stored)) == record
    assert BibRecord.from_json(record.to_json_text()) == record
    assert json.loads(record.to_json_text()) == record.to_json()


def test_json_holds_only_what_is_not_empty():
    record = BibRecord(
        format=MarcFormat.CNMARC,
        titles=(Title(text="茶馆"),),
        prices=(Price(text="CNY2.50", amount=Decimal("2.50"), currency="CNY"),),
    )

    assert record.to_json() == {
        "format": "cnmarc",
        "titles": [{"text": "茶馆"}],
        "prices": [{"text": "CNY2.50", "amount": "2.50", "currency": "CNY"}],
    }


def test_the_role_most_people_have_is_not_written_however_a_record_says_it():
    written = ("aut", "070", "著", "author", "http://id.loc.gov/vocabulary/relators/aut")
    people = tuple(Contributor(name=one, role=role_of(one)) for one in written)

    found = BibRecord(format=MarcFormat.MARC21, contributors=people).to_json()

    assert found["contributors"] == [{"name": one} for one in written]


def test_what_is_no_record_is_refused_as_a_bad_value():
    for bad in ("[]", "{}", '{"format": "marc21", "size": 1}', '{"format": "marc21", "year": "x"}'):
        with pytest.raises(ValueError):
            BibRecord.from_json(bad)
