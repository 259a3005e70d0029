"""The follower of the change feed: what committed in the database appears in the index.

One thread of the embedded process, or ``manage.py follow_index`` on each web node.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import close_old_connections, connection
from django.db.migrations.recorder import MigrationRecorder

from catalog.models import Change, FeedHead, Work
from catalog.models.feed import number_changes
from catalog.search.documents import load_documents
from catalog.search.index import IndexBusyError, SearchIndex, shared_index
from library_net.collector import collector_held
from library_net.jobs.models import JobRun, JobState

logger = logging.getLogger(__name__)
CHUNK = 2000  # works read at once
# Note [Few commits]
# Each commit makes a part of the index, and parts are merged again and again: half the work when
# each portion of an import was committed alone. So while something imports, a commit waits for its
# next portion; the changes people make are few and wait for nothing.
LIMIT = 5 * CHUNK  # changes of one commit
FEW = 500  # changes that are committed at once
COMMIT_S = 1.0  # after which a commit takes no more, so that what is waiting is found in time
INTERVAL_S = 0.25  # how long a change may wait for the follower to look
PAUSE_AFTER_ERROR_S = 5.0

Progress = Callable[[int, int], None]  # (done, total) works


def follow_once(index: SearchIndex, *, limit: int = LIMIT) -> int:
    """Bring the index up to at most ``limit`` changes further; returns how many it passed.

    Builds the index first when there is none, when it followed another database, or when the feed
    no longer reaches back to its cursor. Raises IndexBusyError when another process writes it.
    """
    number_changes()
    state = index.state()
    head = _head()
    if state is None or state.feed != feed_identity() or state.cursor > head:
        return rebuild(index)
    if state.cursor == head:
        return 0
    first = _changed(after=state.cursor, limit=min(limit, CHUNK))
    if not first:
        logger.warning("the feed no longer holds change %d; rebuilding", state.cursor + 1)
        return rebuild(index)
    with collector_held(), index.writing() as writing:
        for work_ids in _coming(first, cursor=state.cursor, limit=limit):
            chunk = set(work_ids)
            written = writing.write(upserts=load_documents(chunk))
            writing.write(deletes=chunk - written)
            writing.cursor += len(work_ids)
    return writing.cursor - state.cursor


def _coming(first: list[int], *, cursor: int, limit: int) -> Iterator[list[int]]:
    """The changes of one commit, a chunk at a time: see Note [Few commits]."""
    until, work_ids, done = time.monotonic() + COMMIT_S, first, 0
    while True:
        if work_ids:
            yield work_ids
            done += len(work_ids)
        left_s = until - time.monotonic()
        if done >= limit or left_s <= 0:
            return
        if len(work_ids) < CHUNK:
            if done < FEW or not _is_more_expected():
                return
            time.sleep(min(INTERVAL_S, left_s))
            number_changes()
        work_ids = _changed(after=cursor + done, limit=min(limit - done, CHUNK))


def _changed(*, after: int, limit: int) -> list[int]:
    """Works of the changes that follow a position; none when the feed has a gap there."""
    rows = list(
        Change.objects.filter(position__gt=after)
        .order_by("position")
        .values_list("position", "work_id")[:limit]
    )
    return [work_id for _, work_id in rows] if rows and rows[0][0] == after + 1 else []


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
            ids = list(works.values_list("pk", flat=True)[:CHUNK])
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
    is_waiting_for_writer = False
    while not stopping.is_set():
        pause = interval_s
        try:
            close_old_connections()
            if follow_once(index):
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
