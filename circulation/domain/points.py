"""Points: earned by borrowing, lost by being late, good for paying small fees. RULES.md, PO-."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PointScheme:
    """What a rule says about points; the default earns, loses and pays nothing."""

    start: int = 0  # a new reader begins with so many
    per_loan: int = 0
    most_per_day: int | None = None  # earned by loans
    most_per_month: int | None = None
    per_late_day: int = 0  # lost for each copy and late day
    damage: int = 0  # lost for a damaged copy
    loss: int = 0  # lost for a lost copy
    per_yuan: int = 0  # points that pay one yuan; 0: points pay nothing

    def __str__(self) -> str:
        """As it stands in a rule file, for explanations."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return ", ".join(f"{name}={value}" for name, value in said.items() if value) or "none"


NO_POINTS: Final = PointScheme()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """One loan that may earn points."""

    loan_id: int
    day: date  # local


def earned(
    scheme: PointScheme, *, loans: Iterable[Lent], before: Mapping[date, int]
) -> tuple[tuple[int, int], ...]:
    """Points for each loan, in order; a full day or month earns nothing more (PO-2).

    ``before`` is what was earned already, by local day.

    >>> scheme = PointScheme(per_loan=2, most_per_day=3)
    >>> day = date(2026, 11, 22)
    >>> earned(scheme, loans=[Lent(loan_id=1, day=day), Lent(loan_id=2, day=day)], before={})
    ((1, 2), (2, 1))
    """
    by_day = Counter(before)
    by_month: Counter[tuple[int, int]] = Counter()
    for day, points in before.items():
        by_month[day.year, day.month] += points
    result = []
    for loan in sorted(loans, key=lambda lent: (lent.day, lent.loan_id)):
        month = (loan.day.year, loan.day.month)
        room = [scheme.per_loan]
        if scheme.most_per_day is not None:
            room.append(scheme.most_per_day - by_day[loan.day])
        if scheme.most_per_month is not None:
            room.append(scheme.most_per_month - by_month[month])
        points = max(0, min(room))
        by_day[loan.day] += points
        by_month[month] += points
        result.append((loan.loan_id, points))
    return tuple(result)


def lost_by_lateness(scheme: PointScheme, *, days_late: int) -> int:
    """Points one late copy costs (PO-3)."""
    return scheme.per_late_day * days_late


def price_in_points(scheme: PointScheme, *, amount: Decimal) -> int | None:
    """Points that pay this sum in CNY, rounded up; None when points pay nothing (PO-4).

    >>> price_in_points(PointScheme(per_yuan=100), amount=Decimal("0.60"))
    60
    """
    if not scheme.per_yuan:
        return None
    return int((amount * scheme.per_yuan).to_integral_value(rounding=ROUND_CEILING))


def points_suffice(scheme: PointScheme, *, balance: int, amount: Decimal) -> bool:
    """PO-4: all of the sum or nothing of it."""
    price = price_in_points(scheme, amount=amount)
    return price is not None and balance >= price
