"""SRU as a search client meets it: explain, records in both schemas, diagnostics."""

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Manifestation
from catalog.search.follow import rebuild
from catalog.search.index import shared_index
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
Z = "{http://www.loc.gov/zing/srw/}"
D = "{http://www.loc.gov/zing/srw/diagnostic/}"
DC = "{http://purl.org/dc/elements/1.1/}"
BOOKS = (
    ("茶馆", "老舍", 1957, "9787020002207", "chi"),
    ("骆驼祥子", "老舍", 1936, "9787533918453", "chi"),
    ("Teahouse", "Lao She", 2004, "9787119033891", "eng"),
    ("三体", "刘慈欣", 2008, "9787536692930", "chi"),
)


@pytest.fixture
def books(settings, tmp_path):
    """Public ids of four books, indexed, by title."""
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    world = World.build()
    ids = {}
    for title, author, year, isbn, language in BOOKS:
        record = world.record(
            title,
            contributors=[{"name": author, "role": "aut"}],
            year=year,
            identifiers=[{"kind": "isbn", "value": isbn}],
            languages=[language],
        )
        edition = record.manifestation
        edition.year = year
        edition.save()
        ids[title] = edition.public_id
    index = shared_index(settings.SEARCH_INDEX_PATH)
    rebuild(index)
    yield ids
    index.close()


def ask(client, **parameters):
    answer = client.get("/sru?" + urlencode(parameters))
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/xml")
    return ET.fromstring(answer.content)


def find(client, query, **more):
    asked = {"version": "1.2", "operation": "searchRetrieve", "query": query}
    return ask(client, **{**asked, **more})


def total(root):
    return int(root.findtext(f"{Z}numberOfRecords"))


def identifiers(root):
    return [one.text for one in root.iter(f"{Z}recordIdentifier")]


def diagnostic(root):
    uri = root.findtext(f"{Z}diagnostics/{D}diagnostic/{D}uri")
    return int(uri.removeprefix("info:srw/diagnostic/1/")) if uri else None


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("茶馆", {"茶馆"}),
        ("dc.creator = 老舍", {"茶馆", "骆驼祥子"}),
        ("dc.creator = 老舍 not dc.title = 茶馆", {"骆驼祥子"}),
        ("dc.title any '茶馆 三体'".replace("'", '"'), {"茶馆", "三体"}),
        ("bath.isbn = 978-7-5366-9293-0", {"三体"}),
        ("bath.isbn = 7-5366-9293-5", {"三体"}),
        ("dc.date < 1950", {"骆驼祥子"}),
        ('dc.date within "1957 2004"', {"茶馆", "Teahouse"}),
        ("dc.date > 1900 and dc.language = eng", {"Teahouse"}),
        ("cql.allRecords = 1 not dc.language = chi", {"Teahouse"}),
        ("dc.title = tea*", {"Teahouse"}),
        ("cql.allRecords = 1", {"茶馆", "骆驼祥子", "Teahouse", "三体"}),
        ("dc.title = 没有的书", set()),
    ],
)
def test_cql_finds_what_it_asks_for(client, books, query, titles):
    root = find(client, query)

    assert diagnostic(root) is None
    assert total(root) == len(titles)
    assert set(identifiers(root)) == {books[title] for title in titles}


def test_a_record_number_finds_its_record(client, books):
    root = find(client, f"rec.identifier = {books['三体']}")

    assert identifiers(root) == [books["三体"]]


