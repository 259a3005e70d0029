"""Who arrives while a transaction runs shares the next one (group commit).

The first caller leads: it takes whoever waits, commits for all of them in one transaction, and
hands the lead to the oldest of those who came meanwhile. Where several were around when the last
transaction ended, the next leader waits for as many, a moment at most: a batch of four costs hardly
more than one of two. A caller who was alone goes at once. Threads of one process share a lane;
processes meet in the database as before. See docs/adr/0009-group-commit.md.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 48
COMPANY_S: Final = 0.002
WAIT_S: Final = 30.0

Call = TypeVar("Call")
Outcome = TypeVar("Outcome")


class _Seat(Generic[Call, Outcome]):
    """One caller's place: released with an outcome, or with the lead."""

    __slots__ = ("call", "is_taken", "leads", "outcome", "released")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.outcome: Outcome | None = None
        self.leads = False
        self.is_taken = False
        self.released = threading.Lock()
        self.released.acquire()


class Lane(Generic[Call, Outcome]):
    """Runs calls through ``commit`` together, at most one batch of this process at a time.

    ``commit`` gets calls that share none of their ``keys`` and gives an outcome for each, in order;
    ``None`` sends a caller away to act alone, in its own thread and transaction. Whatever goes
    wrong in a batch sends all its callers away, so nobody meets another's error.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Call]], Sequence[Outcome | None]],
        *,
        keys: Callable[[Call], Sequence[Hashable]],
        most: int = MOST_AT_ONCE,
        company_s: float = COMPANY_S,
    ) -> None:
        self._commit = commit
        self._keys = keys
        self._most = most
        self._company_s = company_s
        self._waiting: deque[_Seat[Call, Outcome]] = deque()
        self._is_busy = False
        self._expected = 0  # how many were around when the last batch ended
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)

    def run(self, call: Call) -> Outcome | None:
        """The outcome, or ``None``: act alone."""
        seat: _Seat[Call, Outcome] = _Seat(call)
        with self._lock:
            self._waiting.append(seat)
            seat.leads = not self._is_busy
            self._is_busy = True
            if self._are_all_here():
                self._arrived.notify()
        if not seat.leads and not seat.released.acquire(timeout=WAIT_S):
            self._leave(seat)
        if seat.leads:
            self._lead()
        return seat.outcome

    def _lead(self) -> None:
        batch = self._take()
        try:
            outcomes = self._commit([seat.call for seat in batch])
            for seat, outcome in zip(batch, outcomes, strict=True):
                seat.outcome = outcome
        except Exception:
            log.exception("a batch of %d failed; each goes alone", len(batch))
        finally:
            self._hand_over(served=len(batch))
            for seat in batch:
                if not seat.leads:
                    seat.released.release()

    def _take(self) -> list[_Seat[Call, Outcome]]:
        """Whoever is here soon, oldest first: the leader itself is always among them."""
        batch: list[_Seat[Call, Outcome]] = []
        later: list[_Seat[Call, Outcome]] = []
        taken: set[Hashable] = set()
        with self._lock:
            self._arrived.wait_for(self._are_all_here, timeout=self._company_s)
            while self._waiting and len(batch) < self._most:
                seat = self._waiting.popleft()
                keys = self._keys(seat.call)
                if taken.isdisjoint(keys):
                    taken.update(keys)
                    seat.is_taken = True
                    batch.append(seat)
                else:
                    later.append(seat)
            self._waiting.extendleft(reversed(later))
        return batch

    def _are_all_here(self) -> bool:
        return len(self._waiting) >= self._expected

    def _hand_over(self, *, served: int) -> None:
        with self._lock:
            self._expected = min(self._most, served + len(self._waiting))
            if not self._waiting:
                self._is_busy = False
                return
            following = self._waiting[0]
            following.leads = True
        following.released.release()

    def _leave(self, seat: _Seat[Call, Outcome]) -> None:
        """Waited too long: act alone. Was the call taken, the operation's row settles it."""
        with self._lock:
            if not seat.is_taken and not seat.leads:
                self._waiting.remove(seat)
