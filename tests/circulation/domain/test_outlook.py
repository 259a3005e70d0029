"""RQ-17: a range that is as often right as it says."""

from datetime import date, timedelta
from random import Random

import pytest

from circulation.domain.calendar import Calendar
from circulation.domain.outlook import FIRST_HABITS, Habits, InQueue, Supply, look_ahead
from circulation.domain.vans import Leg, Timetable

TODAY = date(2026, 11, 23)  # a Monday
A, B, C = 1, 2, 3
EVERY_DAY = frozenset(range(1, 8))
VANS = Timetable(
    Leg(origin=o, destination=d, km=20.0, weekdays=days)
    for o, d, days in (
        (A, B, EVERY_DAY),
        (B, A, EVERY_DAY),
        (A, C, frozenset({2, 5})),
        (C, A, frozenset({2, 5})),
    )
)
EXACT = Habits(lateness=(0,), held=(10,), collected=(0,), handling=(0,))


def outlook(queue, copies, *, habits=EXACT, vans=VANS):
    entries = [InQueue(request=n, pickup=at) for n, at in enumerate(queue, start=1)]
    return look_ahead(
        queue=entries, copies=copies, timetable=vans, habits=habits, today=TODAY, seed=7
    )


def in_days(days):
    return TODAY + timedelta(days=days)


def test_a_free_copy_on_the_spot_is_ready_today():
    found = outlook([A], [Supply(branch=A)])[1]

    assert (found.position, found.first, found.last, found.sure) == (1, TODAY, TODAY, 0.8)


def test_the_second_reader_waits_for_the_first_and_for_the_van():
    """Ready today at A, read ten days, then the van of the next Tuesday or Friday to C."""
    found = outlook([A, C], [Supply(branch=A)])[2]

    assert found.first == found.last == date(2026, 12, 4)


def test_a_copy_on_loan_is_expected_when_copies_come_back():
    late = Habits(lateness=(0, 4), held=(10,), collected=(0,), handling=(0,))

    found = outlook([A], [Supply(branch=A, due=in_days(5))], habits=late)[1]

    assert (found.first, found.last) == (in_days(5), in_days(9))


def test_an_overdue_copy_is_not_expected_in_the_past():
    found = outlook([A], [Supply(branch=A, due=in_days(-3))], habits=FIRST_HABITS)[1]

    assert found.first >= TODAY
    assert found.last > found.first


def test_a_copy_later_than_any_before_is_expected_some_time_hence():
    found = outlook([A], [Supply(branch=A, due=in_days(-300))])[1]

    assert found.first > TODAY


def test_what_is_too_far_off_is_not_guessed():
    found = outlook([A] * 80, [Supply(branch=A)])

    assert found[1].last is not None
    assert (found[80].first, found[80].last) == (None, None)
    assert outlook([A], [])[1].first is None


def test_a_closed_branch_has_it_ready_on_its_next_open_day():
    closed = Calendar(closed_dates=frozenset({TODAY}))
    entry = InQueue(request=1, pickup=A, calendar=closed)

    found = look_ahead(
        queue=[entry], copies=[Supply(branch=A)], timetable=VANS, habits=EXACT, today=TODAY, seed=1
    )

    assert found[1].first == in_days(1)


class Town:
    """A made-up town that behaves in its own way, told day by day and not as the code does it."""

    def __init__(self, seed):
        self.chance = Random(seed)

    def lateness(self):
        if self.chance.random() < 0.12:
            return self.chance.randint(1, 25)
        return -min(28, int(self.chance.expovariate(1 / 7)))

    def held(self):
        return max(1, 30 + self.lateness())

    def collects(self):
        return self.chance.choice([0, 0, 0, 1, 1, 2, 4])

    def handles(self):
        return self.chance.choice([0, 1, 1, 2])

    def habits(self, size=400):
        """What a library that watched this town has on its books."""
        return Habits(
            lateness=[self.lateness() for _ in range(size)],
            held=[self.held() for _ in range(size)],
            collected=[self.collects() for _ in range(size)],
            handling=[self.handles() for _ in range(size)],
        )

    def lent_before_today(self):
        """A due date of a loan that is still out today, and the day it really comes back."""
        while True:
            due = self.chance.randint(-5, 30)
            back = due + self.lateness()
            if back >= 0:
                return due, back

    def live_through(self, queue, free, back_on):
        """Day by day: what comes back goes to the first who waits. The day each one is ready."""
        waiting, ready = list(range(len(queue))), {}
        on_shelf, coming = list(free), {}
        for day, branch in back_on:
            coming.setdefault(day, []).append(branch)
        for day in range(800):
            on_shelf += coming.pop(day, [])
            while on_shelf and waiting:
                reader = waiting.pop(0)
                pickup = queue[reader]
                branch = min(on_shelf, key=lambda b: self.way(b, pickup, day))
                on_shelf.remove(branch)
                ready[reader] = day + self.way(branch, pickup, day) + self.handles()
                again = ready[reader] + self.collects() + self.held()
                coming.setdefault(max(again, day + 1), []).append(pickup)
        return ready

    def way(self, origin, destination, day):
        return VANS.journey(origin, destination, on=in_days(day)).days


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_true_day_lies_in_the_range_as_often_as_claimed(seed):
    """RQ-17: over several hundred readers of a town the estimate knows only from its books."""
    town = Town(seed)
    habits = town.habits()
    hits = asked = 0
    widths = []
    for _title in range(220):
        queue = [town.chance.choice([A, B, C]) for _ in range(town.chance.randint(1, 5))]
        free = [A] if town.chance.random() < 0.2 else []
        out = [town.lent_before_today() for _ in range(town.chance.randint(1, 3))]
        places = [town.chance.choice([A, B, C]) for _ in out]
        found = outlook(
            queue,
            [*(Supply(branch=b) for b in free)]
            + [
                Supply(branch=b, due=in_days(due))
                for b, (due, _back) in zip(places, out, strict=True)
            ],
            habits=habits,
        )
        truth = town.live_through(
            queue, free, [(back, b) for b, (_due, back) in zip(places, out, strict=True)]
        )
        for reader in range(len(queue)):
            told = found[reader + 1]
            asked += 1
            hits += told.first <= in_days(truth[reader]) <= told.last
            widths.append((told.last - told.first).days)

    assert asked > 400
    assert 0.75 <= hits / asked <= 0.90, hits / asked
    assert sum(widths) / len(widths) < 30  # a range of a year would always be right
