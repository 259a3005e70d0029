"""The bulk writer: COPY on PostgreSQL, ``executemany`` on SQLite; rows are plain tuples.

For the ingest lane only. Values are given in the database's own form (`adapt`), ids are reserved
before the rows are built, so a chunk's records, keys and items can refer to one another and be
written in one pass each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection, models

Row = Sequence[Any]

LANE_CACHE_KB = 64_000
LANE_LOG_PAGES = 16_000  # of 4 KB


def make_room() -> None:
    """SQLite: let this connection keep the pages a step changes, and rarely copy the log back.

    New keys fall on thousands of pages of an index. In the room every connection has, pages had to
    leave in the middle of a step, and were written, read again and written again.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{LANE_CACHE_KB}")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {LANE_LOG_PAGES}")


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` primary keys nobody else will get. Must run inside the writing transaction."""
    if count == 0:
        return []
    if connection.vendor == "postgresql":
        table = model._meta.db_table  # noqa: SLF001 - Django's documented model API
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_IDS, [table, count])
            return [int(row[0]) for row in cursor.fetchall()]
    # SQLite: the IMMEDIATE transaction we are in is the only writer; AUTOINCREMENT keeps the
    # highest id ever used, so an id of a deleted row is not handed out again.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = %s",
            [model._meta.db_table],  # noqa: SLF001
        )
        found = cursor.fetchone()
    top = int(found[0]) if found else 0
    return list(range(top + 1, top + 1 + count))


# The sequence is looked up once, not for each row: that cost more than writing a work.
_NEXT_IDS = """
    WITH one AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence)
    SELECT nextval(one.sequence) FROM one, generate_series(1, %s)
"""


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert plain tuples in the order of ``columns`` (database column names).

    Nothing for an empty list, which would go to the database and back all the same. PostgreSQL is
    given values in binary: as text, bytes are twice as long, and long texts are gone through for
    what must be escaped, by us and by the server.
    """
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    if connection.vendor == "postgresql":
        types = _types(model, columns)
        is_binary = "jsonb" not in types  # which we have as text
        binary = " (FORMAT BINARY)" if is_binary else ""
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN{binary}") as copy,
        ):
            if is_binary:
                copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" for _ in columns)
    connection.ensure_connection()
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    connection.connection.executemany(statement, rows)


def _types(model: type[models.Model], columns: Sequence[str]) -> list[str]:
    """PostgreSQL's names of the columns' types, without their lengths."""
    fields = {field.column: field for field in model._meta.concrete_fields}  # noqa: SLF001
    return [(fields[one].db_type(connection) or "").partition("(")[0] for one in columns]


def select_blob(sql: str, parameters: Sequence[Any]) -> bytes | None:
    """The one column of the first row of a query; on PostgreSQL fetched in binary."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            row = cursor.fetchone()
    else:
        # Here: an embedded site on SQLite need not load it.
        from psycopg import Cursor  # noqa: PLC0415

        connection.ensure_connection()
        # Django's own cursors write parameters into the text and get no binary answers.
        with Cursor(connection.connection) as cursor:
            row = cursor.execute(sql, parameters, binary=True).fetchone()
    return None if row is None else bytes(row[0])


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update by primary key: each row holds the values of ``columns``, then the id.

    Nothing for no rows: the driver would go to the database and back all the same.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(column)} = %s" for column in columns)
    table = quote(model._meta.db_table)  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {assignments} WHERE id = %s",  # noqa: S608 - our own names
            rows,
        )


Values = Sequence[int] | Sequence[str]


def _where_in(sql: str, values: Values) -> tuple[str, Any]:
    if connection.vendor == "postgresql":
        # As rows of a query of its own, so that the planner does not see how many they are: for
        # thousands of keys it would walk the whole table, long before that pays. As rows, because
        # a small table is walked all the same, and each row then held against the whole array.
        kind = "text" if isinstance(values[0], str) else "bigint"
        return sql.format(values=f"IN (SELECT unnest((SELECT %s)::{kind}[]))"), _array_text(values)
    return sql.format(values="IN (SELECT value FROM json_each(%s))"), as_json(list(values))


def _array_text(values: Values) -> str:
    """PostgreSQL's text of an array of numbers or strings."""
    if not isinstance(values[0], str):
        return f"{{{','.join(map(str, values))}}}"
    text = '","'.join(str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f'{{"{text}"}}'


def select_where_in(sql: str, values: Values, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of a query over a set of any size, without a parameter limit; none for an empty set.

    The ``{values}`` of ``WHERE key {values}``, which comes after every other parameter, becomes
    the elements of an array, or of a JSON array.
    """
    if not values:
        return []
    statement, array = _where_in(sql, values)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, array])
        return list(cursor.fetchall())


def execute_where_in(sql: str, values: Values, *parameters: Any) -> int:
    """Like ``select_where_in`` for a write; the number of rows it touched."""
    if not values:
        return 0
    statement, array = _where_in(sql, values)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, array])
        return int(cursor.rowcount)


def refresh_statistics(*models_read: type[models.Model]) -> None:
    """PostgreSQL: tell the planner of tables that grew tenfold since it last looked. One query.

    Autovacuum looks once a minute, does not see rows that are being written, and so may note a
    table as empty in the middle of a first load; look-ups by thousands of ids then walk whole
    indexes, each time.
    """
    if connection.vendor != "postgresql":
        return
    tables = [model._meta.db_table for model in models_read]  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [tables])
        quote = connection.ops.quote_name
        for table, columns in cursor.fetchall():
            cursor.execute(f"ANALYZE {quote(table)} ({', '.join(map(quote, columns))})")


# Of the columns in indexes: nothing is looked up by the others, and records are long to look at.
_GROWN = """
    SELECT relname, ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = oid AND attnum IN (
            SELECT UNNEST(indkey) FROM pg_index WHERE indrelid = oid
        )
    ) FROM pg_class,
        LATERAL (SELECT pg_relation_size(oid) / current_setting('block_size')::int AS pages) now
    WHERE oid = ANY(%s::regclass[])
        AND (pages > 10 * GREATEST(relpages, 8) OR (reltuples <= 0 AND pages > 8))
"""


def as_json(value: Any) -> str:
    """JSON text as both engines take it for a JSONField column."""
    return orjson.dumps(value).decode()


def as_datetime(value: datetime | None) -> Any:
    """An aware datetime as this engine's column takes it."""
    return connection.ops.adapt_datetimefield_value(value)


def as_price(value: Decimal | None) -> Any:
    """An amount as this engine's price column takes it."""
    return connection.ops.adapt_decimalfield_value(value, max_digits=10, decimal_places=2)
