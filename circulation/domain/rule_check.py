"""Are the rules sound: gaps, conflicts, rows that never decide anything. RULES.md, RU-.

The network is looked at in classes: two branches that no rule tells apart are one, and so are two
owners, categories or materials. What is left is small enough to try every combination, on every
day from today on that a rule begins or has ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations, product
from typing import Any, Final

from circulation.domain.policies import (
    NETWORK_DEFAULT,
    Context,
    Lineage,
    LoanRule,
    Place,
    Terms,
    resolve,
)

KEYS: Final = ("owner", "visited", "branch", "category", "material")
PARAMETERS: Final = tuple(
    field.name
    for field in fields(LoanRule)
    if field.name not in (*KEYS, "code", "starts_on", "ends_on")
)
ANYTHING_ELSE: Final = "*"  # stands for categories and materials no rule names


class FindingKind(StrEnum):
    GAP = "gap"
    CONFLICT = "conflict"
    UNREACHABLE = "unreachable"
    NOWHERE = "nowhere"  # nothing in the network fits the keys
    IMPOSSIBLE = "impossible"  # the keys or the dates exclude each other
    ENDED = "ended"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    kind: FindingKind
    severity: Severity
    rules: tuple[str, ...] = ()
    parameter: str = ""
    values: tuple[str, ...] = ()
    owner: str = ""
    category: str = ""
    material: str = ""
    places: tuple[str, ...] = ()  # branches
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What occurs: whose copies of which materials, where one can stand, who reads."""

    stocks: tuple[tuple[Lineage, str], ...]  # owner, material
    branches: tuple[tuple[str, Lineage], ...]  # code, its agency
    categories: tuple[str, ...]


def check_rules(
    rules: Sequence[LoanRule],
    *,
    network: Network,
    today: date,
    built_in: Sequence[LoanRule] = (),
) -> tuple[Finding, ...]:
    """Every finding, the worst first. ``built_in`` rules decide too, but are nobody's rows."""
    tried = _try_everything([*rules, *built_in], network=network, today=today)
    findings = [
        *tried.gaps(),
        *_conflicts(rules, today=today),
        *_unused(rules, tried=tried, network=network, today=today),
    ]
    order = list(Severity)
    return tuple(sorted(findings, key=lambda f: (order.index(f.severity), f.kind, f.rules)))


@dataclass(slots=True)
class _Tried:
    """What every combination came to."""

    used: set[str]
    winners: dict[tuple[str, str], set[str]]  # (rule, parameter) -> who was chosen instead
    matched: set[str]
    lacks: dict[tuple[str, str, str, str, date], list[str]]  # … -> branches

    def gaps(self) -> Iterator[Finding]:
        """RU-1."""
        seen = set()
        for (parameter, owner, category, material, day), places in self.lacks.items():
            key = (parameter, owner, category, material, tuple(places))
            if key in seen:  # the same on a later day
                continue
            seen.add(key)
            yield Finding(
                kind=FindingKind.GAP,
                severity=Severity.ERROR,
                parameter=parameter,
                owner=owner,
                category=category,
                material=material,
                places=tuple(places),
                on=day,
            )


def _try_everything(rules: Sequence[LoanRule], *, network: Network, today: date) -> _Tried:
    tried = _Tried(set(), defaultdict(set), set(), defaultdict(list))
    for day in _days_of_change(rules, today=today):
        living = [rule for rule in rules if _holds(rule, day)]
        for context, branches in _contexts(living, network=network):
            terms = resolve(rules=living, context=context, on=day)
            winner = _winners(terms)
            tried.used |= {code for codes in winner.values() for code in codes}
            for rule in living:
                if rule.scope.covers(context.place) and rule.category in ("", context.category):
                    tried.matched.add(rule.code)
                    for parameter in _said(rule):
                        tried.winners[rule.code, parameter] |= winner[parameter] - {rule.code}
            if terms.is_lendable:
                for parameter in ("loan_days", "max_loans"):
                    if winner[parameter] <= {NETWORK_DEFAULT.code}:
                        place = context.place
                        key = (parameter, place.owner[0], context.category, place.material, day)
                        tried.lacks[key] += branches
    return tried


def _winners(terms: Terms) -> dict[str, set[str]]:
    chosen: dict[str, set[str]] = defaultdict(set)
    for line in terms.because:
        chosen[line.parameter].add(line.rule)
    chosen["max_loans"] = {cap.rule for cap in terms.caps}
    # The network's own limit is always there; it is a gap only where it is the only one.
    if len(chosen["max_loans"]) > 1:
        chosen["max_loans"].discard(NETWORK_DEFAULT.code)
    chosen["max_value"] = {cap.rule for cap in terms.value_caps}
    return chosen