def test_one_record_a_work_and_the_edition_that_was_asked_for(client, books, settings):
    first = Manifestation.objects.get(pk=int(books["三体"][1:]))
    newer = Manifestation.objects.create(
        work=first.work,
        title="三体",
        year=2020,
        record={
            "format": "cnmarc",
            "titles": [{"text": "三体"}],
            "identifiers": [{"kind": "isbn", "value": "9787229100605"}],
        },
        updated_at=NOW,
    )
    rebuild(shared_index(settings.SEARCH_INDEX_PATH))

    assert identifiers(find(client, "dc.title = 三体")) == [newer.public_id]
    assert identifiers(find(client, "isbn = 9787536692930")) == [first.public_id]
    assert identifiers(find(client, f"rec.identifier = {first.public_id}")) == [first.public_id]
    named = [one.text for one in find(client, "三体").iter("{urn:library-net:sru:1}edition")]
    assert named == [first.public_id]


def test_records_come_as_marcxml_as_dublin_core_and_as_text(client, books):
    [marc] = pymarc.parse_xml_to_array(_record_data(find(client, "茶馆")))
    dublin = find(client, "茶馆", recordSchema="info:srw/schema/1/dc-v1.1")
    text = find(client, "茶馆", recordPacking="string", recordSchema="dc")

    assert (marc["245"]["a"], marc["001"].data) == ("茶馆", books["茶馆"])
    assert dublin.findtext(f".//{DC}title") == "茶馆"
    assert ET.fromstring(text.findtext(f".//{Z}recordData")).findtext(f"{DC}title") == "茶馆"


def _record_data(root):
    import io

    element = root.find(f".//{Z}recordData")[0]
    return io.BytesIO(ET.tostring(element))


def test_a_long_answer_is_read_in_pages(client, books):
    first = find(client, "cql.allRecords=1", maximumRecords=3)
    following = first.findtext(f"{Z}nextRecordPosition")
    second = find(client, "cql.allRecords=1", maximumRecords=3, startRecord=following)

    assert following == "4"
    assert second.findtext(f"{Z}nextRecordPosition") is None
    assert second.findtext(f".//{Z}recordPosition") == "4"
    assert set(identifiers(first) + identifiers(second)) == set(books.values())


def test_maximum_records_of_nought_only_counts(client, books):
    root = find(client, "老舍", maximumRecords=0)

    assert (total(root), identifiers(root)) == (2, [])


def test_answers_are_sorted_by_year_and_by_title(client, books):
    def order(sort):
        return identifiers(find(client, f"dc.language=chi sortBy {sort}"))

    by_year = [books[title] for title in ("骆驼祥子", "茶馆", "三体")]
    assert order("dc.date") == by_year
    assert order("dc.date/sort.descending") == by_year[::-1]
    assert order("dc.title") == [books[title] for title in ("茶馆", "骆驼祥子", "三体")]


def test_a_bare_address_explains_what_may_be_asked(client):
    zeerex = "{http://explain.z3950.org/dtd/2.0/}"

    for root in (ask(client), ask(client, operation="explain", version="1.1")):
        names = [f"{n.get('set')}.{n.text}" for n in root.iter(f"{zeerex}name")]
        assert {"dc.title", "bath.isbn", "rec.identifier", "cql.serverChoice"} <= set(names)
        schemas = {one.get("name") for one in root.iter(f"{zeerex}schema")}
        assert schemas == {"marcxml", "dc"}


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        ({"operation": "scan", "version": "1.2", "scanClause": "a"}, 4),
        ({"operation": "dance", "version": "1.2"}, 4),
        ({"operation": "searchRetrieve", "version": "9", "query": "a"}, 5),
        ({"operation": "searchRetrieve", "query": "a"}, 7),
        ({"operation": "searchRetrieve", "version": "1.2"}, 7),
        ({"version": "1.2", "query": "a"}, 7),
        ({"query": "a", "maximumRecords": "-1"}, 6),
        ({"query": "a", "startRecord": "0"}, 6),
        ({"query": "a", "startRecord": "x"}, 6),
        ({"query": "a", "surprise": "1"}, 8),
        ({"query": ""}, 10),
        ({"query": "a and"}, 10),
        ({"query": "dc.coverage = a"}, 16),
        ({"query": "茶馆", "startRecord": "2"}, 61),
        ({"query": "茶馆", "startRecord": "99999"}, 61),
        ({"query": "a", "recordSchema": "mods"}, 66),
        ({"query": "a", "recordPacking": "zip"}, 71),
        ({"query": "a sortBy dc.creator"}, 80),
        ({"query": "a", "stylesheet": "x.xsl"}, 110),
    ],
)
def test_a_wrong_question_gets_the_diagnostic_of_the_standard(client, books, parameters, number):
    search = {"operation": "searchRetrieve", "version": "1.2"}
    is_bare = set(parameters) - {"operation", "version", "query", "scanClause"}
    asked = parameters if "operation" in parameters else search | parameters
    if parameters.keys() == {"version", "query"}:
        asked = parameters

    root = ask(client, **asked)

    assert diagnostic(root) == number, is_bare
    assert root.findtext(f"{Z}version") == "1.2"


