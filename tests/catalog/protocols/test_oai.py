"""OAI-PMH as a harvester meets it, error by error."""

from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Manifestation, SourceRecord
from catalog.protocols.oai import views
from catalog.protocols.oai.requests import Verb, agency_code, set_spec
from tests.world import NOW

pytestmark = pytest.mark.django_db
O = "{http://www.openarchives.org/OAI/2.0/}"  # noqa: E741
REPOSITORY = "oai:library-net.local:"


def ask(client, *pairs, method="get", **arguments):
    query = urlencode([*pairs, *arguments.items()])
    if method == "post":
        answer = client.post("/oai", query, content_type="application/x-www-form-urlencoded")
    else:
        answer = client.get(f"/oai?{query}")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/xml")
    return ET.fromstring(answer.content)


def error(root):
    return root.find(f"{O}error").get("code")


def headers(root):
    """(number, is deleted) of each header, in the order given."""
    return [
        (int(h.findtext(f"{O}identifier").rpartition(":m")[2]), h.get("status") == "deleted")
        for h in root.iter(f"{O}header")
    ]


def books(world, count, *, agency="JJ", at=NOW):
    ids = [world.record(f"书{n}", agency=agency).manifestation_id for n in range(count)]
    Manifestation.objects.filter(pk__in=ids).update(updated_at=at)
    return ids


def harvest(client, **arguments):
    """Every header of a list, page after page, and how many pages there were."""
    found, pages = [], 0
    root = ask(client, **arguments)
    while True:
        pages += 1
        found += headers(root)
        token = root.find(f".//{O}resumptionToken")
        if token is None or not token.text:
            return found, pages
        root = ask(client, verb=arguments["verb"], resumptionToken=token.text)


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(views, "PAGE", {Verb.LIST_RECORDS: 3, Verb.LIST_IDENTIFIERS: 3})


# --- what goes well --------------------------------------------------------------------------


def test_identify_says_what_a_harvester_needs(client, world):
    books(world, 1)

    root = ask(client, verb="Identify")

    said = {one.tag.removeprefix(O): one.text for one in root.find(f"{O}Identify")}
    assert said["deletedRecord"] == "persistent"
    assert said["granularity"] == "YYYY-MM-DDThh:mm:ssZ"
    assert said["earliestDatestamp"] == "2026-11-20T02:00:00Z"
    assert root.find(f"{O}request").get("verb") == "Identify"


def test_post_and_get_give_the_same_answer(client, world):
    books(world, 2)
    asked = {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}

    assert headers(ask(client, **asked)) == headers(ask(client, method="post", **asked))


def test_a_record_comes_as_dublin_core_and_as_marc(client, world):
    [book] = books(world, 1)
    asked = {"verb": "GetRecord", "identifier": f"{REPOSITORY}m{book}"}

    dublin = ask(client, metadataPrefix="oai_dc", **asked)
    marc = ask(client, metadataPrefix="marcxml", **asked)

    assert dublin.findtext(".//{http://purl.org/dc/elements/1.1/}title") == "书0"
    slim = "{http://www.loc.gov/MARC21/slim}"
    assert marc.findtext(f".//{slim}controlfield[@tag='001']") == f"m{book}"
    assert marc.findtext(f".//{slim}datafield[@tag='245']/{slim}subfield[@code='a']") == "书0"


def test_sets_are_the_institutions(client, world):
    mine = books(world, 2, agency="JJ")
    books(world, 2, agency="ZY")

    sets = [one.text for one in ask(client, verb="ListSets").iter(f"{O}setSpec")]
    found, _ = harvest(client, verb="ListIdentifiers", metadataPrefix="oai_dc", set="JJ")

    assert {"CD", "JJ", "ZY", "MY"} <= set(sets)
    assert [number for number, _ in found] == mine


@pytest.mark.parametrize("code", ["JJ", "CN-510104-1-JJ", "锦江", "a b:c~d"])
def test_any_institution_code_can_be_a_set_and_be_read_back(code):
    assert set_spec(code).isascii()
    assert ":" not in set_spec(code)
    assert agency_code(set_spec(code)) == code


