"""Which of the processes on one port takes the next line: one with the fewest.

Machines keep their lines for days, so an accident of the first minute would last as long.
"""

from __future__ import annotations

from multiprocessing.sharedctypes import RawArray


class Share:
    """Made before the processes part; then each says which it is."""

    def __init__(self, processes: int = 1) -> None:
        self._lines = RawArray("q", processes)
        self._mine = 0

    def become(self, number: int) -> None:
        """This process is the one with this number, counted from 0; it has no line yet."""
        self._mine = number
        self.note(0)

    def note(self, lines: int) -> None:
        """So many lines this process has now."""
        self._lines[self._mine] = lines

    @property
    def is_full(self) -> bool:
        """Another process has fewer lines than this one."""
        return bool(self._lines[self._mine] > min(self._lines))
