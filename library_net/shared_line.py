"""One connection to PostgreSQL that threads use in turn.

Each thread of a web process has a connection of its own, and each connection plans its statements
for itself. Work that only one thread of the process does at a time, like leading a batch of loans,
is better done on one connection: what it prepared stays planned, and the database holds one session
instead of one a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_open: Final[WeakSet[SharedLine]] = WeakSet()


class SharedLine:
    """The caller sees to it that one thread at a time is inside ``in_use``."""

    def __init__(self) -> None:
        self._line: BaseDatabaseWrapper | None = None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Within, ``django.db.connection`` is the shared one.

        On SQLite, and inside somebody's transaction, it stays the thread's own.
        """
        own = connections[DEFAULT_DB_ALIAS]
        if own.vendor != "postgresql" or own.in_atomic_block:
            yield
            return
        line = self._line or self._make(own)
        connections[DEFAULT_DB_ALIAS] = line
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = own
            if line.errors_occurred:
                line.close_if_unusable_or_obsolete()

    def _make(self, own: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
        self._line = own.copy()
        self._line.inc_thread_sharing()
        _open.add(self)
        return self._line

    def close(self) -> None:
        """The next use makes a new one."""
        if self._line is not None:
            self._line.close()
            self._line = None


def close_shared_lines() -> None:
    """For whoever is about to drop the database: a test run."""
    for line in list(_open):
        line.close()
