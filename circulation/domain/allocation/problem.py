"""Waiting requests, free copies, and every pair of them that could be.

# Note [What fair means here]
In the queue of a title an earlier reader goes first: a later one may take a copy only when each
earlier reader who could have had it is served, and no later than by that copy. So nobody waits
because somebody behind them lives nearer, unless it costs them not a day (RQ-15).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from circulation.domain.vans import Timetable

# What one assignment is worth, in points: serving counts most, then who waited long, then days,
# then kilometres. No number of days saved is worth leaving a reader out.
SERVED: Final = 10_000.0
PER_DAY_WAITED: Final = 10.0
MOST_DAYS_WAITED: Final = 365
PER_DAY_OF_WAY: Final = 100.0
PER_KM: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A waiting request; queue order is by ``request``."""

    request: int
    title: int
    pickup: int
    waited_days: int = 0
    item: int | None = None  # only this copy will do


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeCopy:
    item: int
    title: int
    branch: int
    owner: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """This copy could serve that request."""

    request: int
    item: int
    branch: int
    days: int
    km: float
    leg: tuple[int, int] | None  # the van's room it takes; None: none
    leaves: int | None  # the owner whose nightly limit it counts against; None: nobody's
    worth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    options: tuple[Option, ...]
    leg_room: Mapping[tuple[int, int], int]
    owner_room: Mapping[int, int]  # owners without a limit are missing


def prepare(
    *,
    wishes: Iterable[Wish],
    copies: Iterable[FreeCopy],
    timetable: Timetable,
    on: date,
    may_serve: Callable[[Wish, FreeCopy], bool],
    agency_of: Mapping[int, int],
    leg_room: Mapping[tuple[int, int], int],
    owner_room: Mapping[int, int],
) -> Problem:
    """Every pair that rules and queue allow; readers too far back in a queue are left out.

    ``may_serve`` is the rules' word on a pair; ``agency_of`` tells whose a branch is.
    """
    by_title: dict[int, list[FreeCopy]] = {}
    for copy in copies:
        by_title.setdefault(copy.title, []).append(copy)
    options: list[Option] = []
    ahead: dict[int, int] = {}  # by copy: readers before who could have it
    for wish in sorted(wishes, key=lambda w: w.request):
        same = by_title.get(wish.title, [])
        for copy in same:
            if wish.item not in (None, copy.item) or not may_serve(wish, copy):
                continue
            ahead[copy.item] = ahead.get(copy.item, 0) + 1
            if ahead[copy.item] > len(same):
                continue  # those before can take every copy of the title there is
            journey = timetable.journey(copy.branch, wish.pickup, on=on)
            leaves = agency_of[wish.pickup] != copy.owner and agency_of[copy.branch] == copy.owner
            options.append(
                Option(
                    request=wish.request,
                    item=copy.item,
                    branch=copy.branch,
                    days=journey.days,
                    km=journey.km,
                    leg=journey.first,
                    leaves=copy.owner if leaves and copy.owner in owner_room else None,
                    worth=SERVED
                    + PER_DAY_WAITED * min(wish.waited_days, MOST_DAYS_WAITED)
                    - PER_DAY_OF_WAY * journey.days
                    - PER_KM * journey.km,
                )
            )
    return Problem(options=tuple(options), leg_room=leg_room, owner_room=owner_room)
