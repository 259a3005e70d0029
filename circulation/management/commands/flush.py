"""``manage.py flush``: empty the whole database, the append-only books included.

SQLite empties a table row by row and would ask their guard; it is lifted and put back.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands.flush import Command as Flush
from django.db import DEFAULT_DB_ALIAS, connections

from library_net.append_only import lifted


class Command(Flush):
    def handle(self, **options: Any) -> None:
        with lifted(connections[options.get("database") or DEFAULT_DB_ALIAS]):
            super().handle(**options)
