"""Connections to PostgreSQL and the threads they belong to.

Django gives each thread a connection of its own. Work that only one thread of a process does at a
time, like leading a batch of loans, is better done on one connection that threads use in turn: what
it prepared stays planned, and the database holds one session for it instead of one a thread. And a
connection of a thread's own should end with the thread: Django leaves it to the collector, which
may come when the database has long run out of sessions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_shared: Final[WeakSet[SharedLine]] = WeakSet()
_own: Final = threading.local()


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
        _shared.add(self)
        return self._line

    def close(self) -> None:
        """The next use makes a new one."""
        if self._line is not None:
            self._line.close()
            self._line = None


def close_shared() -> None:
    """For whoever is about to drop the database: a test run."""
    for line in list(_shared):
        line.close()


class _Ending:
    """Closes a connection when nobody holds this any more."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __del__(self) -> None:
        self._connection.close()


def end_with_thread(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Told of each new connection; what a thread-local holds goes when its thread ends."""
    if connection.vendor == "postgresql" and not connection.allow_thread_sharing:
        if not hasattr(_own, "endings"):
            _own.endings = WeakKeyDictionary()
        _own.endings[connection] = _Ending(connection.connection)
