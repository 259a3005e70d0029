"""The follower of the change feed: what committed in the database appears in the index.

One thread of the embedded process, or ``manage.py follow_index`` on each web node.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from django.db import close_old_connections, connection
from django.db.migrations.recorder import MigrationRecorder

from catalog.models import Change, ChangeKind, FeedHead, Work
from catalog.models.feed import number_changes
from catalog.search.documents import load_documents
from catalog.search.index import IndexBusyError, SearchIndex, Writing, shared_index
from library_net.collector import collector_held
from library_net.jobs.models import JobRun, JobState

logger = logging.getLogger(__name__)
CHUNK = 500  # changes read at once; more would let a loan wait too long for its turn
WORKS = 2000  # read at once where nobody waits for a loan
# Note [Few commits]
# Each commit makes a part of the index, and the engine makes one part of every eight of a size: a
# fifth of the work when an import was committed every second. So while something imports, a commit
# waits for its next portions until it is so large that eight are more than most imports; but not
# longer, because a loan waits until everything before it is written to the disk.
# What people do with copies ends the wait, for nobody shall be sent to a shelf for a book that was
# lent. It may stand in the feed behind a long import; so it is looked for after each portion,
# written ahead of its turn and committed at once. When its turn comes it is written again.
LIMIT = 72 * CHUNK  # changes of one commit
FEW = 500  # changes that wait for no others, and acts of people that are written ahead
COMMIT_S = 1.0  # after which a commit with acts of people takes no more
BULK_S = 20.0  # after which any commit takes no more: an import's news wait no longer
INTERVAL_S = 0.25  # how long a change may wait for the follower to look
PAUSE_AFTER_ERROR_S = 5.0

Progress = Callable[[int, int], None]  # (done, total) works


class _News(NamedTuple):
    position: int
    work_id: int
    kind: str


class Follower:
    """Brings one index up to the feed, and knows which acts of people it wrote ahead of their turn.

    ``stopping`` ends a commit that waits for an import.
    """

    def __init__(self, index: SearchIndex, *, stopping: threading.Event | None = None) -> None:
        self._index = index
        self._stopping = stopping or threading.Event()
        self._shown = 0  # up to this position there is no act of people that is not in the index

    def once(self, *, limit: int = LIMIT) -> int:
        """Bring the index at most ``limit`` changes further, in one commit; returns how many.

        Builds the index first when there is none, when it followed another database, or when the
        feed no longer reaches back to its cursor. Raises IndexBusyError when another process
        writes it.
        """
        number_changes()
        state = self._index.state()
        head = _head()
        if state is None or state.feed != feed_identity() or state.cursor > head:
            return self._rebuild()
        if state.cursor == head:
            return 0
        first = _news(after=state.cursor, limit=min(limit, CHUNK))
        if not first:
            logger.warning("the feed no longer holds change %d; rebuilding", state.cursor + 1)
            return self._rebuild()
        try:
            with self._index.writing() as writing:
                self._write(writing, first, limit=limit)
        except BaseException:
            self._shown = 0
            raise
        return writing.cursor - state.cursor

    def _rebuild(self) -> int:
        self._shown = 0
        return rebuild(self._index)

    def _write(self, writing: Writing, first: list[_News], *, limit: int) -> None:
        """What belongs into one commit, a portion at a time: see Note [Few commits]."""
        begun, news, done, has_acts = time.monotonic(), first, 0, False
        while True:
            _index(writing, news)
            writing.cursor += len(news)
            done += len(news)
            has_acts = has_acts or any(_is_act(one) and one.position > self._shown for one in news)
            most_s = COMMIT_S if has_acts else BULK_S
            if done >= limit or time.monotonic() - begun >= most_s:
                return
            if len(news) < CHUNK:
                if has_acts or done < FEW or not _is_more_expected():
                    return
                self._stopping.wait(INTERVAL_S)
            if self._stopping.is_set():
                return
            number_changes()
            if acts := self._acts_behind(writing.cursor):
                _index(writing, acts)
                return
            news = _news(after=writing.cursor, limit=min(limit - done, CHUNK))

    def _acts_behind(self, cursor: int) -> list[_News]:
        """Acts of people whose turn has not come; none when they are a bulk of their own."""
        head = _head()
        after = max(cursor, self._shown)
        if after >= head:
            return []
        kind = ChangeKind.AVAILABILITY
        acts = _feed(position__gt=after, position__lte=head, kind=kind, limit=FEW + 1)
        if len(acts) > FEW:
            return []
        self._shown = head
        return acts


def follow_once(index: SearchIndex, *, limit: int = LIMIT) -> int:
    """One commit of a follower that knows nothing yet: see ``Follower.once``."""
    return Follower(index).once(limit=limit)


def _news(*, after: int, limit: int) -> list[_News]:
    """The changes that follow a position; none when the feed has a gap there."""
    found = _feed(position__gt=after, limit=limit)
    return found if found and found[0].position == after + 1 else []


def _feed(*, limit: int, **wanted: object) -> list[_News]:
    rows = Change.objects.filter(**wanted).order_by("position")
    return [
        _News(position or 0, work_id, kind)
        for position, work_id, kind in rows.values_list("position", "work_id", "kind")[:limit]
    ]


def _is_act(news: _News) -> bool:
    return news.kind == ChangeKind.AVAILABILITY


def _index(writing: Writing, news: list[_News]) -> None:
    """Write the works as they are now; those that are gone leave the index."""
    works = {one.work_id for one in news}
    if works:
        with collector_held():
            written = writing.write(upserts=load_documents(works))
        writing.write(deletes=works - written)


def _is_more_expected() -> bool:
    """Whether long work goes on, such as an import, that made the many changes there are."""
    return JobRun.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).exists()


def rebuild(index: SearchIndex, *, progress: Progress | None = None) -> int:
    """Read every work into a new index and switch to it; returns the number of works.

    Search goes on with the old index meanwhile; what changes meanwhile is followed afterwards.
    """
    number_changes()
    feed, cursor = feed_identity(), _head()
    total, last, seen = Work.objects.filter(absorbed_by=None).count(), 0, 0
    with index.rebuild(feed=feed, cursor=cursor) as builder:
        while True:
            works = Work.objects.filter(pk__gt=last, absorbed_by=None).order_by("pk")
            ids = list(works.values_list("pk", flat=True)[:WORKS])
            if not ids:
                break
            with collector_held():
                builder.add(load_documents(ids))
            builder.note_progress(total=total)
            last, seen = ids[-1], seen + len(ids)
            if progress:
                progress(seen, max(seen, total))
    logger.info("search index rebuilt: %d works, feed at %d", builder.count, cursor)
    return builder.count


def follow_until(
    stopping: threading.Event, *, index_path: Path, interval_s: float = INTERVAL_S
) -> None:
    """Follow the feed until told to stop; an error is logged and tried again, never fatal."""
    index = shared_index(index_path)
    follower = Follower(index, stopping=stopping)
    is_waiting_for_writer = False
    while not stopping.is_set():
        pause = interval_s
        try:
            close_old_connections()
            if follower.once():
                pause = 0.0
            is_waiting_for_writer = False
        except IndexBusyError:
            if not is_waiting_for_writer:
                logger.warning("another process writes the search index; waiting for my turn")
            is_waiting_for_writer, pause = True, PAUSE_AFTER_ERROR_S
        except Exception:
            logger.exception("the search index could not follow; trying again")
            pause = PAUSE_AFTER_ERROR_S
        stopping.wait(pause)
    index.close()
    connection.close()


def feed_identity() -> str:
    """Which database this is: positions of another one's feed mean nothing here.

    The moment the catalogue's first migration ran is written once and travels with a backup.
    """
    first = MigrationRecorder.Migration.objects.filter(app="catalog").order_by("id").first()
    return first.applied.isoformat() if first else ""


def _head() -> int:
    return FeedHead.objects.values_list("position", flat=True).first() or 0
