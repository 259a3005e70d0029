"""One stamp for everything slow-moving that decisions are made from.

A process may keep the tree of agencies, the branches, the rules and the member keys in memory, as
long as it asks for the stamp inside each transaction: while the stamp is the one it loaded under,
nothing has changed. Triggers in the database give a new stamp with every write to a watched table,
so the admin, an import, another process or a hand at the SQL prompt all count, and the stamp
changes in the same commit as the rows. Stamps are random: no two states ever share one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from django.db import connection, connections

STAMP_SQL = "SELECT value FROM network_referencestamp WHERE id = 1"
_WATCHED: dict[str, tuple[str, ...]] = {}

_FUNCTION = """
CREATE OR REPLACE FUNCTION network_new_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO network_referencestamp (id, value) VALUES (1, gen_random_uuid()::text)
    ON CONFLICT (id) DO UPDATE SET value = excluded.value;
  RETURN NULL;
END $$
"""
# Not an upsert: the statement that fires a SQLite trigger overrides conflict clauses inside it.
_BODY = """
  DELETE FROM network_referencestamp;
  INSERT INTO network_referencestamp (id, value) VALUES (1, lower(hex(randomblob(16))));
"""
_INSTALLED_POSTGRESQL = """
SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'new_stamp_emptied'
"""
_INSTALLED_SQLITE = """
SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'new_stamp_%_update'
"""


def watch(table: str, *, columns: Sequence[str] = ()) -> None:
    """Let every write to a table change the stamp; updates only of ``columns`` where given.

    Called by apps when they are ready; the triggers are made after each migration.
    """
    _WATCHED[table] = tuple(columns)


def watched_tables() -> frozenset[str]:
    return frozenset(_WATCHED)


def install(using: str = "default", **_signal: object) -> None:
    """Make the triggers that are missing. SQLite loses a table's when a migration rebuilds it."""
    database = connections[using]
    with database.cursor() as cursor:
        tables = set(database.introspection.table_names(cursor))
        if "network_referencestamp" not in tables:
            return
        is_postgresql = database.vendor == "postgresql"
        cursor.execute(_INSTALLED_POSTGRESQL if is_postgresql else _INSTALLED_SQLITE)
        missing = (_WATCHED.keys() & tables) - {table for (table,) in cursor.fetchall()}
        if is_postgresql and missing:
            cursor.execute(_FUNCTION)
        make = _postgresql_triggers if is_postgresql else _sqlite_triggers
        for table in sorted(missing):
            for statement in make(table, _WATCHED[table]):
                cursor.execute(statement)


def _postgresql_triggers(table: str, columns: Sequence[str]) -> list[str]:
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    run = "FOR EACH STATEMENT EXECUTE FUNCTION network_new_stamp()"
    return [
        f"CREATE TRIGGER new_stamp AFTER INSERT OR DELETE OR {update} ON {table} {run}",
        f"CREATE TRIGGER new_stamp_emptied AFTER TRUNCATE ON {table} {run}",
    ]


def _sqlite_triggers(table: str, columns: Sequence[str]) -> list[str]:
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    return [
        f"CREATE TRIGGER IF NOT EXISTS new_stamp_{table}_{event.split()[0].lower()} "
        f"AFTER {event} ON {table} BEGIN {_BODY} END"
        for event in ("INSERT", "DELETE", update)
    ]


def current_stamp() -> str:
    """The stamp as this transaction sees it; empty when there is none. Queries: 1."""
    with connection.cursor() as cursor:
        cursor.execute(STAMP_SQL)
        row = cursor.fetchone()
    return str(row[0]) if row else ""


Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """One process's copy of what a loader reads, good while the stamp is the same."""

    def __init__(self, load: Callable[[], Value]) -> None:
        self._load = load
        self._kept: tuple[str, Value] | None = None
        self._loading = Lock()

    def latest(self) -> Value | None:
        """What was last loaded, without looking whether it still holds."""
        kept = self._kept
        return kept[1] if kept else None

    def at(self, stamp: str) -> Value:
        """The value under a stamp read in this transaction. Queries: 0, or those of the loader.

        Without a stamp (an emptied database) nothing is remembered.
        """
        kept = self._kept
        if kept is not None and stamp and kept[0] == stamp:
            return kept[1]
        with self._loading:
            kept = self._kept
            if kept is not None and stamp and kept[0] == stamp:
                return kept[1]
            while True:
                before = current_stamp()
                value = self._load()
                if current_stamp() == before:  # no commit of others between its queries
                    break
            self._kept = (before, value) if before else None
            return value
