"""Out and back in: what both MARC formats can hold of a neutral record survives the journey.

Rule NO-21. Values are drawn from what our reader produces, because that is what is stored; what a
format has no place for is dropped by `kept_by`, which is therefore the list of what is lost.
"""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.domain.identifiers import parse_price
from catalog.domain.marc.export import as_published, to_iso2709, to_marcxml, to_slim
from catalog.domain.marc.parse import parse
from catalog.domain.marc.values import edition_number, parse_extent
from catalog.domain.records import (
    Audience,
    BibRecord,
    Classification,
    Contributor,
    Identifier,
    IdentifierKind,
    MarcFormat,
    Material,
    Series,
    Title,
    TitleKind,
)
from tests.catalog.domain.test_records import records as wild_records

MARC21, CNMARC = MarcFormat.MARC21, MarcFormat.CNMARC
DIALECTS = (MARC21, CNMARC)
han = st.text("城市书山水风雪茶馆射雕英雄传少年小树", min_size=2, max_size=6)
latin = st.text("abdeghlmnoprstu", min_size=4, max_size=9).map(str.capitalize)
words = han | st.lists(latin, min_size=1, max_size=3).map(" ".join)
either = words | st.just("")
pinyin = st.just("") | st.lists(latin.map(str.lower), min_size=2, max_size=3).map(" ".join)


def some(values, *, unique_by=lambda value: value):
    return st.lists(values, max_size=3, unique_by=unique_by).map(tuple)


@st.composite
def titles(draw):
    found = [Title(text=draw(han), pinyin=draw(pinyin))]
    found += draw(
        st.lists(
            st.builds(
                Title,
                text=han | latin,
                kind=st.sampled_from([k for k in TitleKind if k is not TitleKind.MAIN]),
            ),
            max_size=4,
            unique_by=lambda title: title.text,
        )
    )
    others = [title for title in found if title.kind is TitleKind.OTHER]
    return tuple(title for title in found if title not in others[1:])


people = st.one_of(
    st.builds(
        Contributor,
        name=st.text("金庸老舍树上春村", min_size=2, max_size=4),
        role=st.sampled_from(["aut", "edt", "trl", "ill", "com", "ann"]),
        pinyin=st.sampled_from(["", "jin yong", "lao she"]),
        original=st.sampled_from(["", "Murakami, Haruki"]),
        note=st.sampled_from(["", "日", "清", "1899-1966"]),
        ids=st.sampled_from([(), ("isni:0000000121032683",), ("viaf:12305157", "wikidata:Q502")]),
    ),
    st.builds(
        Contributor,
        name=st.sampled_from(["Carter, Forrest", "Orwell, George", "Voltaire"]),
        role=st.sampled_from(["aut", "edt", "trl"]),
    ),
    st.builds(
        Contributor,
        name=st.sampled_from(["中国作家协会", "成都图书馆"]),
        role=st.sampled_from(["aut", "edt"]),
        is_corporate=st.just(True),
    ),
)
K = IdentifierKind
identifiers = st.sampled_from(
    [
        Identifier(kind=K.ISBN, value="9787533918453", qualifier="精装"),
        Identifier(kind=K.ISBN, value="9787020002207"),
        Identifier(kind=K.ISBN, value="9787533918450", is_valid=False),
        Identifier(kind=K.ISSN, value="03785955"),
        Identifier(kind=K.UBSN, value="10019·2265", qualifier="平装"),
        Identifier(kind=K.LCCN, value="2001012345"),
        Identifier(kind=K.OCLC, value="4711"),
        Identifier(kind=K.OTHER, value="9790260000438", qualifier="ISMN"),
        Identifier(kind=K.OTHER, value="X-17"),
        Identifier(kind=K.OTHER, value="Y 4.R 31/3:118-46", qualifier="sudoc"),
    ]
)
classes = st.sampled_from(
    [
        Classification(scheme="clc", value="I247.5", edition="5"),
        Classification(scheme="clc", value="TP312"),
        Classification(scheme="kkf", value="44.568"),
        Classification(scheme="ddc", value="895.1352", edition="23"),
        Classification(scheme="lcc", value="PL2848.Y8"),
        Classification(scheme="udc", value="821.581"),
        Classification(scheme="other", value="甲12"),
    ]
)
prices = st.sampled_from(["CNY28.00", "￥66.00(全三册)", "0.17元"]).map(parse_price)


