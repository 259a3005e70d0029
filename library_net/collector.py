"""Python's cycle collector held back while much is built at once.

Records, documents and rows hold no cycles, but making a hundred thousand of them has the collector
look through everything alive again and again: a sixth of an import's time. Memory stays bounded,
because reference counting goes on and the collector looks again between the steps.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Holders:
    """How many blocks are open, and whether the collector ran before the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.was_enabled = False

    def enter(self) -> None:
        with self.lock:
            if self.count == 0:
                self.was_enabled = gc.isenabled()
                gc.disable()
            self.count += 1

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0 and self.was_enabled:
                gc.enable()


_holders = _Holders()


@contextmanager
def collector_held() -> Iterator[None]:
    """No collections in this process until the block ends; blocks of several threads may overlap.

    For one step of long work, never for a whole run: cycles made meanwhile (tracebacks, Django's
    own) wait until the last block has ended.
    """
    _holders.enter()
    try:
        yield
    finally:
        _holders.leave()
