"""The moves worth thinking about tonight: which copies could pay where, and by how much at best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from circulation.domain.rebalancing.problem import (
    BoolArray,
    FloatArray,
    IntArray,
    Problem,
    Terms,
)

CHUNK_PAIRS = 4_000_000  # (sending lot, taking cell) pairs looked at together; bounds the memory
EPSILON = 1e-9  # CNY; below this a move gains nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """A falling staircase per cell: entries `start[c]:start[c + 1]` of `value` belong to cell c."""

    start: IntArray
    value: FloatArray

    def count(self) -> IntArray:
        return np.diff(self.start)

    def cell(self) -> IntArray:
        """The cell each entry belongs to."""
        return np.repeat(np.arange(self.start.size - 1), self.count())

    def first(self) -> FloatArray:
        """The value of each cell's first step; 0 where there is none."""
        found = np.zeros(self.start.size - 1)
        has = self.count() > 0
        found[has] = self.value[self.start[:-1][has]]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arcs:
    """Lots (copies of one cell and owner) and the arcs along which one of them could pay.

    `loss[c]`: what cell c loses with its first, second, … copy sent (rising).
    `gain[c]`: what it gains with its first, second, … copy taken in (falling).
    """

    lot_cell: IntArray
    lot_owner: IntArray
    lot_start: IntArray  # copies lot_start[l]:lot_start[l + 1] of Problem.copies
    lot: IntArray  # per arc
    cell: IntArray  # per arc: the taking cell
    route: IntArray  # per arc
    is_outgoing: BoolArray  # per arc: the owner's copy leaves the owner's own branches
    cost: FloatArray  # per arc
    loss: Steps
    gain: Steps

    @property
    def size(self) -> int:
        return int(self.lot.size)

    @property
    def from_cell(self) -> IntArray:
        return self.lot_cell[self.lot]


def candidate_arcs(problem: Problem) -> Arcs:
    """Every arc that could be part of a best plan.

    An arc whose best case (first gain there, first loss here) does not pay is in no best plan:
    leaving such a move out only frees room for others. So nothing is lost by dropping it here.
    """
    copies, cells = problem.copies, problem.cells
    is_first = np.ones(copies.item.size, dtype=np.bool_)
    is_first[1:] = (np.diff(copies.cell) != 0) | (np.diff(copies.owner) != 0)
    begins = np.flatnonzero(is_first)
    lot_start = np.append(begins, copies.item.size)
    lot_cell, lot_owner = copies.cell[begins], copies.owner[begins]
    movable = np.bincount(copies.cell, minlength=cells.title.size)
    loss, gain = _staircases(problem, movable)
    lot, cell, route, cost = _pairs(problem, lot_cell, loss, gain)
    outgoing = _leaves_owner(problem, lot_cell, lot_owner, lot, cell)
    cap = np.array([_unbounded(owner.outgoing_cap) for owner in problem.owners], dtype=np.int64)
    keep = ~outgoing
    if cap.size:
        keep |= cap[lot_owner[lot]] > 0
    return Arcs(
        lot_cell=lot_cell,
        lot_owner=lot_owner,
        lot_start=lot_start,
        lot=lot[keep],
        cell=cell[keep],
        route=route[keep],
        is_outgoing=outgoing[keep],
        cost=cost[keep],
        loss=loss,
        gain=gain,
    )


def _unbounded(cap: int | None) -> int:
    return np.iinfo(np.int64).max if cap is None else cap


def _staircases(problem: Problem, movable: IntArray) -> tuple[Steps, Steps]:
    """Walk Erlang's recursion once for all cells together, keeping the steps each one needs."""
    cells, terms = problem.cells, problem.terms
    room = np.array([branch.room for branch in problem.branches], dtype=np.int64)[cells.branch]
    title_start = np.flatnonzero(np.append(True, np.diff(cells.title) != 0))
    elsewhere = np.zeros(cells.title.size, dtype=np.int64)
    if cells.title.size:
        sizes = np.diff(np.append(title_start, cells.title.size))
        elsewhere = np.repeat(np.add.reduceat(movable, title_start), sizes) - movable
    most = np.minimum(room, elsewhere)
    ladder = _Ladder(problem)
    loss_rows: list[tuple[IntArray, IntArray, FloatArray]] = []
    gain_rows: list[tuple[IntArray, IntArray, FloatArray]] = []
    alive = np.flatnonzero((movable > 0) | (most > 0))
    k = 0
    while alive.size:
        k += 1
        value = ladder.climb(alive)
        sent = cells.stock[alive] - k  # copies sent before this one goes
        losing = (sent >= 0) & (sent < movable[alive])
        loss_rows.append((alive[losing], sent[losing], value[losing]))
        taken = k - cells.stock[alive]
        pays = value > terms.handling_cost + EPSILON
        taking = (taken > 0) & (taken <= most[alive]) & pays
        gain_rows.append((alive[taking], taken[taking], value[taking]))
        alive = alive[(k < cells.stock[alive]) | (pays & (taken < most[alive]))]
    return _steps(loss_rows, cells.title.size), _steps(gain_rows, cells.title.size)


