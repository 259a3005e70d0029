"""What was true on one evening, row by row as the database holds it; planned from, checked against.

Solver and verifier share these rows and nothing that is worked out from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from circulation.domain.rebalancing.problem import Terms


class LoanRow(NamedTuple):
    title: int
    branch: int  # where it was lent
    day: date


class RequestRow(NamedTuple):
    """A reader who waits, with no copy assigned yet."""

    title: int
    branch: int  # where it will be collected


class ItemRow(NamedTuple):
    item: int
    title: int
    owner: int
    home: int
    branch: int  # where it is; on loan: where it was lent
    status: str  # catalog.domain.items.ItemStatus
    bound_for: int | None  # the end of its open transit
    is_lendable: bool
    is_promised: bool  # a request names this very copy
    is_pinned: bool  # owner or class of material never lets it travel


class BranchRow(NamedTuple):
    branch: int
    code: str
    agency: int
    shelf_capacity: int  # 0: nobody stated one
    is_open: bool  # staffed tonight, its institution an active member
    outbound_cap: int
    inbound_cap: int


class RouteRow(NamedTuple):
    origin: int
    destination: int
    km: float
    weekdays: str  # ISO weekdays it runs, e.g. "135"
    capacity: int  # copies
    booked: int  # copies of other transits already waiting for this leg


class OwnerRow(NamedTuple):
    owner: int
    outgoing_cap: int | None  # None: no limit


class MoveRow(NamedTuple):
    item: int
    origin: int
    destination: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Everything a plan for `date` may know. `classes` names every title and its class."""

    date: date
    terms: Terms
    branches: Sequence[BranchRow]
    routes: Sequence[RouteRow]
    owners: Sequence[OwnerRow]
    items: Sequence[ItemRow]
    loans: Sequence[LoanRow]
    requests: Sequence[RequestRow]
    classes: Mapping[int, int]
    blocked: frozenset[tuple[int, int, int]] = frozenset()
