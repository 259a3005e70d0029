"""Rows of our own tables made inside PostgreSQL, for benchmarks that need a million of them."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from catalog.models import Item, Manifestation, SourceRecord, Work
from tests.benchmarks.library import BRANCHES
from tests.world import World


def insert_from(model: type[models.Model], columns: Mapping[str, str], *, source: str) -> None:
    """INSERT … SELECT; columns not named get the model's default. Foreign keys are not checked."""
    given: dict[str, str] = dict(columns)
    values: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.column in given or field.primary_key or field.null:
            continue
        default = "" if field.default is NOT_PROVIDED else field.get_default()
        given[field.column] = "%s"
        values.append(field.get_db_prep_save(default, connection))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(given)}) SELECT {', '.join(given.values())} {source}",
            values,
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(f"ANALYZE {table}")


def fill_catalogue() -> None:
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
         "record": "jsonb_build_object('titles', title, 'subjects', subjects)"},
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
