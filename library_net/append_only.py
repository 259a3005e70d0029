"""Tables whose rows stay: the database itself refuses to change or delete them.

Both databases have triggers. Some columns may be left out (the link to a person, which privacy or
a join of two records may change). SQLite loses triggers when a migration rebuilds a table: such a
migration calls ``guard`` again, and a test looks whether the guards are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE: Final = "append-only"
_MARK: Final = "_is_append_only"


def guard(schema_editor: Any, table: str, columns: Iterable[str]) -> None:
    """From now on rows of this table are neither deleted nor changed in these columns."""
    unguard(schema_editor, table)
    names = ", ".join(f'"{column}"' for column in columns)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE OR REPLACE FUNCTION {table}{_MARK}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}: {table}' USING ERRCODE = '23514'; END $$"
        )
        schema_editor.execute(
            f'CREATE TRIGGER {table}{_MARK} BEFORE UPDATE OF {names} OR DELETE ON "{table}" '
            f"FOR EACH ROW EXECUTE FUNCTION {table}{_MARK}()"
        )
        return
    for suffix, event in (("_update", f"UPDATE OF {names}"), ("_delete", "DELETE")):
        schema_editor.execute(
            f'CREATE TRIGGER {table}{_MARK}{suffix} BEFORE {event} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}: {table}'); END"
        )


def unguard(schema_editor: Any, table: str) -> None:
    """Lift the guard; for migrations only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f'DROP TRIGGER IF EXISTS {table}{_MARK} ON "{table}"')
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}{_MARK}()")
        return
    for suffix in ("_update", "_delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}{_MARK}{suffix}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Deleting is possible meanwhile: SQLite only, where emptying a table asks its triggers."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
            [f"%{_MARK}_delete"],
        )
        guards = cursor.fetchall()
        for name, _ in guards:
            cursor.execute(f'DROP TRIGGER "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for _, statement in guards:
                cursor.execute(statement)
