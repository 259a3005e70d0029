"""Open days, and the dates that depend on them. Dates are local days; instants are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
EVERY_DAY: Final = frozenset(range(7))
_LONGEST_CLOSURE_DAYS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When one branch is open: weekdays (0 = Monday), corrected by single days."""

    open_weekdays: frozenset[int] = EVERY_DAY
    closed_dates: frozenset[date] = frozenset()
    opened_dates: frozenset[date] = frozenset()  # open although the weekday is not
    zone: ZoneInfo = SHANGHAI

    def is_open(self, day: date) -> bool:
        if day in self.opened_dates:
            return True
        return day.weekday() in self.open_weekdays and day not in self.closed_dates

    def next_open(self, day: date) -> date:
        """``day`` itself when open, else the first open day after it.

        A branch that stays closed for over a year shifts nothing: a due date must exist.
        """
        for ahead in range(_LONGEST_CLOSURE_DAYS):
            candidate = day + timedelta(days=ahead)
            if self.is_open(candidate):
                return candidate
        return day

    def local_date(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last second of a local day, as UTC."""
        return datetime.combine(day, time(23, 59, 59), tzinfo=self.zone).astimezone(UTC)


ALWAYS_OPEN: Final = Calendar()


def local_date(instant: datetime) -> date:
    """The date people in the network write for this instant."""
    return ALWAYS_OPEN.local_date(instant)


def due_at(*, start: datetime, days: int, calendar: Calendar) -> datetime:
    """End of the last day of the loan, moved to an open day of the checkout branch (CO-12).

    >>> due_at(start=datetime(2026, 11, 1, 4, tzinfo=UTC), days=30, calendar=ALWAYS_OPEN)
    datetime.datetime(2026, 12, 1, 15, 59, 59, tzinfo=datetime.timezone.utc)
    """
    return calendar.end_of(calendar.next_open(calendar.local_date(start) + timedelta(days=days)))


def days_late(*, due: datetime, returned: datetime, calendar: Calendar) -> int:
    """Whole local days past the due date, never negative (CI-9).

    The calendar is that of the place of return: when it was closed on the due date, its next open
    day still counts as in time. It can only forgive.
    """
    last_good_day = calendar.next_open(calendar.local_date(due))
    return max(0, (calendar.local_date(returned) - last_good_day).days)
