"""From the evening's rows to the night's problem: who takes part, what may move, what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from catalog.domain.items import ItemStatus
from circulation.domain.rebalancing.forecast import Events, Titles, forecast
from circulation.domain.rebalancing.problem import (
    Branch,
    Demand,
    IntArray,
    Items,
    Owner,
    Problem,
    Route,
    assemble,
)
from circulation.domain.rebalancing.rows import Night

# RB-3: copies that readers of a branch can count on, now or when they come back.
IN_USE = frozenset(
    {
        ItemStatus.AVAILABLE,
        ItemStatus.ON_LOAN,
        ItemStatus.ON_HOLD_SHELF,
        ItemStatus.RESHELVING,
        ItemStatus.IN_TRANSIT,
    }
)
ON_SHELF = frozenset({ItemStatus.AVAILABLE, ItemStatus.ON_HOLD_SHELF, ItemStatus.RESHELVING})


def prepare(*, night: Night) -> Problem:
    """Forecast demand and join it with the copies, branches and legs that take part tonight."""
    items = items_of(night=night)
    return assemble(
        terms=night.terms,
        branches=_branches(night),
        routes=_routes(night),
        owners=tuple(Owner(id=row.owner, outgoing_cap=row.outgoing_cap) for row in night.owners),
        demand=demand_of(night=night, items=items),
        items=items,
        blocked=night.blocked,
    )


def demand_of(*, night: Night, items: Items) -> Demand:
    """RB-1, RB-2: what readers are expected to ask for within the horizon."""
    titles = sorted(night.classes)
    return forecast(
        loans=Events(
            title=_column(row.title for row in night.loans),
            branch=_column(row.branch for row in night.loans),
            day=_column(row.day.toordinal() for row in night.loans),
        ),
        requests=Events(
            title=_column(row.title for row in night.requests),
            branch=_column(row.branch for row in night.requests),
            day=np.full(len(night.requests), night.date.toordinal(), dtype=np.int64),
        ),
        titles=Titles(
            title=_column(titles), class_id=_column(night.classes[title] for title in titles)
        ),
        stocked=(items.title, items.branch),
        as_of=night.date,
        weeks=night.terms.horizon_weeks,
        smoothing=night.terms.smoothing,
        floor_per_week=night.terms.least_useful_per_week,
    )


def items_of(*, night: Night) -> Items:
    """RB-3, RB-4: which copies count, where, and which of them may be moved."""
    rows = [row for row in night.items if row.status in IN_USE]
    return Items(
        item=_column(row.item for row in rows),
        title=_column(row.title for row in rows),
        branch=_column(row.branch if row.bound_for is None else row.bound_for for row in rows),
        owner=_column(row.owner for row in rows),
        home=_column(row.home for row in rows),
        is_movable=np.array(
            [
                row.status == ItemStatus.AVAILABLE
                and row.is_lendable
                and row.bound_for is None
                and not row.is_promised
                and not row.is_pinned
                for row in rows
            ],
            dtype=np.bool_,
        ),
    )


def _branches(night: Night) -> tuple[Branch, ...]:
    on_shelf = Counter(
        row.branch for row in night.items if row.status in ON_SHELF and row.bound_for is None
    )
    coming = Counter(row.bound_for for row in night.items if row.bound_for is not None)
    return tuple(
        Branch(
            id=row.branch,
            code=row.code,
            agency=row.agency,
            shelf_capacity=row.shelf_capacity or None,
            shelf_count=on_shelf[row.branch] + coming[row.branch],
            outbound_cap=row.outbound_cap,
            inbound_cap=row.inbound_cap,
        )
        for row in night.branches
        if row.is_open
    )


def _routes(night: Night) -> tuple[Route, ...]:
    today = str(night.date.isoweekday())
    return tuple(
        Route(
            origin=row.origin,
            destination=row.destination,
            km=row.km,
            capacity=max(0, row.capacity - row.booked),
        )
        for row in night.routes
        if today in row.weekdays
    )


def _column(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)
