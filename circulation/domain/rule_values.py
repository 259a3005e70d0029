"""The small grammars inside a rule: points and compensation, from plain JSON and back.

    {"start": 300, "per_loan": 2, "most_per_day": 24, "per_late_day": 1, "per_yuan": 100}
    {"factors": [{"times": "5", "to_year": 2000}, {"times": "2"}], "minimum": "20", "processing": "5"}

A key nobody knows and a value that is none are named in ``RuleValueError``.
"""  # noqa: E501 - one line a sample

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from circulation.domain.compensation import Damage, Factor, Origin, Tariff
from circulation.domain.points import PointScheme

_MOST_POINTS: Final = 1_000_000
_MOST_MONEY: Final = Decimal(1_000_000)


class RuleValueError(ValueError):
    """What is wrong, and where: ``compensation.factors[1].times: …``."""


def parse_points(data: Any) -> PointScheme:
    """Raises ``RuleValueError``."""
    given = _mapping(data, "points", known=PointScheme)
    return PointScheme(**{name: _whole(value, f"points.{name}") for name, value in given.items()})


def parse_tariff(data: Any) -> Tariff:
    """Raises ``RuleValueError``."""
    given = _mapping(data, "compensation", known=Tariff)
    found: dict[str, Any] = {}
    for name, value in given.items():
        where = f"compensation.{name}"
        if name == "factors":
            found[name] = tuple(
                _factor(each, f"{where}[{n}]") for n, each in enumerate(_list(value, where))
            )
        elif name == "damages":
            found[name] = tuple(
                _damage(each, f"{where}[{n}]") for n, each in enumerate(_list(value, where))
            )
        elif name in ("whole_set", "same_edition", "refunds_processing"):
            found[name] = _flag(value, where)
        elif name == "refund_days":
            found[name] = _whole(value, where)
        else:
            found[name] = _money(value, where)
    return Tariff(**found)


def _factor(data: Any, where: str) -> Factor:
    given = _mapping(data, where, known=Factor)
    found: dict[str, Any] = {}
    for name, value in given.items():
        at = f"{where}.{name}"
        if name == "times":
            found[name] = _money(value, at)
        elif name == "times_age":
            found[name] = _flag(value, at)
        elif name == "material":
            found[name] = str(value)
        elif name == "origin":
            found[name] = _origin(value, at)
        else:
            found[name] = _whole(value, at)
    return Factor(**found)


def _damage(data: Any, where: str) -> Damage:
    given = _mapping(data, where, known=Damage)
    if not str(given.get("code", "")):
        message = f"{where}.code: missing"
        raise RuleValueError(message)
    found: dict[str, Any] = {}
    for name, value in given.items():
        at = f"{where}.{name}"
        if name == "code":
            found[name] = str(value)
        elif name == "as_loss":
            found[name] = _flag(value, at)
        else:
            found[name] = _money(value, at)
    return Damage(**found)


def _mapping(data: Any, where: str, *, known: type) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        message = f"{where}: must be an object"
        raise RuleValueError(message)
    unknown = sorted(set(data) - {field.name for field in fields(known)})
    if unknown:
        message = f"{where}: unknown {', '.join(unknown)}"
        raise RuleValueError(message)
    return data


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        message = f"{where}: must be a list"
        raise RuleValueError(message)
    return data


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_POINTS:
        message = f"{where}: {value!r} is no whole number from 0 to {_MOST_POINTS}"
        raise RuleValueError(message)
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        message = f"{where}: {value!r} is neither true nor false"
        raise RuleValueError(message)
    return value


def _money(value: Any, where: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        message = f"{where}: {value!r} is no number"
        raise RuleValueError(message) from error
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= _MOST_MONEY:
        message = f"{where}: {value!r} is no number from 0 to {_MOST_MONEY}"
        raise RuleValueError(message)
    return number


def _origin(value: Any, where: str) -> Origin:
    try:
        return Origin(value)
    except ValueError as error:
        message = f"{where}: {value!r} is none of {', '.join(Origin)}"
        raise RuleValueError(message) from error
