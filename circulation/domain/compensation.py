"""What a lost or damaged copy costs: a small grammar of factors, minimums and set rules. FE-.

A tariff is data. The first factor that fits the copy is taken (none fits: once the price), the
minimum guards prices of the seventies, and a volume of a set costs the set where the tariff says
so. Sums are CNY.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from circulation.domain.fees import NOTHING, yuan


class Origin(StrEnum):
    """Where a copy was published, as tariffs tell them apart."""

    MAINLAND = "mainland"
    HK_TW = "hk_tw"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """So many times the price, for copies that fit all that is said here."""

    times: Decimal = Decimal(1)
    times_age: bool = False  # and once more for every year since it was published
    material: str = ""
    origin: Origin | None = None
    from_year: int | None = None  # published
    to_year: int | None = None
    min_copies: int | None = None  # copies of the title its owner has
    max_copies: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One kind of damage: so much for each mark, or a share of the price, or as if lost."""

    code: str
    per_mark: Decimal = NOTHING
    share: Decimal = Decimal(0)
    as_loss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    factors: tuple[Factor, ...] = ()
    minimum: Decimal = NOTHING  # of the compensation, before the processing fee
    processing: Decimal = NOTHING
    processing_share: Decimal = Decimal(0)  # of the price, when that is more
    whole_set: bool = True  # a volume of a set costs the whole set
    unpriced: Decimal = NOTHING  # the price of a copy without one …
    per_page: Decimal = NOTHING  # … unless its pages are known
    same_edition: bool = True  # bringing the same edition costs the processing fee only
    refund_days: int = 0  # found so many days after it was charged: paid back
    refunds_processing: bool = False
    damages: tuple[Damage, ...] = ()

    def __str__(self) -> str:
        """For explanations: factors and processing fee in short."""
        times = "/".join(str(f.times) for f in self.factors) or "1"
        return f"price x {times}, at least {self.minimum}, processing {self.processing}"


NO_TARIFF: Final = Tariff()


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCopy:
    """What a tariff asks about a copy."""

    price: Decimal | None
    set_of: int | None = None  # the price is that of so many volumes
    year: int | None = None
    origin: Origin = Origin.MAINLAND
    material: str = "book"
    copies: int = 1
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    base: Decimal  # the price it was worked out from
    times: Decimal
    amount: Decimal  # at least the minimum
    processing: Decimal
    is_minimum: bool
    is_whole_set: bool

    @property
    def total(self) -> Decimal:
        return self.amount + self.processing


def compensation(*, tariff: Tariff, copy: LostCopy, today: date) -> Compensation:
    """What a copy costs that does not come back (FE-6, FE-7).

    >>> lost = LostCopy(price=Decimal("158.00"), set_of=4)
    >>> compensation(
    ...     tariff=Tariff(processing=Decimal(5)), copy=lost, today=date(2026, 11, 22)
    ... ).total
    Decimal('163.00')
    """
    base, is_whole_set = _base(tariff, copy)
    times = _times(tariff, copy, today=today)
    computed = yuan(base * times)
    amount = max(computed, yuan(tariff.minimum))
    return Compensation(
        base=base,
        times=times,
        amount=amount,
        processing=processing_fee(tariff=tariff, base=base),
        is_minimum=amount > computed,
        is_whole_set=is_whole_set,
    )


def processing_fee(*, tariff: Tariff, base: Decimal) -> Decimal:
    """For making a copy ready for the shelf; all that is owed with the same edition in hand."""
    return max(yuan(tariff.processing), yuan(base * tariff.processing_share))


def damage_fee(
    *, tariff: Tariff, copy: LostCopy, code: str, marks: int, today: date
) -> Decimal | None:
    """What damage of this kind costs (FE-9); None when the tariff does not know it."""
    found = next((damage for damage in tariff.damages if damage.code == code), None)
    if found is None:
        return None
    if found.as_loss:
        return compensation(tariff=tariff, copy=copy, today=today).total
    base, _ = _base(tariff, copy)
    return yuan(found.per_mark * marks + base * found.share)


def refund(
    *, tariff: Tariff, amount: Decimal, processing: Decimal, charged_on: date, found_on: date
) -> Decimal:
    """What is given back for a copy found again (FE-8): all within the days, then nothing."""
    if (found_on - charged_on).days > tariff.refund_days or not tariff.refund_days:
        return NOTHING
    return amount + (processing if tariff.refunds_processing else NOTHING)


def _base(tariff: Tariff, copy: LostCopy) -> tuple[Decimal, bool]:
    """The price to start from, and whether it is that of a whole set."""
    if copy.price is None:
        by_pages = tariff.per_page * copy.pages if copy.pages else NOTHING
        return yuan(by_pages or tariff.unpriced), False
    if copy.set_of is None or copy.set_of < 2:
        return yuan(copy.price), False
    if tariff.whole_set:
        return yuan(copy.price), True
    return yuan(copy.price / copy.set_of), False


def _times(tariff: Tariff, copy: LostCopy, *, today: date) -> Decimal:
    for factor in tariff.factors:
        if _fits(factor, copy):
            is_aged = factor.times_age and copy.year is not None
            years = max(1, today.year - copy.year) if is_aged and copy.year is not None else 1
            return factor.times * years
    return Decimal(1)


def _fits(factor: Factor, copy: LostCopy) -> bool:
    """A year a tariff asks for must be known; a copy without one fits only what asks for none."""
    asks_year = factor.from_year is not None or factor.to_year is not None
    if asks_year and copy.year is None:
        return False
    year = copy.year or 0
    return (
        (not factor.material or factor.material == copy.material)
        and (factor.origin is None or factor.origin == copy.origin)
        and (factor.from_year is None or year >= factor.from_year)
        and (factor.to_year is None or year <= factor.to_year)
        and (factor.min_copies is None or copy.copies >= factor.min_copies)
        and (factor.max_copies is None or copy.copies <= factor.max_copies)
    )
