"""The change feed: numbered in commit order, so that a reader's cursor never skips a row.

A sequence is handed out before commit; a row that commits late would be missed by whoever has
already read past its number. So only who holds the feed, one at a time network-wide, gives numbers,
and holds it until the commit. What people do must not wait for that: their rows are written without
a position, and `number_changes` numbers those that are committed. Whoever writes thousands at once
numbers its own. Readers see only numbered rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from catalog.models.bulk import as_datetime, insert_rows
from library_net.db import LANE_FEED, one_at_a_time


class ChangeKind(models.TextChoices):
    RECORD = "record", _("the record changed")
    AVAILABILITY = "availability", _("a copy's status or place changed")
    DELETED = "deleted", _("the work is gone")


class Change(models.Model):
    """Something a follower of this work must look at again."""

    position = models.BigIntegerField(null=True, unique=True)
    work_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=ChangeKind.choices)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="changes_unnumbered", condition=models.Q(position=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.kind} w{self.work_id}"


class FeedHead(models.Model):
    """The last position handed out (one row)."""

    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.position)


def note_changes(*, work_ids: Iterable[int], kind: str, now: datetime) -> None:
    """Append one row per work, in the caller's transaction. One write."""
    stamp = as_datetime(now)
    insert_rows(
        Change,
        ["work_id", "kind", "changed_at"],
        [(work_id, str(kind), stamp) for work_id in sorted(set(work_ids))],
    )


def append_changes(*, changed: Iterable[int], ended: Iterable[int], now: datetime) -> None:
    """Append one numbered row per work, of a bulk and just before its commit. Four queries.

    The caller's transaction holds the feed from here to its end.
    """
    stamp = as_datetime(now)
    kinds = ((ChangeKind.RECORD, set(changed) - set(ended)), (ChangeKind.DELETED, set(ended)))
    news = [(work_id, str(kind), stamp) for kind, ids in kinds for work_id in sorted(ids)]
    if not news:
        return
    with one_at_a_time(LANE_FEED):
        head = _head()
        insert_rows(
            Change,
            ["position", "work_id", "kind", "changed_at"],
            [(position, *row) for position, row in enumerate(news, start=head.position + 1)],
        )
        head.position += len(news)
        head.save(update_fields=["position"])


NUMBER_ROWS = """
    WITH waiting AS (
        SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place
        FROM catalog_change WHERE position IS NULL ORDER BY id LIMIT %s
    )
    UPDATE catalog_change SET position = %s + waiting.place
    FROM waiting WHERE catalog_change.id = waiting.id
"""


def number_changes(*, limit: int = 50_000) -> int:
    """Give committed rows their positions; returns how many. Cheap when there are none."""
    # In their order, so that PostgreSQL asks their own index, which is empty most of the time: it
    # takes rows without a position for frequent, and would look for one through the whole feed.
    if not Change.objects.filter(position=None).order_by("id").values_list("id")[:1]:
        return 0
    with one_at_a_time(LANE_FEED):
        head = _head()
        before = head.position
        with connection.cursor() as cursor:
            cursor.execute(NUMBER_ROWS, [limit, before])
        # Not cursor.rowcount: sqlite3 gives -1 for a statement that begins with WITH.
        last = Change.objects.aggregate(last=models.Max("position"))["last"]
        head.position = max(before, last or 0)
        head.save(update_fields=["position"])
    return head.position - before


def _head() -> FeedHead:
    head, _created = FeedHead.objects.get_or_create(pk=1)
    return head
