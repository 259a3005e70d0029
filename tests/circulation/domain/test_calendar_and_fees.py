"""Open days, due dates, days late, and what they cost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.domain.calendar import ALWAYS_OPEN, Calendar, days_late, due_at
from circulation.domain.fees import overdue_fee, yuan
from circulation.domain.requests import collect_by

FRIDAY_MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MONDAY_CLOSED = Calendar(open_weekdays=frozenset({1, 2, 3, 4, 5, 6}))


def local(instant: datetime) -> str:
    return instant.astimezone(ALWAYS_OPEN.zone).strftime("%F %T")


def test_a_loan_is_due_at_the_end_of_its_last_local_day():
    """CO-12."""
    due = due_at(start=FRIDAY_MORNING, days=30, calendar=ALWAYS_OPEN)

    assert local(due) == "2026-12-20 23:59:59"


def test_the_local_day_counts_not_the_utc_day():
    """CO-12."""
    after_midnight_in_chengdu = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

    due = due_at(start=after_midnight_in_chengdu, days=1, calendar=ALWAYS_OPEN)

    assert local(due) == "2026-11-22 23:59:59"


def test_a_due_date_on_a_closed_day_moves_to_the_next_open_one():
    """CO-12."""
    holidays = Calendar(
        open_weekdays=MONDAY_CLOSED.open_weekdays, closed_dates=frozenset({date(2026, 11, 24)})
    )

    due = due_at(start=FRIDAY_MORNING, days=3, calendar=holidays)  # a Monday, then a holiday

    assert local(due).startswith("2026-11-25")


def test_a_day_opened_by_exception_is_open():
    fair = Calendar(
        open_weekdays=MONDAY_CLOSED.open_weekdays, opened_dates=frozenset({date(2026, 11, 23)})
    )

    assert fair.next_open(date(2026, 11, 23)) == date(2026, 11, 23)


def test_a_branch_that_is_always_closed_still_gives_a_due_date():
    """CO-12."""
    never = Calendar(open_weekdays=frozenset())

    assert local(due_at(start=FRIDAY_MORNING, days=30, calendar=never)).startswith("2026-12-20")


def test_the_place_of_return_can_only_forgive():
    """CI-9."""
    due = due_at(start=FRIDAY_MORNING, days=3, calendar=ALWAYS_OPEN)  # Monday the 23rd
    tuesday = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

    assert days_late(due=due, returned=tuesday, calendar=ALWAYS_OPEN) == 1
    assert days_late(due=due, returned=tuesday, calendar=MONDAY_CLOSED) == 0
    wednesday = tuesday + timedelta(days=1)
    assert days_late(due=due, returned=wednesday, calendar=MONDAY_CLOSED) == 1


@given(
    early=st.integers(0, 400),
    weekdays=st.frozensets(st.integers(0, 6)),
    closed=st.frozensets(st.dates(date(2026, 11, 1), date(2027, 2, 1)), max_size=20),
)
def test_any_calendar_of_the_place_of_return_is_as_lenient_as_none(early, weekdays, closed):
    """CI-9."""
    due = due_at(start=FRIDAY_MORNING, days=10, calendar=ALWAYS_OPEN)
    returned = due + timedelta(days=early - 200)

    plain = days_late(due=due, returned=returned, calendar=ALWAYS_OPEN)
    theirs = Calendar(open_weekdays=weekdays, closed_dates=closed)

    assert 0 <= days_late(due=due, returned=returned, calendar=theirs) <= plain


@pytest.mark.parametrize(
    ("days", "grace", "cap", "fee"),
    [
        (0, 0, None, "0.00"),
        (3, 0, None, "0.30"),
        (3, 3, None, "0.00"),
        (4, 3, None, "0.40"),
        (400, 0, "30", "30.00"),
    ],
)
def test_the_fee_counts_every_late_day_past_the_grace_up_to_the_cap(days, grace, cap, fee):
    """CI-10."""
    found = overdue_fee(
        days_late=days,
        per_day=Decimal("0.1"),
        cap=Decimal(cap) if cap else None,
        grace_days=grace,
    )

    assert found == Decimal(fee)
    assert found.as_tuple().exponent == -2


def test_half_a_fen_is_rounded_up():
    assert yuan("0.005") == Decimal("0.01")


def test_a_request_waits_for_so_many_open_days():
    """RQ-8."""
    until = collect_by(ready_at=FRIDAY_MORNING, hold_shelf_days=3, calendar=MONDAY_CLOSED)

    assert local(until) == "2026-11-24 23:59:59"  # Saturday, Sunday, (Monday closed,) Tuesday