def test_from_and_until_are_inclusive_at_seconds_and_at_days(client, world):
    early = books(world, 1, at=NOW)
    late = books(world, 1, at=NOW + timedelta(seconds=5, microseconds=400))
    books(world, 1, at=NOW + timedelta(days=2))
    asked = {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}

    def between(since, until):
        root = ask(client, ("from", since), ("until", until), **asked)
        return [number for number, _ in headers(root)]

    assert between("2026-11-20T02:00:00Z", "2026-11-20T02:00:05Z") == early + late
    assert between("2026-11-20T02:00:01Z", "2026-11-20T02:00:05Z") == late
    assert between("2026-11-20", "2026-11-20") == early + late


# --- tombstones ------------------------------------------------------------------------------


def test_withdrawn_and_absorbed_records_stay_as_deleted(client, world):
    kept, absorbed, gone = books(world, 3)
    Manifestation.objects.filter(pk=absorbed).update(absorbed_by_id=kept)
    SourceRecord.objects.filter(manifestation_id=absorbed).update(manifestation_id=kept)
    Manifestation.objects.filter(pk=gone).update(deleted_at=NOW)
    SourceRecord.objects.filter(manifestation_id=gone).update(deleted_at=NOW)
    expected = [(kept, False), (absorbed, True), (gone, True)]

    for named in ({}, {"set": "JJ"}):
        root = ask(client, verb="ListRecords", metadataPrefix="marcxml", **named)
        assert headers(root) == expected
        assert len(list(root.iter(f"{O}metadata"))) == 1
        specs = [one.text for one in root.iter(f"{O}setSpec")]
        assert specs == ["JJ"] * 3


def test_a_deleted_record_has_a_header_and_no_metadata(client, world):
    [gone] = books(world, 1)
    Manifestation.objects.filter(pk=gone).update(deleted_at=NOW)

    root = ask(client, verb="GetRecord", metadataPrefix="oai_dc", identifier=f"{REPOSITORY}m{gone}")

    assert headers(root) == [(gone, True)]
    assert root.find(f".//{O}metadata") is None


# --- long lists ------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_a_long_list_comes_in_parts_each_record_once(client, world, verb):
    wanted = books(world, 8)

    found, pages = harvest(client, verb=verb, metadataPrefix="oai_dc")

    assert pages == 3
    assert [number for number, _ in found] == wanted


@pytest.mark.usefixtures("small_pages")
def test_a_record_that_changes_during_a_harvest_is_not_missed(client, world):
    first, *_rest, last = books(world, 7)
    root = ask(client, verb="ListRecords", metadataPrefix="oai_dc")
    token = root.find(f".//{O}resumptionToken")
    assert (token.get("completeListSize"), token.get("cursor")) == ("7", "0")

    for moved in (first, last):  # one already given, one not yet
        Manifestation.objects.filter(pk=moved).update(updated_at=NOW + timedelta(minutes=1))
    rest, _ = harvest(client, verb="ListRecords", resumptionToken=token.text)

    assert {first, last} <= {number for number, _ in rest}
    assert len(rest) == 5


@pytest.mark.usefixtures("small_pages")
def test_a_page_costs_the_same_queries_wherever_and_however_long(
    client, world, django_assert_num_queries
):
    books(world, 9)
    root = ask(client, verb="ListRecords", metadataPrefix="oai_dc")
    token = root.findtext(f".//{O}resumptionToken")

    with django_assert_num_queries(2):
        ask(client, verb="ListRecords", resumptionToken=token)


def test_the_order_of_a_harvest_is_served_by_an_index(client, world):
    books(world, 9)
    if connection.vendor == "postgresql":  # it reads a table of nine rows whole if it may
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    rows = Manifestation.objects.filter(updated_at__gte=NOW).order_by("updated_at", "pk")[:3]

    assert "manifestations_by_change" in rows.explain()