class _Ladder:
    """Each cell's next most valuable use of one more copy (Note [What the k-th copy is worth])."""

    def __init__(self, problem: Problem) -> None:
        cells, terms = problem.cells, problem.terms
        self.terms, self.demand = terms, cells.demand
        self.load = cells.demand / terms.horizon_weeks * terms.loan_weeks
        self.waiting = cells.waiting.copy()
        self.streaming = np.zeros(cells.title.size, dtype=np.int64)  # copies given to the stream
        self.blocked = np.ones(cells.title.size)

    def climb(self, cell: IntArray) -> FloatArray:
        """What one more copy is worth in each of these cells; they then have it."""
        before, load = self.blocked[cell], self.load[cell]
        after = load * before / (self.streaming[cell] + 1 + load * before)
        stream = self.terms.loan_value * self.demand[cell] * (before - after)
        waits = (self.waiting[cell] > 0) & (self.terms.waiting_value >= stream)
        self.waiting[cell] -= waits
        self.streaming[cell] += ~waits
        self.blocked[cell] = np.where(waits, before, after)
        return np.where(waits, self.terms.waiting_value, stream)


def _steps(rows: list[tuple[IntArray, IntArray, FloatArray]], cell_count: int) -> Steps:
    cell = np.concatenate([np.zeros(0, dtype=np.int64), *(row[0] for row in rows)])
    rank = np.concatenate([np.zeros(0, dtype=np.int64), *(row[1] for row in rows)])
    value = np.concatenate([np.zeros(0), *(row[2] for row in rows)])
    order = np.lexsort((rank, cell))
    start = np.zeros(cell_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=cell_count), out=start[1:])
    return Steps(start=start, value=value[order])


def _pairs(
    problem: Problem, lot_cell: IntArray, loss: Steps, gain: Steps
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Join lots with the taking cells of the same title, over legs that run, where it can pay."""
    cells, terms = problem.cells, problem.terms
    takers = np.flatnonzero(gain.count() > 0)
    lot_title, taker_title = cells.title[lot_cell], cells.title[takers]
    begin = np.searchsorted(taker_title, lot_title, side="left")
    width = np.searchsorted(taker_title, lot_title, side="right") - begin
    leg, leg_cost = _legs(problem, terms)
    best_gain, least_loss = gain.first(), loss.first()
    veto = _packed_vetoes(problem)
    total = np.cumsum(width)
    found: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = []
    start = 0
    while start < lot_cell.size:
        reached = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, reached + CHUNK_PAIRS, side="right")))
        lots = np.arange(start, stop)
        lot = np.repeat(lots, width[lots])
        offset = np.arange(lot.size) - np.repeat(np.cumsum(width[lots]) - width[lots], width[lots])
        cell = takers[np.repeat(begin[lots], width[lots]) + offset]
        here, there = cells.branch[lot_cell[lot]], cells.branch[cell]
        route = leg[here, there]
        cost = leg_cost[route]
        pays = best_gain[cell] - least_loss[lot_cell[lot]] - cost > EPSILON
        keep = (route >= 0) & pays
        if veto.size:
            size = len(problem.branches)
            keep &= ~np.isin((cells.title[cell] * size + here) * size + there, veto)
        found.append((lot[keep], cell[keep], route[keep], cost[keep]))
        start = stop
    none = (np.zeros(0, dtype=np.int64),) * 3
    lot, cell, route = (np.concatenate([none[i], *(row[i] for row in found)]) for i in range(3))
    return lot, cell, route, np.concatenate([np.zeros(0), *(row[3] for row in found)])


def _legs(problem: Problem, terms: Terms) -> tuple[IntArray, FloatArray]:
    """Route index by [origin, destination], -1 where none runs; and the cost of each route."""
    at = {branch.id: index for index, branch in enumerate(problem.branches)}
    leg = np.full((len(at), len(at)), -1, dtype=np.int64)
    for index, route in enumerate(problem.routes):
        is_usable = route.origin in at and route.destination in at and route.capacity > 0
        if is_usable and route.origin != route.destination:
            leg[at[route.origin], at[route.destination]] = index
    cost = [terms.handling_cost + terms.km_cost * route.km for route in problem.routes]
    return leg, np.array([*cost, np.inf])  # index -1, no leg, costs more than anything gains


def _packed_vetoes(problem: Problem) -> IntArray:
    at = {branch.id: index for index, branch in enumerate(problem.branches)}
    size = len(at)
    packed = [
        (title * size + at[origin]) * size + at[destination]
        for title, origin, destination in sorted(problem.blocked)
        if origin in at and destination in at
    ]
    return np.array(packed, dtype=np.int64)


def _leaves_owner(
    problem: Problem, lot_cell: IntArray, lot_owner: IntArray, lot: IntArray, cell: IntArray
) -> BoolArray:
    """Whether the move takes a copy from a branch of its owner to one of another agency (RB-6)."""
    agency = np.array([branch.agency for branch in problem.branches], dtype=np.int64)
    owner = np.array([owner.id for owner in problem.owners], dtype=np.int64)
    if lot.size == 0:
        return np.zeros(0, dtype=np.bool_)
    owned_by = owner[lot_owner[lot]]
    here, there = problem.cells.branch[lot_cell[lot]], problem.cells.branch[cell]
    return np.equal(agency[here], owned_by) & np.not_equal(agency[there], owned_by)