def test_version_1_1_has_no_place_for_record_identifiers(client, books):
    root = find(client, "茶馆", version="1.1")

    assert (total(root), identifiers(root)) == (1, [])


def test_explain_says_that_no_index_can_be_scanned_and_scan_is_refused_by_its_number(client):
    zeerex = "{http://explain.z3950.org/dtd/2.0/}"
    offered = {one.get("scan") for one in ask(client).iter(f"{zeerex}index")}
    refused = ask(client, operation="scan", version="1.2", scanClause="dc.title=a")

    assert offered == {"false"}
    assert (refused.tag, diagnostic(refused)) == (f"{Z}scanResponse", 4)


def test_extensions_we_do_not_know_are_ignored(client, books):
    assert total(find(client, "茶馆", **{"x-private": "1"})) == 1


def test_before_the_index_is_built_the_system_says_it_is_not_ready(client, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "none"

    assert diagnostic(find(client, "茶馆")) == 2


def test_post_asks_the_same(client, books):
    answer = client.post(
        "/sru",
        urlencode({"version": "1.1", "operation": "searchRetrieve", "query": "茶馆"}),
        content_type="application/x-www-form-urlencoded",
    )

    root = ET.fromstring(answer.content)
    assert (root.findtext(f"{Z}version"), total(root)) == ("1.1", 1)


WORDS = ["(", ")", "and", "or", "not", "=", "any", "all", "exact", "<", "dc.title", "dc.date",
         "isbn", "language", "rec.identifier", "m1", "w1", "2005", "茶*", "茶馆", "teahouse", "a*",
         '"老舍 茶馆"', "sortBy", '"', "\\", "'", "C++", "&", "\x00", "\ud800"]  # fmt: skip


def test_any_query_at_all_is_answered_or_refused(client, books):
    @given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=12).map(" ".join))
    def answered(text):
        root = find(client, text.encode("utf-8", "surrogatepass"))
        assert root.find(f"{Z}numberOfRecords") is not None

    answered()


NAMES = ["operation", "version", "query", "startRecord", "maximumRecords", "recordSchema",
         "recordPacking", "resultSetTTL", "stylesheet", "sortKeys"]  # fmt: skip
VALUES = [
    "searchRetrieve",
    "explain",
    "scan",
    "1.2",
    "1.1",
    "1",
    "0",
    "9" * 12,
    "dc",
    "xml",
    "茶馆",
]


def test_any_parameters_and_bytes_at_all_get_an_answer(client, books):
    @given(
        st.lists(
            st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text()), max_size=7
        ),
        st.binary(max_size=100),
    )
    def answered(pairs, body):
        pairs = [(name, value.encode("utf-8", "surrogatepass")) for name, value in pairs]
        form = "application/x-www-form-urlencoded"
        for answer in (
            client.get("/sru?" + urlencode(pairs)),
            client.post("/sru", body, content_type=form),
            client.post("/sru", body, content_type="application/soap+xml"),
        ):
            assert answer.status_code == 200
            ET.fromstring(answer.content)

    answered()
