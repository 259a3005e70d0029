"""Money: Decimal CNY, two places. It belongs to the owner of the copy, whoever collects it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final

FEN: Final = Decimal("0.01")
NOTHING: Final = Decimal("0.00")


def yuan(amount: Decimal | int | str) -> Decimal:
    """An amount in CNY rounded to the fen."""
    return Decimal(amount).quantize(FEN, rounding=ROUND_HALF_UP)


def overdue_fee(
    *,
    days_late: int,
    per_day: Decimal,
    cap: Decimal | None,
    grace_days: int,
    step_days: int | None = None,
    per_day_after: Decimal | None = None,
) -> Decimal:
    """What one late copy costs (CI-10, FE-1).

    Inside the days of grace nothing is owed; past them every late day counts, up to the cap. With
    a step, the days after the first ``step_days`` cost ``per_day_after`` each.

    >>> overdue_fee(days_late=3, per_day=Decimal("0.1"), cap=None, grace_days=0)
    Decimal('0.30')
    """
    if days_late <= grace_days:
        return NOTHING
    fee = per_day * days_late
    if step_days is not None and per_day_after is not None and days_late > step_days:
        fee = per_day * step_days + per_day_after * (days_late - step_days)
    return yuan(fee) if cap is None else min(yuan(fee), yuan(cap))


def suspension_days(
    *, days_late: int, per_late_day: Decimal, cap: int | None, grace_days: int
) -> int:
    """Days without lending for one late copy, instead of money or beside it (FE-3).

    >>> suspension_days(days_late=3, per_late_day=Decimal("0.5"), cap=None, grace_days=0)
    2
    """
    if days_late <= grace_days:
        return 0
    days = int((per_late_day * days_late).to_integral_value(rounding=ROUND_CEILING))
    return days if cap is None else min(days, cap)


def suspended_until(*, today: date, days: int, already: date | None) -> date:
    """The last day without lending; a new suspension begins when the running one ends."""
    start = max(today, already) if already is not None else today
    return start + timedelta(days=days)
