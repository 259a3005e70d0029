"""When a copy that leaves one branch can be at another: the vans' timetable."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

NO_VAN_DAYS: Final = 10  # a leg no timetable knows: somebody takes it along sometime
_LONGEST_WAIT: Final = 7  # a leg runs at least once a week or never


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    origin: int
    destination: int
    km: float
    weekdays: frozenset[int]  # ISO, 1 = Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    days: int  # from the day it is pulled to the day it arrives
    km: float
    first: tuple[int, int] | None  # the leg it leaves by; None: it need not, or no van is known


AT_HAND: Final = Journey(days=0, km=0.0, first=None)
UNKNOWN: Final = Journey(days=NO_VAN_DAYS, km=0.0, first=None)


class Timetable:
    """Legs by origin; journeys of one day are worked out once."""

    def __init__(self, legs: Iterable[Leg]) -> None:
        self._from: dict[int, list[Leg]] = {}
        for leg in legs:
            self._from.setdefault(leg.origin, []).append(leg)
        self._known: dict[tuple[int, date], dict[int, Journey]] = {}

    def journey(self, origin: int, destination: int, *, on: date) -> Journey:
        """The soonest way, then the shortest; a hub passes a crate on the day after it came."""
        if origin == destination:
            return AT_HAND
        key = (origin, on)
        if key not in self._known:
            self._known[key] = self._reach(origin, on)
        return self._known[key].get(destination, UNKNOWN)

    def _reach(self, origin: int, on: date) -> dict[int, Journey]:
        reached: dict[int, Journey] = {}
        ahead: list[tuple[int, float, int, tuple[int, int]]] = []
        self._leave(ahead, origin, on=on, ready=0, km=0.0, first=None)
        while ahead:
            days, km, branch, first = heapq.heappop(ahead)
            if branch in reached or branch == origin:
                continue
            reached[branch] = Journey(days=days, km=km, first=first)
            self._leave(ahead, branch, on=on, ready=days + 1, km=km, first=first)
        return reached

    def _leave(
        self,
        ahead: list[tuple[int, float, int, tuple[int, int]]],
        branch: int,
        *,
        on: date,
        ready: int,
        km: float,
        first: tuple[int, int] | None,
    ) -> None:
        for leg in self._from.get(branch, ()):
            wait = _days_until(on + timedelta(days=ready), leg.weekdays)
            if wait is not None:
                by = first or (leg.origin, leg.destination)
                heapq.heappush(ahead, (ready + wait, km + leg.km, leg.destination, by))


def _days_until(day: date, weekdays: frozenset[int]) -> int | None:
    for wait in range(_LONGEST_WAIT):
        if (day + timedelta(days=wait)).isoweekday() in weekdays:
            return wait
    return None
