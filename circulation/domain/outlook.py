"""When will it be ready? A range of days, and how sure it is (RULES.md, RQ-17).

The queue of one title is played through many times: copies come back as copies came back of late,
vans run by their timetable, readers before collect and read as readers do. The range leaves out
the soonest and the latest tenth of what came of it. The same question gets the same answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from circulation.domain.calendar import ALWAYS_OPEN, Calendar
from circulation.domain.vans import Timetable

SURE: Final = 0.8
DRAWS: Final = 400
HORIZON_DAYS: Final = 365  # what is later than this nobody can tell
_FORGOTTEN: Final = (7, 14, 21, 30, 45, 60, 90)  # days more, of a copy later than any before


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One copy of the title: free at a branch, or on loan there until it is due."""

    branch: int
    due: date | None = None  # None: it is free


@dataclass(frozen=True, slots=True, kw_only=True)
class InQueue:
    request: int
    pickup: int
    calendar: Calendar = ALWAYS_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the network behaved of late; every sample is in whole days and none is empty."""

    lateness: Sequence[int]  # returned so many days after the due date (before it: negative)
    held: Sequence[int]  # from checkout to return
    collected: Sequence[int]  # from ready to collected
    handling: Sequence[int]  # on top of the vans' days: to pull it and to unpack it


# Of a network that has no history yet; leans to the careful side.
FIRST_HABITS: Final = Habits(
    lateness=(-24, -20, -16, -13, -11, -9, -7, -5, -4, -3, -2, -1, -1, 0, 0, 0, 1, 2, 5, 12),
    held=(4, 7, 10, 13, 15, 18, 20, 22, 24, 26, 27, 28, 29, 30, 30, 30, 31, 32, 35, 42),
    collected=(0, 0, 1, 1, 2, 3, 5),
    handling=(0, 0, 1, 1, 2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    position: int  # in the queue, from 1
    first: date | None  # None, with ``last``: too far off to tell
    last: date | None
    sure: float = SURE


def look_ahead(
    *,
    queue: Sequence[InQueue],
    copies: Sequence[Supply],
    timetable: Timetable,
    habits: Habits,
    today: date,
    seed: int,
    draws: int = DRAWS,
) -> Mapping[int, Outlook]:
    """The range for each request of one title's queue, which is given in its order."""
    chance = Random(seed)  # noqa: S311 - a simulation, not a secret
    days: dict[int, list[int]] = {entry.request: [] for entry in queue}
    for _draw in range(draws if copies else 0):
        for request, day in _play(queue, copies, timetable, habits, today, chance):
            days[request].append(day)
    return {
        entry.request: _range(days[entry.request], position=place, today=today, draws=draws)
        for place, entry in enumerate(queue, start=1)
    }


def _play(
    queue: Sequence[InQueue],
    copies: Sequence[Supply],
    timetable: Timetable,
    habits: Habits,
    today: date,
    chance: Random,
) -> Iterable[tuple[int, int]]:
    """One possible future: on which day from today each request is ready, as far as any is."""
    free = [
        (_back_in(copy, habits, today, chance), number, copy.branch)
        for number, copy in enumerate(copies)
    ]
    heapq.heapify(free)
    for entry in queue:
        since, number, branch = _take(free, entry, timetable, today)
        if since > HORIZON_DAYS:
            return
        leaves = today + timedelta(days=since)
        way = timetable.journey(branch, entry.pickup, on=leaves).days
        arrives = leaves + timedelta(days=way + chance.choice(habits.handling))
        ready = (entry.calendar.next_open(arrives) - today).days
        yield entry.request, ready
        back = ready + chance.choice(habits.collected) + max(1, chance.choice(habits.held))
        heapq.heappush(free, (back, number, entry.pickup))


def _take(
    free: list[tuple[int, int, int]], entry: InQueue, timetable: Timetable, today: date
) -> tuple[int, int, int]:
    """The copy that is free first; of those free on that day, the one that is there first."""
    soonest = free[0][0]
    same_day = [copy for copy in free if copy[0] == soonest]
    if len(same_day) > 1:
        on = today + timedelta(days=soonest)
        best = min(same_day, key=lambda copy: timetable.journey(copy[2], entry.pickup, on=on).days)
        free.remove(best)
        heapq.heapify(free)
        return best
    return heapq.heappop(free)


def _back_in(copy: Supply, habits: Habits, today: date, chance: Random) -> int:
    """Days until the copy is free, given that it has not come back until today."""
    if copy.due is None:
        return 0
    left = (copy.due - today).days
    possible = [days for days in habits.lateness if left + days >= 0]
    if possible:
        return left + chance.choice(possible)
    return chance.choice(_FORGOTTEN)


def _range(days: list[int], *, position: int, today: date, draws: int) -> Outlook:
    """Between the soonest and the latest tenth; unknown when too many futures had no answer."""
    days.sort()
    tail = (1 - SURE) / 2
    last = int((1 - tail) * draws)
    if last >= len(days) or days[last] > HORIZON_DAYS:
        return Outlook(position=position, first=None, last=None)
    return Outlook(
        position=position,
        first=today + timedelta(days=days[int(tail * draws)]),
        last=today + timedelta(days=days[last]),
    )
