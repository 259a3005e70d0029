"""One record over REST in every format a caller may ask for."""

import io

import pymarc
import pytest
from rest_framework.test import APIClient

from catalog.models import Manifestation
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
NEUTRAL = {
    "contributors": [{"name": "刘慈欣", "role": "aut"}],
    "identifiers": [{"kind": "isbn", "value": "9787536692930"}],
    "publisher": "重庆出版社",
    "year": 2008,
    "languages": ["chi"],
    "pages": 302,
}


@pytest.fixture
def edition():
    world = World.build()
    item = world.item(world.record("三体", **NEUTRAL))
    return item.source_record.manifestation


@pytest.fixture
def client():
    return APIClient()


def get(client, edition, *, accept="*/*", of_work=False, **query):
    public_id = f"w{edition.work_id}" if of_work else edition.public_id
    return client.get(f"/api/v1/records/{public_id}/", query, headers={"Accept": accept})


@pytest.mark.parametrize("asked", [{"accept": "application/marc"}, {"format": "marc"}])
def test_iso_2709_by_accept_or_by_address(client, edition, asked):
    answer = get(client, edition, **asked)

    [record] = list(pymarc.MARCReader(answer.content))
    assert answer.headers["Content-Type"] == "application/marc"
    assert (record.title, record["001"].data) == ("三体", edition.public_id)


@pytest.mark.parametrize("asked", [{"accept": "application/marcxml+xml"}, {"format": "marcxml"}])
def test_marcxml_by_accept_or_by_address(client, edition, asked):
    answer = get(client, edition, **asked)

    [record] = pymarc.parse_xml_to_array(io.BytesIO(answer.content))
    assert answer.headers["Content-Type"].startswith("application/marcxml+xml")
    assert record["020"]["a"] == "9787536692930"


def test_cnmarc_for_those_who_ask(client, edition):
    answer = get(client, edition, format="marcxml", dialect="cnmarc").content.decode()

    assert 'format="CNMARC"' in answer
    assert '<datafield tag="200"' in answer


def test_a_work_comes_with_all_its_editions(client, edition):
    Manifestation.objects.create(
        work=edition.work,
        title="三体",
        record={"format": "cnmarc", "titles": [{"text": "三体"}]},
        updated_at=NOW,
    )

    assert len(list(pymarc.MARCReader(get(client, edition, format="marc").content))) == 1
    whole = get(client, edition, of_work=True, format="marc")
    assert len(list(pymarc.MARCReader(whole.content))) == 2


def test_json_remains_what_everyone_else_gets(client, edition):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    assert get(client, edition, accept=browser).json()["title"] == "三体"
    assert get(client, edition, format="json", accept="text/html").json()["title"] == "三体"


def test_json_ld_says_what_it_is_and_where_it_can_be_had(client, edition):
    answer = get(client, edition, accept="application/ld+json")

    found = answer.json()
    [example] = found["workExample"]
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert (found["@type"], found["name"]) == ("Book", "三体")
    assert example["isbn"] == ["9787536692930"]
    assert example["author"] == [{"@type": "Person", "name": "刘慈欣"}]
    assert example["inLanguage"] == ["zh"]
    assert example["offers"]["availability"] == "https://schema.org/InStock"
    assert example["offers"]["availableAtOrFrom"][0]["@type"] == "Library"


@pytest.mark.parametrize(
    "asked",
    [
        {"accept": "image/png"},
        {"format": "pdf"},
        {"format": "marc", "dialect": "danmarc"},
    ],
)
def test_a_format_we_do_not_have_is_a_problem_406(client, edition, asked):
    answer = get(client, edition, **asked)

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_record_too_long_for_iso_2709_is_refused_and_given_as_xml(client, edition):
    Manifestation.objects.filter(pk=edition.pk).update(
        record={**edition.record, "summary": "长" * 5000}
    )

    assert get(client, edition, format="marc").status_code == 406
    assert get(client, edition, format="marcxml").status_code == 200


def test_a_problem_is_json_whatever_format_was_asked_for(client, edition):
    answer = client.get("/api/v1/records/m999999/", {"format": "marc"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