# --- every way of asking wrongly -------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=Nothing", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&set=JJ", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=yesterday", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=", "badArgument"),
        (
            "verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01&until=2026-02-01T00:00:00Z",
            "badArgument",
        ),
        (
            "verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-01&until=2026-02-01",
            "badArgument",
        ),
        ("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x", "badArgument"),
        ("verb=ListRecords&resumptionToken=", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x:y:z", "badResumptionToken"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&metadataPrefix=mods", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2090-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=0001-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=nobody", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=%00", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=~00~FF", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=9999-12-31T23:59:59Z", "noRecordsMatch"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:x:m1", "idDoesNotExist"),
        (f"verb=GetRecord&metadataPrefix=oai_dc&identifier={REPOSITORY}m9999", "idDoesNotExist"),
        (f"verb=ListMetadataFormats&identifier={REPOSITORY}w1", "idDoesNotExist"),
    ],
)
def test_a_wrong_question_gets_the_protocols_own_error(client, world, query, code):
    books(world, 1)

    answer = client.get(f"/oai?{query}")

    root = ET.fromstring(answer.content)
    assert (answer.status_code, error(root)) == (200, code)
    repeats_arguments = bool(root.find(f"{O}request").attrib)
    assert repeats_arguments == (code not in ("badVerb", "badArgument"))


@pytest.mark.usefixtures("small_pages")
def test_a_token_is_good_for_its_own_verb_only(client, world):
    books(world, 5)
    root = ask(client, verb="ListRecords", metadataPrefix="oai_dc")
    token = root.findtext(f".//{O}resumptionToken")

    assert error(ask(client, verb="ListIdentifiers", resumptionToken=token)) == (
        "badResumptionToken"
    )
    broken = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert error(ask(client, verb="ListRecords", resumptionToken=broken)) == "badResumptionToken"


@pytest.mark.usefixtures("small_pages")
def test_any_token_but_our_own_is_a_bad_token(client, world):
    books(world, 5)
    root = ask(client, verb="ListRecords", metadataPrefix="oai_dc")
    token = root.findtext(f".//{O}resumptionToken")
    spoilt = st.tuples(st.integers(0, len(token) - 1), st.characters()).map(
        lambda change: token[: change[0]] + change[1] + token[change[0] + 1 :]
    )

    @given(st.text() | spoilt.filter(lambda text: text != token))
    def refused(text):
        raw = text.encode("utf-8", "surrogatepass")
        assert error(ask(client, verb="ListRecords", resumptionToken=raw)) == "badResumptionToken"

    refused()


def test_the_end_of_time_is_a_date_like_any_other(client, world):
    [book] = books(world, 1)

    root = ask(client, verb="ListIdentifiers", metadataPrefix="oai_dc", until="9999-12-31")

    assert headers(root) == [(book, False)]


def test_without_institutions_there_is_no_set_hierarchy(client):
    assert error(ask(client, verb="ListSets")) == "noSetHierarchy"


NAMES = ["verb", "metadataPrefix", "from", "until", "set", "identifier", "resumptionToken"]
values = st.one_of(
    st.sampled_from([*Verb, "oai_dc", "marcxml", f"{REPOSITORY}m1", "2026-11-20", "JJ", "\x00"]),
    st.text(max_size=30),
)


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), values), max_size=6))
def test_any_arguments_at_all_get_an_answer_of_the_protocol(client, pairs):
    for method in ("get", "post"):
        asked = [(n, v.encode("utf-8", "surrogatepass")) for n, v in pairs]
        root = ask(client, *asked, method=method)
        assert root.find(f"{O}responseDate") is not None


@given(st.binary(max_size=200))
def test_any_bytes_at_all_get_an_answer_of_the_protocol(client, body):
    answers = [
        client.post("/oai", body, content_type="application/x-www-form-urlencoded"),
        client.post("/oai", body, content_type="application/octet-stream"),
        client.get("/oai", QUERY_STRING=body.decode("latin-1")),
    ]

    for answer in answers:
        assert answer.status_code == 200
        ET.fromstring(answer.content)
