"""Other people's clients against the running site: Sickle harvests, yaz-client searches.

Schemas: the standards' own XSD files may not be copied and no package here ships them, so
`schemas/*.rng` say the same in our own words.
"""

import io
import re
import shutil
import subprocess
import time
from pathlib import Path

import pymarc
import pytest
import requests
from lxml import etree
from sickle import Sickle
from sickle.oaiexceptions import BadArgument, IdDoesNotExist, NoRecordsMatch

from tests.catalog.files import cnmarc, many
from tests.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]
BOOKS, WITHDRAWN = 450, 5
SCHEMAS = Path(__file__).parent / "schemas"
OAI_SCHEMA = etree.RelaxNG(etree.parse(SCHEMAS / "oai.rng"))
SRU_SCHEMA = etree.RelaxNG(etree.parse(SCHEMAS / "sru.rng"))
SRU = {"version": "1.2", "operation": "searchRetrieve"}
RECORD = re.compile(r"<record xmlns=.*?</record>", re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory, blank_site):
    """A running site whose first member sent 450 books and withdrew five of them again."""
    folder = tmp_path_factory.mktemp("interop")
    running = Site(data_dir=folder / "site")
    running.prepare(like=blank_site)
    running.python("from tests.world import World; World.build()")
    withdrawn = [cnmarc(f"N{n:06d}", "城市档案", status="d") for n in range(WITHDRAWN)]
    for name, content in (("all.mrc", many(BOOKS, copies=1)), ("gone.mrc", b"".join(withdrawn))):
        (folder / name).write_bytes(content)
        running.manage("import_marc", "--agency", "JJ", str(folder / name))
    running.start()
    _wait_until_searchable(running)
    yield running
    running.stop()


def _wait_until_searchable(site):
    expected = f"<zs:numberOfRecords>{BOOKS - WITHDRAWN}<"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = search(site, "cql.allRecords=1", maximumRecords=0)
        if expected in found.text:
            return
        time.sleep(0.2)
    raise AssertionError(f"the index did not follow: {found.text}\n{site.log()}")


def search(site, query, **more):
    return requests.get(f"{site.url}/sru", {**SRU, "query": query, **more}, timeout=30)


def harvester(site):
    return Sickle(f"{site.url}/oai", max_retries=3)


def assert_valid(schema, content):
    assert schema.validate(etree.fromstring(content)), schema.error_log


# --- Sickle --------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["oai_dc", "marcxml"])
def test_sickle_harvests_everything_and_sees_what_was_withdrawn(site, prefix):
    records = list(harvester(site).ListRecords(metadataPrefix=prefix))

    assert len({record.header.identifier for record in records}) == len(records) == BOOKS
    assert sum(record.deleted for record in records) == WITHDRAWN
    if prefix == "oai_dc":
        living = [record for record in records if not record.deleted]
        assert all(record.metadata["title"][0].startswith("城市档案之") for record in living)


def test_sickle_goes_on_where_it_was_after_the_server_was_killed(site):
    harvest = harvester(site).ListRecords(metadataPrefix="oai_dc")
    found = [next(harvest).header.identifier for _ in range(150)]

    site.kill()
    site.start()
    found += [record.header.identifier for record in harvest]

    assert len(set(found)) == len(found) == BOOKS


def test_a_killed_harvester_goes_on_with_the_token_it_had_kept(site):
    first = harvester(site).ListRecords(metadataPrefix="marcxml")
    # 200 records a page; Sickle asks for the next one only when this one is used up.
    found = {next(first).header.identifier for _ in range(200)}
    kept = first.resumption_token.token
    assert int(first.resumption_token.complete_list_size) == BOOKS

    rest = harvester(site).ListRecords(resumptionToken=kept)

    found |= {record.header.identifier for record in rest}
    assert len(found) == BOOKS


def test_sickle_reads_sets_and_harvests_one(site):
    client = harvester(site)

    assert {"JJ", "ZY"} <= {one.setSpec for one in client.ListSets()}
    assert len(list(client.ListIdentifiers(metadataPrefix="oai_dc", set="JJ"))) == BOOKS
    with pytest.raises(NoRecordsMatch):
        client.ListIdentifiers(metadataPrefix="oai_dc", set="ZY")


def test_sickle_understands_our_errors(site):
    client = harvester(site)

    with pytest.raises(IdDoesNotExist):
        client.GetRecord(metadataPrefix="oai_dc", identifier="oai:nowhere:m1")
    with pytest.raises(BadArgument):
        client.ListRecords(metadataPrefix="oai_dc", **{"from": "soon"})


@pytest.mark.parametrize(
    "query",
    [
        "verb=Identify",
        "verb=ListMetadataFormats",
        "verb=ListSets",
        "verb=ListIdentifiers&metadataPrefix=oai_dc",
        "verb=ListRecords&metadataPrefix=oai_dc",
        "verb=ListRecords&metadataPrefix=marcxml&set=JJ&from=2020-01-01&until=2099-01-01",
        "verb=Dance",
        "verb=ListRecords&resumptionToken=x",
        "verb=ListRecords&metadataPrefix=mods",
    ],
)
def test_answers_to_harvesters_are_valid(site, query):
    answer = requests.get(f"{site.url}/oai?{query}", timeout=30)

    assert_valid(OAI_SCHEMA, answer.content)


# --- yaz-client ----------------------------------------------------------------------------------


def yaz(site, *commands):
    program = shutil.which("yaz-client")
    if program is None:
        pytest.skip("no yaz-client here; `make packages` installs it")
    script = "\n".join([*commands, "quit", ""])
    done = subprocess.run(
        [program], input=script, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.mark.parametrize(("method", "version"), [("get", "1.2"), ("post", "1.1")])
def test_yaz_client_searches_and_pymarc_parses_every_record(site, method, version):
    opening = [f"sru {method} {version}", f"open {site.url}/sru", "querytype cql"]
    pages = [f"show {start}+50" for start in range(1, BOOKS - WITHDRAWN, 50)]

    said = yaz(site, *opening, "find dc.publisher=蓉城出版社", *pages)

    assert f"Number of hits: {BOOKS - WITHDRAWN}" in said
    collection = f"<collection>{''.join(RECORD.findall(said))}</collection>"
    records = pymarc.parse_xml_to_array(io.BytesIO(collection.encode()))
    assert len({record["001"].data for record in records}) == BOOKS - WITHDRAWN
    assert all(record.title.startswith("城市档案之") for record in records)


def test_yaz_client_shows_our_diagnostics_and_explains(site):
    opening = [f"open {site.url}/sru", "querytype cql"]

    assert "Unsupported index" in yaz(site, "sru get 1.2", *opening, "find dc.coverage=a")
    assert "Query syntax error" in yaz(site, "sru get 1.2", *opening, "find (a and")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"operation": "explain", "version": "1.1", "recordPacking": "string"},
        {**SRU, "query": "dc.title = 城市", "maximumRecords": "20"},
        {**SRU, "query": "dc.title = 城市", "recordSchema": "dc"},
        {**SRU, "query": "dc.title = 城市", "version": "1.1"},
        {**SRU, "query": "dc.title = 城市", "startRecord": "0", "maximumRecords": "٣"},
        {**SRU, "query": "dc.title = 城市", "recordPacking": "string"},
        {**SRU, "query": "没有的书"},
        {**SRU, "query": "dc.title ="},
        {"operation": "scan", "version": "1.2", "scanClause": "a"},
    ],
)
def test_answers_to_searchers_are_valid(site, asked):
    answer = requests.get(f"{site.url}/sru", asked, timeout=30)

    assert_valid(SRU_SCHEMA, answer.content)
