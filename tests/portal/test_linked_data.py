"""What a page tells other programs: Schema.org, other formats, and how to search here."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.django_db
OS = "{http://a9.com/-/spec/opensearch/1.1/}"


def linked_data(page):
    [found] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_a_record_page_says_in_schema_org_what_book_it_is(client, world):
    item = world.item(
        world.record("三体", identifiers=[{"kind": "isbn", "value": "9787536692930"}])
    )
    edition = item.source_record.manifestation

    found = linked_data(client.get(f"/works/w{edition.work_id}").content.decode())

    assert found["name"] == "三体"
    assert found["@id"] == f"http://testserver/works/w{edition.work_id}"
    assert found["workExample"][0]["isbn"] == ["9787536692930"]


def test_a_title_cannot_break_out_of_the_script_it_stands_in(client, world):
    title = '</script><script>alert("&")</script>'
    work = world.item(title).source_record.manifestation.work_id

    page = client.get(f"/works/w{work}").content.decode()

    assert linked_data(page)["name"] == title
    assert "<script>alert" not in page


def test_the_other_formats_a_record_page_names_are_there(client, world):
    work = world.item("三体").source_record.manifestation.work_id
    page = client.get(f"/works/w{work}").content.decode()

    links = re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', page)

    assert {kind for kind, _ in links} == {"application/marcxml+xml", "application/ld+json"}
    for kind, address in links:
        assert client.get(address).headers["Content-Type"].startswith(kind)


def test_a_browser_can_keep_our_search_box(client, world):
    page = client.get("/").content.decode()
    address = re.search(r'<link rel="search"[^>]* href="([^"]+)"', page)[1]

    answer = client.get(address)

    root = ET.fromstring(answer.content)
    assert answer.headers["Content-Type"].startswith("application/opensearchdescription+xml")
    assert 0 < len(root.findtext(f"{OS}ShortName")) <= 16
    html = root.find(f"{OS}Url[@type='text/html']").get("template")
    assert (
        client.get(html.replace("{searchTerms}", "三体").replace("{startPage?}", "1")).status_code
        == 200
    )
