"""Loan rules as data: the most specific rule wins, parameter by parameter, and can explain itself.

A rule names where it applies (``owner``, ``visited``, ``branch``, ``category``, ``material``; empty
means any) and says only what it wants to say. Specificity is lexicographic in that order: a rule
about the owner beats a rule about the visited library, whatever else they name. ``owner`` and
``visited`` hold for the agency's whole subtree, and a nearer agency is more specific than one above
it: that is how policies are inherited and overridden downwards.

Limits on the number of loans and on what they are worth are different: each is checked in its own
scope and all must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar, overload

from circulation.domain.compensation import NO_TARIFF, Tariff
from circulation.domain.points import NO_POINTS, PointScheme
from circulation.domain.states import ReturnPolicy

Lineage = tuple[str, ...]  # an agency's code, then its parent's, up to the root


class RenewalBase(StrEnum):
    TODAY = "today"  # the new period starts on the day of renewal
    DUE_DATE = "due_date"  # it starts where the old one ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which loans a limit counts."""

    owner: str = ""
    visited: str = ""
    branch: str = ""
    material: str = ""

    def covers(self, place: Place) -> bool:
        return (
            (not self.owner or self.owner in place.owner)
            and (not self.visited or self.visited in place.visited)
            and (not self.branch or self.branch == place.branch)
            and (not self.material or self.material == place.material)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose copy of which material was (or would be) lent where."""

    owner: Lineage
    visited: Lineage
    branch: str
    material: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRule:
    code: str
    owner: str = ""
    visited: str = ""
    branch: str = ""
    category: str = ""
    material: str = ""
    starts_on: date | None = None
    ends_on: date | None = None  # the last day it holds
    # what it says; None = says nothing about it
    is_lendable: bool | None = None
    loan_days: int | None = None
    renewals: int | None = None
    renewal_days: int | None = None
    renewal_base: RenewalBase | None = None
    renew_after_days: int | None = None  # the first day of the loan a renewal is possible
    max_loans: int | None = None
    max_value: Decimal | None = None  # what the copies on loan may be worth together, CNY
    max_requests: int | None = None
    min_age: int | None = None  # years the reader must be old
    fee_per_day: Decimal | None = None
    fee_step_days: int | None = None  # after so many late days …
    fee_per_day_after: Decimal | None = None  # … each further one costs this
    fee_cap: Decimal | None = None
    grace_days: int | None = None
    suspend_days: Decimal | None = None  # days without lending for each late day
    suspend_cap: int | None = None
    points: PointScheme | None = None
    compensation: Tariff | None = None
    max_owed: Decimal | None = None  # owing more than this stops lending
    max_overdue: int | None = None  # holding more overdue copies than this stops lending
    hold_shelf_days: int | None = None
    max_no_shows: int | None = None  # so many uncollected requests stop new ones
    recall_days: int | None = None  # what a recall leaves the reader to bring it
    lost_after_days: int | None = None  # so long overdue, it counts as lost
    return_policy: ReturnPolicy | None = None

    @property
    def scope(self) -> Scope:
        return Scope(
            owner=self.owner, visited=self.visited, branch=self.branch, material=self.material
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    place: Place
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    rule: str
    limit: int
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCap:
    rule: str
    limit: Decimal  # CNY
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One line of an explanation: this parameter has this value because of that rule."""

    parameter: str
    value: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    is_lendable: bool
    loan_days: int
    renewals: int
    renewal_days: int
    renewal_base: RenewalBase
    renew_after_days: int
    max_requests: int
    min_age: int
    fee_per_day: Decimal
    fee_step_days: int | None
    fee_per_day_after: Decimal | None
    fee_cap: Decimal | None
    grace_days: int
    suspend_days: Decimal
    suspend_cap: int | None
    suspend_scope: Scope
    points: PointScheme
    points_scope: Scope
    compensation: Tariff
    max_owed: Decimal | None
    max_owed_scope: Scope
    max_overdue: int | None
    max_overdue_scope: Scope
    hold_shelf_days: int
    max_no_shows: int | None
    recall_days: int
    lost_after_days: int | None
    return_policy: ReturnPolicy
    caps: tuple[Cap, ...]
    value_caps: tuple[ValueCap, ...]
    because: tuple[Because, ...]

    def rule_for(self, parameter: str) -> str:
        return next((line.rule for line in self.because if line.parameter == parameter), "")


NETWORK_DEFAULT: Final = LoanRule(
    code="network-default",
    is_lendable=True,
    loan_days=30,
    renewals=1,
    renewal_days=30,
    renewal_base=RenewalBase.TODAY,
    renew_after_days=0,
    max_loans=20,
    max_requests=5,
    fee_per_day=Decimal(0),
    grace_days=0,
    hold_shelf_days=7,
    recall_days=14,
    return_policy=ReturnPolicy.HOME,
)


class RuleBook(Sequence[LoanRule]):
    """Rules that remember what they said: `resolve` works each question out once."""

    __slots__ = ("_rules", "known")

    def __init__(self, rules: Iterable[LoanRule] = ()) -> None:
        self._rules = tuple(rules)
        self.known: dict[tuple[Context, date], Terms] = {}

    @overload
    def __getitem__(self, index: int) -> LoanRule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LoanRule, ...]: ...
    def __getitem__(self, index: int | slice) -> LoanRule | tuple[LoanRule, ...]:
        return self._rules[index]

    def __iter__(self) -> Iterator[LoanRule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


def resolve(*, rules: Iterable[LoanRule], context: Context, on: date) -> Terms:
    """The terms of lending in this context on this local day; asked again, a `RuleBook` knows."""
    if not isinstance(rules, RuleBook):
        return _resolve(rules, context=context, on=on)
    terms = rules.known.get((context, on))
    if terms is None:
        terms = rules.known[context, on] = _resolve(rules, context=context, on=on)
    return terms


def _resolve(rules: Iterable[LoanRule], *, context: Context, on: date) -> Terms:
    matching = [rule for rule in rules if _matches(rule, context=context, on=on)]
    matching.sort(key=lambda rule: _rank(rule, context), reverse=True)
    matching.append(NETWORK_DEFAULT)
    chosen = _Chooser(matching)
    pick = chosen.pick
    return Terms(
        is_lendable=pick("is_lendable", lambda r: r.is_lendable, True),
        loan_days=pick("loan_days", lambda r: r.loan_days, 0),
        renewals=pick("renewals", lambda r: r.renewals, 0),
        renewal_days=pick("renewal_days", lambda r: r.renewal_days, 0),
        renewal_base=pick("renewal_base", lambda r: r.renewal_base, RenewalBase.TODAY),
        renew_after_days=pick("renew_after_days", lambda r: r.renew_after_days, 0),
        max_requests=pick("max_requests", lambda r: r.max_requests, 0),
        min_age=pick("min_age", lambda r: r.min_age, 0),
        fee_per_day=pick("fee_per_day", lambda r: r.fee_per_day, Decimal(0)),
        fee_step_days=pick("fee_step_days", lambda r: r.fee_step_days, None),
        fee_per_day_after=pick("fee_per_day_after", lambda r: r.fee_per_day_after, None),
        fee_cap=pick("fee_cap", lambda r: r.fee_cap, None),
        grace_days=pick("grace_days", lambda r: r.grace_days, 0),
        suspend_days=pick("suspend_days", lambda r: r.suspend_days, Decimal(0)),
        suspend_cap=pick("suspend_cap", lambda r: r.suspend_cap, None),
        suspend_scope=chosen.scope_of("suspend_days"),
        points=pick("points", lambda r: r.points, NO_POINTS),
        points_scope=chosen.scope_of("points"),
        compensation=pick("compensation", lambda r: r.compensation, NO_TARIFF),
        max_owed=pick("max_owed", lambda r: r.max_owed, None),
        max_owed_scope=chosen.scope_of("max_owed"),
        max_overdue=pick("max_overdue", lambda r: r.max_overdue, None),
        max_overdue_scope=chosen.scope_of("max_overdue"),
        hold_shelf_days=pick("hold_shelf_days", lambda r: r.hold_shelf_days, 0),
        max_no_shows=pick("max_no_shows", lambda r: r.max_no_shows, None),
        recall_days=pick("recall_days", lambda r: r.recall_days, 0),
        lost_after_days=pick("lost_after_days", lambda r: r.lost_after_days, None),
        return_policy=pick("return_policy", lambda r: r.return_policy, ReturnPolicy.HOME),
        caps=_caps(matching),
        value_caps=_value_caps(matching),
        because=tuple(chosen.because),
    )


def explain(terms: Terms) -> tuple[Because, ...]:
    """Every parameter with its value and the rule it came from, limits last."""
    caps = tuple(
        Because(parameter="max_loans", value=str(cap.limit), rule=cap.rule) for cap in terms.caps
    )
    values = tuple(
        Because(parameter="max_value", value=str(cap.limit), rule=cap.rule)
        for cap in terms.value_caps
    )
    return terms.because + caps + values


Value = TypeVar("Value")


class _Chooser:
    """Takes each parameter from the first rule that speaks of it, and remembers which."""

    def __init__(self, ranked: list[LoanRule]) -> None:
        self._ranked = ranked
        self._scopes: dict[str, Scope] = {}
        self.because: list[Because] = []

    def pick(
        self, parameter: str, read: Callable[[LoanRule], Value | None], otherwise: Value
    ) -> Value:
        for rule in self._ranked:
            value = read(rule)
            if value is not None:
                self._scopes[parameter] = rule.scope
                self.because.append(Because(parameter=parameter, value=str(value), rule=rule.code))
                return value
        return otherwise

    def scope_of(self, parameter: str) -> Scope:
        return self._scopes.get(parameter, Scope())


def _matches(rule: LoanRule, *, context: Context, on: date) -> bool:
    if rule.category and rule.category != context.category:
        return False
    if rule.starts_on is not None and on < rule.starts_on:
        return False
    if rule.ends_on is not None and on > rule.ends_on:
        return False
    return rule.scope.covers(context.place)


def _rank(rule: LoanRule, context: Context) -> tuple[int, int, int, int, int, date, str]:
    """Larger is more specific; equals are settled by the later start, then by code."""
    return (
        _nearness(rule.owner, context.place.owner),
        _nearness(rule.visited, context.place.visited),
        int(bool(rule.branch)),
        int(bool(rule.category)),
        int(bool(rule.material)),
        rule.starts_on or date.min,
        rule.code,
    )


def _nearness(agency: str, lineage: Lineage) -> int:
    return len(lineage) - lineage.index(agency) if agency else 0


def _caps(ranked: list[LoanRule]) -> tuple[Cap, ...]:
    """One limit a scope (the most specific category's); limits of different scopes all hold."""
    caps: dict[Scope, Cap] = {}
    for rule in ranked:
        if rule.max_loans is not None:
            cap = Cap(rule=rule.code, limit=rule.max_loans, scope=rule.scope)
            caps.setdefault(rule.scope, cap)
    return tuple(caps.values())


def _value_caps(ranked: list[LoanRule]) -> tuple[ValueCap, ...]:
    caps: dict[Scope, ValueCap] = {}
    for rule in ranked:
        if rule.max_value is not None:
            cap = ValueCap(rule=rule.code, limit=rule.max_value, scope=rule.scope)
            caps.setdefault(rule.scope, cap)
    return tuple(caps.values())
