"""Rows of our own tables made inside PostgreSQL, for benchmarks that need a million of them."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from django.db import connection as database
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from catalog.domain.text import words
from catalog.models import Item, Manifestation, SourceRecord, Work
from catalog.search.schema import WorkDocument
from tests.benchmarks.library import BRANCHES
from tests.world import World


def fill_works(connection: psycopg.Connection, works: Iterable[WorkDocument]) -> None:
    """The table `bench_work`: each work with its words, its facets and where its copies are."""
    connection.execute(
        """CREATE UNLOGGED TABLE bench_work (id bigint, title text, author text, words tsvector,
           is_available boolean, cities text[], available text[], held text[], language text,
           decade int, material text, clc text, audience text, subjects text[])"""
    )
    with connection.cursor() as cursor, cursor.copy("COPY bench_work FROM STDIN") as copy:
        for work in works:
            copy.write_row(
                (
                    *(work.work_id, work.titles[0], work.authors[0], _tsvector(work)),
                    *(bool(work.available_at), list(work.cities), list(work.available_at)),
                    *(list(work.held_at), work.languages[0], work.years[0] // 10 * 10),
                    *(work.materials[0], work.classes[0][0], "".join(work.audiences)),
                    list(work.subjects),
                )
            )
    connection.execute("CREATE INDEX ON bench_work USING gin (words)")
    connection.execute("VACUUM ANALYZE bench_work")


def _tsvector(work: WorkDocument) -> str:
    """Words with their places, as `to_tsvector` would make them, without its parser."""
    lexemes: list[str] = []
    place = 1
    for text in (*work.titles, *work.authors, *work.subjects):
        for word in words(text, overlapping=False):
            lexemes.append("'" + word.replace("\\", "\\\\").replace("'", "''") + f"':{place}")
            place += 1
        place += 1
    return " ".join(lexemes)


def insert_from(model: type[models.Model], columns: Mapping[str, str], *, source: str) -> None:
    """INSERT … SELECT; columns not named get the model's default. Foreign keys are not checked."""
    given: dict[str, str] = dict(columns)
    values: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.column in given or field.primary_key or field.null:
            continue
        default = "" if field.default is NOT_PROVIDED else field.get_default()
        given[field.column] = "%s"
        values.append(field.get_db_prep_save(default, database))
    table = database.ops.quote_name(model._meta.db_table)
    with database.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(given)}) SELECT {', '.join(given.values())} {source}",
            values,
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(f"ANALYZE {table}")


def fill_catalogue() -> World:
    """A work, an edition, a member's record and the copies of every row of `bench_work`."""
    world = World.build()
    for city in dict.fromkeys(code.partition("-")[0] for code in BRANCHES):
        if city not in world.agencies:
            world.agency(city, city)
    for code in BRANCHES:
        world.branch(code, code.partition("-")[0], code)
    insert_from(
        Work,
        {"id": "id", "title": "title", "author": "author", "grouping_key": "md5(id::text)",
         "updated_at": "now()"},
        source="FROM bench_work",
    )  # fmt: skip
    insert_from(
        Manifestation,
        {"id": "id", "work_id": "id", "title": "title", "author": "author", "year": "decade + 3",
         "publisher": "'人民文学出版社'", "updated_at": "now()",
         "record": """jsonb_build_object('subjects', subjects, 'languages', ARRAY[language],
             'year', decade + 3, 'material', material,
             'titles', jsonb_build_array(jsonb_build_object('text', title, 'kind', 'main')))"""},
        source="FROM bench_work",
    )  # fmt: skip
    agency = str(world.agencies["CD"].pk)
    insert_from(
        SourceRecord,
        {"id": "id", "agency_id": agency, "source_key": "'bench-' || id", "manifestation_id": "id",
         "digest": "md5(id::text)", "raw": "''::bytea", "neutral": "'{}'::jsonb",
         "received_at": "now()"},
        source="FROM bench_work",
    )  # fmt: skip
    insert_from(
        Item,
        {"owning_agency_id": "branch.agency_id", "source_record_id": "work.id",
         "barcode": "branch.code || work.id", "home_branch_id": "branch.id",
         "current_branch_id": "branch.id", "status_changed_at": "now()", "created_at": "now()",
         "status": "CASE WHEN branch.code = ANY(available) THEN 'available' ELSE 'on_loan' END"},
        source="""FROM bench_work AS work CROSS JOIN unnest(held) AS shelf (code)
                  JOIN network_branch AS branch ON branch.code = shelf.code""",
    )  # fmt: skip
    return world
