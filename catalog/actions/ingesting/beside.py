"""The next step of a file is read by a process beside while this one is matched and saved.

A guess that costs nothing if it is wrong: the answer depends on the bytes, the place in the file
and the member's settings alone, and is used only where all three are those of the step. No answer,
or a child that died, means reading here. A plain subprocess, because the workers of a Celery pool
are daemons, which may have no children of `multiprocessing`.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.prepare import LOOKED_BEYOND, Step

log = logging.getLogger(__name__)
WORTH_IT = 256 * 1024  # bytes left of the file; a start of the child costs as much as 1,000 records
PATIENCE_S = 60.0


class Place(NamedTuple):
    """Where a step begins, and how it is read."""

    batch_id: int
    offset: int
    position: int
    limit: int
    profile: SourceProfile


@dataclass(slots=True)
class _Errand:
    place: Place
    data: bytes
    is_rest: bool
    ends: frozenset[int]
    answer: Step | None = None


class Beside:
    """One child of this process and the one step it reads. Safe to share between threads."""

    def __init__(self, *, program: str = sys.executable) -> None:
        self.program = program
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._child: subprocess.Popen[bytes] | None = None
        self._errand: _Errand | None = None
        self._thread: threading.Thread | None = None
        self.answered = 0  # steps that need not be read here

    def ask(
        self, place: Place, data: bytes, *, is_rest: bool, ends: frozenset[int] = frozenset()
    ) -> None:
        """Have the step at this place read; nothing if the child is still at another."""
        with self._lock:
            self._forget_parent()
            if self._thread is not None and self._thread.is_alive():
                return
            self._errand = _Errand(place, data, is_rest, ends)
            self._thread = threading.Thread(target=self._run, args=(self._errand,), daemon=True)
            self._thread.start()

    def take(self, place: Place) -> tuple[Step, bytes] | None:
        """The step read at this place and the bytes it is from; waits for the child to end it."""
        with self._lock:
            self._forget_parent()
            errand, thread = self._errand, self._thread
            if errand is None or thread is None or errand.place != place:
                return None
            self._errand = None
        thread.join(PATIENCE_S)
        if thread.is_alive():
            log.warning("the process beside does not answer; reading here")
            self.stop()
            return None
        if errand.answer is None:
            return None
        self.answered += 1
        return errand.answer, errand.data

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):  # what was still to be written
                    pipe.close()  # type: ignore[union-attr]

    def _forget_parent(self) -> None:
        """After a fork: the child and the thread are our parent's."""
        if self._owner != os.getpid():
            self._owner = os.getpid()
            self._child = self._errand = self._thread = None

    def _run(self, errand: _Errand) -> None:
        place = errand.place
        request = {
            "data": errand.data,
            "is_rest": errand.is_rest,
            "offset": place.offset,
            "position": place.position,
            "limit": place.limit,
            "ends": errand.ends,
            "profile": place.profile,
        }
        try:
            child = self._running()
            pickle.dump(request, child.stdin, protocol=pickle.HIGHEST_PROTOCOL)  # type: ignore[arg-type]
            child.stdin.flush()  # type: ignore[union-attr]
            errand.answer = pickle.load(child.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own child
        except (OSError, EOFError, pickle.UnpicklingError, ValueError) as error:
            log.warning("the process beside gave no answer (%r); reading here", error)
            self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        child = self._child
        if child is None or child.poll() is not None:
            # A process group of its own: Ctrl-C is for us, and when we end, its input does. But no
            # session of its own, which Linux would give as much of the processors as all of ours.
            child = self._child = subprocess.Popen(  # noqa: S603 - our own interpreter
                [self.program, "-m", "catalog.actions.ingesting.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=settings.BASE_DIR,
                process_group=0,
            )
        return child


beside = Beside()
atexit.register(beside.stop)


def is_allowed() -> bool:
    """Not on a single core: see the setting."""
    return bool(settings.INGEST_READ_BESIDE)


def bytes_wanted(*, length: int, count: int, limit: int) -> int:
    """Bytes that hold a step, if its records are half as long again as those of the last one.

    Half, because a step that did not fit is read twice, and steps a quarter longer are met.
    """
    return length * limit * 3 // (max(count, 1) * 2) + 2 * LOOKED_BEYOND
