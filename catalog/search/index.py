"""The index on disk: one writer, many readers, and rebuilding while search goes on.

Folder: ``current`` names the generation in use (``g0003``); each generation is a Tantivy index
with a ``state.json`` (schema version, feed it follows, cursor) written after each commit. A crash
between the two repeats work, it never loses any.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import tantivy

from catalog.search.schema import (
    SCHEMA_VERSION,
    WorkDocument,
    build_schema,
    register_tokenizers,
    to_index,
)

logger = logging.getLogger(__name__)
POINTER = "current"
STATE = "state.json"
PROGRESS = "progress.json"
STALE_S = 120.0  # progress not heard of for so long is that of a builder that was killed
NEVER = (0, 0)
WRITER_MEMORY = 64_000_000  # bytes
BUILDER_MEMORY = 128_000_000
HANDFUL = 250  # works handed to the engine in one go


class IndexBusyError(RuntimeError):
    """Another process writes this index; only one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """How far an index has followed which feed."""

    schema: int = SCHEMA_VERSION
    feed: str = ""  # identity of the database whose feed the cursor counts
    cursor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """How many works a new index holds, and how many it will."""

    done: int
    total: int


class SearchIndex:
    """The search index in one folder. Safe to share between threads.

    Any number of processes may read; the first to call ``apply`` becomes the writer until
    ``close``. Readers notice commits and rebuilds of other processes at their next search.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Two locks: a search must not wait until a large chunk has been written.
        self._lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._generation = ""
        self._index: tantivy.Index | None = None
        self._searcher: tantivy.Searcher | None = None  # of the newest commit seen
        self._writer: tuple[str, tantivy.IndexWriter] | None = None  # and its generation
        self._newest = 0  # no work the writer ever wrote has a higher id
        # Inode and time of the pointer and of meta.json when they were last read.
        self._pointer_seen = self._commit_seen = NEVER

    # --- reading -------------------------------------------------------------------------------

    def searcher(self) -> tantivy.Searcher | None:
        """A snapshot of the newest commit; None while there is no index of this schema."""
        with self._lock:
            index = self._opened()
            if index is None:
                return None
            seen = _signature(self.path / self._generation / "meta.json")
            if seen != self._commit_seen or self._searcher is None:
                index.reload()
                self._searcher = index.searcher()
                self._commit_seen = seen
            return self._searcher

    def state(self) -> IndexState | None:
        """How far this index has come; None when it must be built first."""
        with self._lock:
            return _read_state(self.path / self._generation) if self._opened() else None

    def count(self) -> int:
        """Works in the index."""
        searcher = self.searcher()
        return int(searcher.num_docs) if searcher else 0

    def building(self) -> BuildProgress | None:
        """How far the newest rebuild is, of this process or another; None when there is none."""
        generations = sorted(self.path.glob("g[0-9]*"))
        if not generations or (generations[-1] / STATE).exists():
            return None
        file = generations[-1] / PROGRESS
        try:
            if time.time() - file.stat().st_mtime > STALE_S:
                return None
            return BuildProgress(**json.loads(file.read_text(encoding="ascii")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    # --- writing -------------------------------------------------------------------------------

    def apply(
        self,
        *,
        upserts: Iterable[WorkDocument] = (),
        deletes: Iterable[int] = (),
        cursor: int,
    ) -> None:
        """Replace and remove works in one commit, then save the cursor of the feed.

        Raises IndexBusyError when another process is the writer.
        """
        with self.writing() as writing:
            writing.write(upserts=upserts, deletes=deletes)
            writing.cursor = cursor

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        """One commit of several writes; its ``cursor`` must be set before the block ends.

        Raises IndexBusyError when another process is the writer. Nothing is kept of a block that
        fails.
        """
        with self._write_lock:
            generation, writer = self._writing()
            folder = self.path / generation
            state = _read_state(folder) or IndexState()
            writing = Writing(writer, cursor=state.cursor, newest=self._newest)
            try:
                yield writing
            except BaseException:
                writer.rollback()
                raise
            writer.commit()
            self._newest = writing.newest
            # Of the generation written to: a rebuild may have put another in use meanwhile.
            _save_state(folder, feed=state.feed, cursor=writing.cursor)

    def close(self) -> None:
        """Give up being the writer."""
        with self._write_lock:
            if self._writer is not None:
                self._writer[1].wait_merging_threads()
            self._writer = None

    @contextlib.contextmanager
    def rebuild(self, *, feed: str, cursor: int) -> Iterator[Builder]:
        """Fill a new generation beside the one in use; it takes over when the block ends well.

        ``cursor`` is the feed's head *before* the first work was read, so that nothing that
        changes meanwhile is missed. Search goes on with the old generation until then.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        folder = self._new_generation()
        builder = Builder(folder)
        try:
            yield builder
            builder.finish()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _save_state(folder, feed=feed, cursor=cursor)
        with self._lock:
            before = self._current()
            _replace(self.path / POINTER, folder.name)
            self._forget()
        self._remove_older_than(before)

    # --- inside --------------------------------------------------------------------------------

    def _current(self) -> str:
        """The generation in use if it can be read by this version of the code, else empty."""
        try:
            name = (self.path / POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""
        state = _read_state(self.path / name)
        return name if state and state.schema == SCHEMA_VERSION else ""

    def _opened(self) -> tantivy.Index | None:
        seen = _signature(self.path / POINTER)
        if seen != self._pointer_seen:
            self._forget()
            self._open(self._current())
            self._pointer_seen = seen
        return self._index

    def _open(self, generation: str) -> None:
        if not generation:
            return
        try:
            self._index = tantivy.Index.open(str(self.path / generation))
        except ValueError:
            # Derived data: whoever follows the feed builds it anew.
            logger.exception("search index %s cannot be read", generation)
            return
        self._index.config_reader(reload_policy="manual")
        register_tokenizers(self._index)
        self._generation = generation

    def _writing(self) -> tuple[str, tantivy.IndexWriter]:
        with self._lock:
            index, generation = self._opened(), self._generation
        if index is None:
            message = f"no search index in {self.path}; rebuild it first"
            raise RuntimeError(message)
        if self._writer is None or self._writer[0] != generation:
            self._writer = None
            self._writer = generation, _claim_writer(index, memory=WRITER_MEMORY)
            index.reload()
            self._newest = _highest_id(index.searcher())
        return self._writer

    def _forget(self) -> None:
        self._index = self._searcher = None
        self._generation = ""
        self._pointer_seen = self._commit_seen = NEVER

    def _new_generation(self) -> Path:
        numbers = [int(p.name[1:]) for p in self.path.glob("g[0-9]*") if p.name[1:].isdigit()]
        number = max(numbers, default=0)
        while True:
            number += 1
            folder = self.path / f"g{number:04d}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder

    def _remove_older_than(self, generation: str) -> None:
        """Keep the last one: a reader in another process may be in the middle of it."""
        for folder in self.path.glob("g[0-9]*"):
            if generation and folder.name < generation:
                shutil.rmtree(folder, ignore_errors=True)


class Writing:
    """Works replaced and removed in one commit."""

    def __init__(self, writer: tantivy.IndexWriter, *, cursor: int, newest: int) -> None:
        self._writer = writer
        self.cursor = cursor
        self.newest = newest  # no work written so far has a higher id

    def write(
        self, *, upserts: Iterable[WorkDocument] = (), deletes: Iterable[int] = ()
    ) -> set[int]:
        """Returns the works that were written; their order costs least when they are by id."""
        for work_id in deletes:
            self._writer.delete_documents_by_term("id", work_id)
        written = set()
        for handful in _handfuls(upserts):
            for work_id, text in handful:
                # Every part of the index is searched for what is to be deleted: not for new works.
                if work_id <= self.newest:
                    self._writer.delete_documents_by_term("id", work_id)
                else:
                    self.newest = work_id
                self._writer.add_json(text)
                written.add(work_id)
        return written


class Builder:
    """Writes a generation nobody reads yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = tantivy.Index(build_schema(), str(folder))
        register_tokenizers(self._index)
        self._writer = _claim_writer(self._index, memory=BUILDER_MEMORY)
        self.count = 0

    def add(self, documents: Iterable[WorkDocument]) -> None:
        for handful in _handfuls(documents):
            for _work_id, text in handful:
                self._writer.add_json(text)
            self.count += len(handful)

    def note_progress(self, *, total: int) -> None:
        """Tell whoever asks how far this is; the total may turn out to be more."""
        progress = BuildProgress(done=self.count, total=max(total, self.count))
        _replace(self._folder / PROGRESS, json.dumps(asdict(progress)))

    def finish(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()


def _handfuls(documents: Iterable[WorkDocument]) -> Iterator[list[tuple[int, str]]]:
    """Ids of works and what the engine is given of them, many in one go.

    Its thread sleeps when it has nothing to do, and to be woken for each work costs both sides a
    quarter of all the work there is.
    """
    rest = iter(documents)
    while handful := [(one.work_id, to_index(one)) for one in islice(rest, HANDFUL)]:
        yield handful


@lru_cache(maxsize=8)
def shared_index(path: Path) -> SearchIndex:
    """The one object for this folder in this process, so that its threads share one writer."""
    return SearchIndex(path)


def _claim_writer(index: tantivy.Index, *, memory: int) -> tantivy.IndexWriter:
    try:
        return index.writer(memory, 1)
    except ValueError as error:
        if "LockBusy" in str(error):
            message = "another process writes the search index"
            raise IndexBusyError(message) from error
        raise


def _highest_id(searcher: tantivy.Searcher) -> int:
    found = searcher.aggregate(tantivy.Query.all_query(), {"highest": {"max": {"field": "id"}}})
    return int(found["highest"]["value"] or 0)


def _signature(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return NEVER
    return found.st_ino, found.st_mtime_ns


def _replace(path: Path, text: str) -> None:
    """Write a small file so that readers see the old or the new one, never half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with temporary.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _save_state(folder: Path, *, feed: str, cursor: int) -> None:
    _replace(folder / STATE, json.dumps(asdict(IndexState(feed=feed, cursor=cursor))))


def _read_state(folder: Path) -> IndexState | None:
    try:
        return IndexState(**json.loads((folder / STATE).read_text(encoding="ascii")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