@st.composite
def records(draw):
    edition = draw(st.sampled_from(["", "第2版", "修订版", "2nd ed"]))
    extent = draw(st.sampled_from(["", "263页", "2册(1204页)", "xii, 300 p"]))
    pages, volumes = parse_extent(extent) if extent else (None, None)
    contributors = draw(some(people, unique_by=lambda person: person.name))
    return BibRecord(
        format=draw(st.sampled_from(DIALECTS)),
        control_number="m12",
        control_agency="XX-NET",
        modified="20261120020000.0",
        titles=draw(titles()),
        volume=draw(st.sampled_from(["", "第2卷", "上", "v. 3"])),
        part_name=draw(either),
        responsibility="金庸著" if contributors and draw(st.booleans()) else "",
        contributors=contributors,
        edition=edition,
        edition_number=edition_number(edition) if edition else None,
        place=draw(either),
        publisher=draw(either),
        year=draw(st.none() | st.integers(1000, 2099)),
        extent=extent,
        pages=pages,
        volumes=volumes,
        languages=draw(some(st.sampled_from(["chi", "eng", "jpn"]))),
        original_languages=draw(some(st.sampled_from(["fre", "rus"]))),
        country=draw(st.sampled_from(["", "CN", "TW", "US", "GB", "JP", "AU", "AT"])),
        identifiers=draw(some(identifiers)),
        subjects=draw(some(st.sampled_from(["武侠小说--中国--现代", "小说", "Tea--China"]))),
        classes=draw(some(classes)),
        series=draw(some(st.builds(Series, title=words, volume=st.sampled_from(["", "3"])))),
        notes=draw(some(words)),
        summary=draw(either),
        audience=draw(st.sampled_from(Audience)),
        material=draw(st.sampled_from(Material)),
        prices=draw(some(prices)),
        urls=draw(some(st.just("https://example.org/a?b=1&c=2"))),
    )


def kept_by(dialect, record):
    """The record without what this format cannot say, repeated values in a comparable order."""
    record = _in_marc21(record) if dialect is MARC21 else _in_cnmarc(record)
    return replace(
        record,
        format=dialect,
        flags=(),
        titles=tuple(sorted(record.titles, key=repr)),
        contributors=tuple(sorted(record.contributors, key=repr)),
        identifiers=tuple(sorted(record.identifiers, key=repr)),
        classes=tuple(sorted(record.classes, key=repr)),
    )


def _in_marc21(record):
    no_original = [replace(person, original="") for person in record.contributors]
    kinds = {TitleKind.UNIFORM: TitleKind.ORIGINAL} if record.original_languages else {}
    no_audience = record.material in (Material.SERIAL, Material.MAP)
    return replace(
        record,
        contributors=tuple(no_original),
        # 240 of a translation is the original title.
        titles=tuple(replace(t, kind=kinds.get(t.kind, t.kind)) for t in record.titles),
        classes=tuple(
            one if one.scheme == "ddc" else replace(one, edition="") for one in record.classes
        ),
        audience=Audience.UNKNOWN if no_audience else record.audience,
    )


def _in_cnmarc(record):
    return replace(
        record,
        # 035 carries them out, but says nothing to our reader.
        identifiers=tuple(i for i in record.identifiers if i.kind not in (K.LCCN, K.OCLC)),
    )


def read_back(data):
    record = parse(data).record
    return kept_by(record.format, record)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(record=records())
def test_iso_2709_and_marcxml_give_back_what_the_format_can_hold(dialect, record):
    collection = to_marcxml([record], dialect=dialect).decode()
    element = collection[collection.index("<record") : collection.index("</collection>")].strip()

    assert read_back(to_iso2709(record, dialect=dialect)) == kept_by(dialect, record)
    assert read_back(element.encode()) == kept_by(dialect, record)


@given(record=records())
def test_pymarc_reads_every_record_we_send_out(record):
    found = next(iter(pymarc.MARCReader(to_iso2709(record, dialect=MARC21))))
    again = pymarc.parse_xml_to_array(io.StringIO(to_slim(record)))[0]

    assert found.title.startswith(record.title)
    assert found["001"].data == again["001"].data == "m12"
    assert [str(field) for field in found] == [str(field) for field in again]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(record=wild_records)
def test_a_record_of_any_texts_leaves_as_well_formed_xml(dialect, record):
    pymarc.parse_xml_to_array(io.BytesIO(to_marcxml([record], dialect=dialect)))


def test_a_romanised_title_travels_in_880_beside_the_han():
    record = BibRecord(
        format=CNMARC, titles=(Title(text="射雕英雄传", pinyin="she diao ying xiong zhuan"),)
    )

    marc = next(iter(pymarc.MARCReader(to_iso2709(record, dialect=MARC21))))

    assert marc["245"]["a"] == "射雕英雄传"
    assert marc["880"]["a"] == "she diao ying xiong zhuan"
    assert (marc["245"]["6"], marc["880"]["6"]) == ("880-01", "245-01/(B")


def test_a_published_record_carries_the_networks_own_control_fields():
    record = BibRecord(format=CNMARC, control_number="012345", control_agency="NLC")
    changed_at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    published = as_published(record, public_id="m7", agency="XX-NET", changed_at=changed_at)

    assert (published.control_number, published.control_agency) == ("m7", "XX-NET")
    assert published.modified == "20261120100000.0"


def test_prices_go_with_their_isbns_in_order():
    record = BibRecord(
        format=CNMARC,
        identifiers=(Identifier(kind=K.ISBN, value="9787533918453"),),
        prices=(parse_price("CNY28.00"), parse_price("CNY66.00")),
    )

    back = parse(to_iso2709(record, dialect=CNMARC)).record

    assert [price.amount for price in back.prices] == [Decimal("28.00"), Decimal("66.00")]
