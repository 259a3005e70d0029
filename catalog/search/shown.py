"""What a page shows of the works it found, read in two plain statements.

A search page is the most asked for there is; putting these statements together anew each time took
longer than the database took to answer them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db import connection

from catalog.domain.items import ItemStatus

_NEVER_ON_A_SHELF = (ItemStatus.WITHDRAWN, ItemStatus.LOST, ItemStatus.MISSING)
_EDITIONS = """
SELECT edition.work_id, edition.id, edition.title, edition.publisher, edition.year,
       work.title, work.author
  FROM catalog_manifestation AS edition
  JOIN catalog_work AS work ON work.id = edition.work_id
 WHERE edition.work_id IN ({works})
   AND edition.deleted_at IS NULL AND edition.absorbed_by_id IS NULL AND work.absorbed_by_id IS NULL
"""
_COPIES = """
SELECT edition.work_id, item.current_branch_id,
       sum(CASE WHEN item.status = %s AND item.is_lendable THEN 1 ELSE 0 END), count(*)
  FROM catalog_manifestation AS edition
  JOIN catalog_sourcerecord AS source ON source.manifestation_id = edition.id
  JOIN catalog_item AS item ON item.source_record_id = source.id
 WHERE edition.work_id IN ({works}) AND item.status NOT IN (%s, %s, %s)
 GROUP BY edition.work_id, item.current_branch_id
"""


class EditionRow(NamedTuple):
    """A living edition of a living work."""

    work_id: int
    id: int
    title: str
    publisher: str
    year: int | None
    work_title: str
    work_author: str


class CopiesRow(NamedTuple):
    """Copies of one work at one branch."""

    work_id: int
    branch_id: int
    available: int  # a reader can take them home now
    total: int


def editions_of(work_ids: Collection[int]) -> dict[int, list[EditionRow]]:
    """The editions of each work, newest first. One query."""
    found: dict[int, list[EditionRow]] = defaultdict(list)
    rows = [EditionRow(*row) for row in _rows(_EDITIONS, work_ids)]
    for row in sorted(rows, key=lambda row: (-(row.year or 0), row.id)):
        found[row.work_id].append(row)
    return found


def copies_of(work_ids: Collection[int]) -> list[CopiesRow]:
    """Where the copies of the works are, as the database says now. One query."""
    rows = _rows(_COPIES, work_ids, before=[ItemStatus.AVAILABLE], after=_NEVER_ON_A_SHELF)
    return [CopiesRow(*row) for row in rows]


def _rows(
    statement: str,
    work_ids: Collection[int],
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> list[tuple[Any, ...]]:
    """The statement with as many places as there are works, asked with values around them."""
    if not work_ids:
        return []
    places = ", ".join(["%s"] * len(work_ids))
    with connection.cursor() as cursor:
        cursor.execute(statement.format(works=places), [*before, *work_ids, *after])
        return list(cursor.fetchall())