def _said(rule: LoanRule) -> Iterator[str]:
    return (name for name in PARAMETERS if getattr(rule, name) is not None)


def _conflicts(rules: Sequence[LoanRule], *, today: date) -> Iterator[Finding]:
    """RU-2: the same keys, days in common from today on, different values."""
    by_keys: dict[tuple[str, ...], list[LoanRule]] = defaultdict(list)
    for rule in rules:
        if rule.ends_on is None or rule.ends_on >= today:
            by_keys[tuple(getattr(rule, key) for key in KEYS)].append(rule)
    for same in by_keys.values():
        for one, other in combinations(sorted(same, key=lambda rule: rule.code), 2):
            if not _overlap(one, other):
                continue
            is_settled = one.starts_on != other.starts_on
            for name in PARAMETERS:
                values = (getattr(one, name), getattr(other, name))
                if None not in values and values[0] != values[1]:
                    yield Finding(
                        kind=FindingKind.CONFLICT,
                        severity=Severity.WARNING if is_settled else Severity.ERROR,
                        rules=(one.code, other.code),
                        parameter=name,
                        values=(str(values[0]), str(values[1])),
                    )


def _unused(
    rules: Sequence[LoanRule], *, tried: _Tried, network: Network, today: date
) -> Iterator[Finding]:
    """RU-3."""
    for rule in rules:
        if rule.code in tried.used:
            continue
        if _is_impossible(rule, network=network):
            yield _about(rule, FindingKind.IMPOSSIBLE, Severity.ERROR)
        elif rule.ends_on is not None and rule.ends_on < today:
            yield _about(rule, FindingKind.ENDED, Severity.NOTE)
        elif rule.code not in tried.matched:
            yield _about(rule, FindingKind.NOWHERE, Severity.WARNING)
        else:
            beaten_by = {w for name in _said(rule) for w in tried.winners[rule.code, name]}
            yield _about(rule, FindingKind.UNREACHABLE, Severity.ERROR, *sorted(beaten_by))


def _about(rule: LoanRule, kind: FindingKind, severity: Severity, *others: str) -> Finding:
    return Finding(kind=kind, severity=severity, rules=(rule.code, *others))


def _is_impossible(rule: LoanRule, *, network: Network) -> bool:
    if rule.starts_on is not None and rule.ends_on is not None and rule.starts_on > rule.ends_on:
        return True
    lineage = next((above for code, above in network.branches if code == rule.branch), None)
    return bool(rule.visited) and lineage is not None and rule.visited not in lineage


def _overlap(one: LoanRule, other: LoanRule) -> bool:
    start = max(one.starts_on or date.min, other.starts_on or date.min)
    return start <= min(one.ends_on or date.max, other.ends_on or date.max)


def _holds(rule: LoanRule, day: date) -> bool:
    return (rule.starts_on or date.min) <= day <= (rule.ends_on or date.max)


def _days_of_change(rules: Iterable[LoanRule], *, today: date) -> list[date]:
    days = {today}
    for rule in rules:
        if rule.starts_on is not None:
            days.add(rule.starts_on)
        if rule.ends_on is not None and rule.ends_on < date.max:
            days.add(rule.ends_on + timedelta(days=1))
    return sorted(day for day in days if day >= today)


def _contexts(
    rules: Sequence[LoanRule], *, network: Network
) -> Iterator[tuple[Context, list[str]]]:
    """One context for each class of combinations, with the branches it stands for."""
    named: dict[str, set[str]] = {key: {getattr(r, key) for r in rules} for key in KEYS}
    branches: dict[Any, list[tuple[str, Lineage]]] = defaultdict(list)
    for code, lineage in network.branches:
        told = tuple(agency for agency in lineage if agency in named["visited"])
        branches[told, code if code in named["branch"] else ""].append((code, lineage))
    stocks: dict[Any, tuple[Lineage, str]] = {}
    for owner, material in network.stocks:
        told = tuple(agency for agency in owner if agency in named["owner"])
        stocks.setdefault(
            (told, material if material in named["material"] else ""), (owner, material)
        )
    categories = {
        category if category in named["category"] else ANYTHING_ELSE: category
        for category in network.categories
    }
    for (owner, material), same, category in product(
        stocks.values(), branches.values(), categories.values()
    ):
        code, lineage = same[0]
        place = Place(owner=owner, visited=lineage, branch=code, material=material)
        yield Context(place=place, category=category), [branch for branch, _ in same]
