"""SQLite plans without knowing its rows: an import must look up its own, not go through all."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.search.documents import load_documents
from tests.catalog.files import cnmarc, many
from tests.catalog.members import Sender
from tests.world import World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics"),
]


def steps(query):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        return [row[3] for row in cursor.fetchall()]


def goes_through_all(step):
    is_scan = step.startswith(("SCAN catalog_work", "SCAN catalog_manifestation"))
    return is_scan or "(absorbed_by_id=?)" in step


def test_nothing_asked_by_an_import_or_the_index_goes_through_all_living_works_and_editions():
    member = Sender(World.build(), "JJ")
    member.send(many(30) + cnmarc("x", "活着", "余华", publisher="作家出版社", year=2012))
    with CaptureQueriesContext(connection) as asked:
        member.send(many(45) + cnmarc("y", "活着", "余华", publisher="长江文艺出版社", year=1993))
        list(load_documents(range(1, 40)))
    selects = [one["sql"] for one in asked if one["sql"].lstrip().startswith("SELECT")]
    about_works = [sql for sql in selects if "catalog_work" in sql or "_manifestation" in sql]
    assert len(about_works) > 5
    assert [step for sql in about_works for step in steps(sql) if goes_through_all(step)] == []
