"""Money: Decimal CNY, two places. It belongs to the owner of the copy, whoever collects it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

FEN: Final = Decimal("0.01")
NOTHING: Final = Decimal("0.00")


def yuan(amount: Decimal | int | str) -> Decimal:
    """An amount in CNY rounded to the fen."""
    return Decimal(amount).quantize(FEN, rounding=ROUND_HALF_UP)


def overdue_fee(
    *, days_late: int, per_day: Decimal, cap: Decimal | None, grace_days: int
) -> Decimal:
    """What one late copy costs (CI-10).

    Inside the days of grace nothing is owed; past them every late day counts, up to the cap.

    >>> overdue_fee(days_late=3, per_day=Decimal("0.1"), cap=None, grace_days=0)
    Decimal('0.30')
    """
    if days_late <= grace_days:
        return NOTHING
    fee = yuan(per_day * days_late)
    return fee if cap is None else min(fee, yuan(cap))
