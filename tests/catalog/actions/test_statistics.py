"""PostgreSQL plans by its statistics: a first load must not leave it thinking of nothing."""

import pytest
from django.db import connection

from catalog.models import SourceRecord
from tests.catalog.files import many
from tests.catalog.members import Sender
from tests.world import World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without statistics"),
]

LOOKED_UP = ("catalog_sourcerecord", "catalog_manifestation", "catalog_work", "catalog_matchkey")


@pytest.fixture
def member(settings):
    settings.INGEST_CHUNK_RECORDS = 100
    return Sender(World.build(), "JJ")


def rows_read(table):
    """What this transaction has read of a table so far, by whatever way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s",
            [table],
        )
        return cursor.fetchone()[0]


def believed_rows(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return cursor.fetchone()[0]


def as_autovacuum_may_note_it(table):
    """Looked at while all its rows were being written by somebody else: pages, but no row."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])
        cursor.execute("UPDATE pg_class SET reltuples = 0 WHERE relname = %s", [table])


def test_tables_noted_as_empty_in_mid_load_are_looked_at_again(member):
    member.send(many(1500))
    for table in LOOKED_UP:
        as_autovacuum_may_note_it(table)

    member.send(many(100, start=1500))

    assert all(believed_rows(table) > 1000 for table in LOOKED_UP)


def test_a_later_file_reads_rows_for_its_own_records_not_the_whole_table(member):
    member.send(many(1500))
    for table in LOOKED_UP:
        as_autovacuum_may_note_it(table)
    member.send(many(100, start=1500))
    before = rows_read("catalog_sourcerecord")

    member.send(many(600, start=1600))  # six steps, over 1,600 to 2,200 rows each

    assert SourceRecord.objects.count() == 2200
    assert rows_read("catalog_sourcerecord") - before < 10 * 600


def test_a_file_looks_its_keys_up_however_many_the_catalogue_has(member, settings):
    """Of an array of thousands of keys the planner thinks that walking the table is cheaper."""
    settings.INGEST_CHUNK_RECORDS = 2000
    member.send(many(10))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_matchkey (source_record_id, key) SELECT 0, hashint8extended(n, 0)"
            " FROM generate_series(1, 300000) n"
        )
        cursor.execute("ANALYZE catalog_matchkey")
    before = rows_read("catalog_matchkey")

    member.send(many(1500, start=10))

    assert rows_read("catalog_matchkey") - before < 10 * 1500
