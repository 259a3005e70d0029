"""Open or closed: what the page says at a given minute."""

from datetime import date, datetime

import pytest

from library_net.portal.places import hours_now

TUESDAY_TO_SUNDAY = {str(day): ["09:00", "20:00"] for day in range(2, 8)}
SUNDAY = date(2026, 11, 22)


def at(clock, day=SUNDAY):
    return datetime.fromisoformat(f"{day}T{clock}")


def state(clock, *, day=SUNDAY, hours=TUESDAY_TO_SUNDAY, closed=frozenset()):
    found = hours_now(hours, closed=closed, now=at(clock, day))
    return found.tone, found.text, found.where


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("08:59", ("soon", "今天 09:00 开门", "")),
        ("09:00", ("good", "正在开放", "至 20:00")),
        ("19:59", ("good", "正在开放", "至 20:00")),
        # Closed on Mondays: the next opening is Tuesday's.
        ("20:00", ("stop", "已闭馆", "星期二 09:00 开门")),
    ],
)
def test_the_hours_of_a_sunday(clock, expected):
    assert state(clock) == expected


def test_on_its_day_of_rest_a_library_names_the_next_opening():
    assert state("10:00", day=date(2026, 11, 23)) == ("stop", "今天闭馆", "星期二 09:00 开门")


def test_a_closed_day_beats_the_weekly_hours():
    closed = frozenset({SUNDAY, date(2026, 11, 24)})

    assert state("10:00", closed=closed) == ("stop", "今天闭馆", "星期三 09:00 开门")


def test_a_machine_without_hours_is_always_open():
    assert state("03:00", hours={}) == ("good", "全天开放", "")
