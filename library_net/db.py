"""Writes that race: compare-and-set, and who holds a lane."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction


def claim(queryset: models.QuerySet[Any], **new: Any) -> bool:
    """Change the one row the queryset still matches; ``False`` when somebody was faster.

    The filter must name the state expected, so the database decides the race. Works the same on
    SQLite, where ``select_for_update`` is silently nothing.
    """
    changed = queryset.update(**new)
    if changed > 1:
        message = f"claim() matched {changed} rows of {queryset.model.__name__}"
        raise AssertionError(message)
    return changed == 1


@contextmanager
def one_at_a_time(lane: int) -> Iterator[None]:
    """Hold a database-wide lane until the transaction ends.

    PostgreSQL: a transaction advisory lock. SQLite: the IMMEDIATE transaction itself is the lock.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lane])
        yield


# Note [Lanes]: numbers of the advisory locks, so that no two uses collide.
LANE_FEED = 7001  # numbering the change feed
LANE_MATCH = 7002  # matching and saving records: twins in two batches must meet
LANE_PLAN = 7003  # making or changing a rebalancing plan
LANE_ALLOCATE = 7004  # proposing copies: two runs at once would propose one copy twice
