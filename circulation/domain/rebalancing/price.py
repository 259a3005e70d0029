"""A good plan and a proof of how good: prices on what is scarce, then the best paying moves first.

# Note [Where the bound comes from]
Put a price of at least 0 on every shared limit (what a branch can pick, what it can take in, what
a leg carries, what an owner lets out) and on each sending cell, and let every taking cell buy from
whoever is cheapest, as if nothing were limited. Whatever the prices, limits x prices plus what the
cells then earn is never less than the value of any plan that respects the limits (Lagrange).
Raising the price of what is asked for too often and lowering the rest (subgradient, B. Polyak's
step 1969) brings the bound down; the lowest seen is reported.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from circulation.domain.rebalancing.arcs import EPSILON, Arcs, Steps
from circulation.domain.rebalancing.problem import FloatArray, IntArray, Problem

MEMORY = 0.3  # share of the last direction kept
PATIENCE, DAMPING = 10, 0.7  # rounds without progress before steps shrink, and by how much
SMALLEST_STEP = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """The shared limits, and for each the arcs that use it (-1: this arc uses none)."""

    cap: tuple[FloatArray, ...]
    used_by: tuple[IntArray, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """The lowest proven bound, and what each arc pays for limits at the prices that gave it."""

    bound: float
    toll: FloatArray


def limits_of(problem: Problem, arcs: Arcs) -> Limits:
    """Outbound, room, lane and owner limits of RB-5 and RB-6."""
    branches = problem.branches
    here, there = problem.cells.branch[arcs.from_cell], problem.cells.branch[arcs.cell]
    capped = [owner.outgoing_cap for owner in problem.owners]
    owner = arcs.lot_owner[arcs.lot] if arcs.size else arcs.lot
    is_capped = np.array([cap is not None for cap in capped], dtype=np.bool_)
    counts = arcs.is_outgoing & (is_capped[owner] if is_capped.size else arcs.is_outgoing)
    return Limits(
        cap=(
            np.array([branch.outbound_cap for branch in branches], dtype=np.float64),
            np.array([branch.room for branch in branches], dtype=np.float64),
            np.array([route.capacity for route in problem.routes], dtype=np.float64),
            np.array([0 if cap is None else cap for cap in capped], dtype=np.float64),
        ),
        used_by=(here, there, arcs.route, np.where(counts, owner, -1)),
    )


def price(*, arcs: Arcs, limits: Limits, floor: float, rounds: int) -> Priced:
    """Lower the bound for `rounds` rounds; `floor` is the value of a plan already in hand.

    The direction keeps a share of the last one, and a limit of cap c moves by 1 / sqrt(c) of what
    a single copy's price moves: measured on 10,000 titles both bring the bound down much faster.
    """
    market = _Market(arcs, limits)
    best = Priced(bound=np.inf, toll=np.zeros(arcs.size))
    weight = [1.0 / np.sqrt(np.maximum(1.0, cap)) for cap in limits.cap]
    short, excess = np.zeros(market.sender.size), [np.zeros(cap.size) for cap in limits.cap]
    step, stale = 1.0, 0
    for _ in range(rounds):
        bound, newly_short, newly_over = market.clear()
        if bound < best.bound - EPSILON:
            best, stale = Priced(bound=bound, toll=market.toll()), 0
        else:
            stale += 1
            if stale >= PATIENCE:
                step, stale = step * DAMPING, 0
        short = MEMORY * short + (1 - MEMORY) * newly_short
        excess = [
            MEMORY * old + (1 - MEMORY) * new for old, new in zip(excess, newly_over, strict=True)
        ]
        norm = float(short @ short)
        norm += sum(float(e @ (w * e)) for e, w in zip(excess, weight, strict=True))
        if norm == 0 or bound - floor <= EPSILON or step < SMALLEST_STEP:
            break
        size = step * (bound - floor) / norm
        market.move(size * short, [size * w * e for w, e in zip(weight, excess, strict=True)])
    return best


class _Market:
    """Every limit and every sending cell has a price; takers buy where it is cheapest."""

    def __init__(self, arcs: Arcs, limits: Limits) -> None:
        self.arcs, self.limits = arcs, limits
        self.order = np.argsort(arcs.cell, kind="stable")
        cell = arcs.cell[self.order]
        self.begins = np.flatnonzero(np.append(True, np.diff(cell) != 0))
        self.taker = cell[self.begins]
        self.sender, self.seller = np.unique(arcs.from_cell[self.order], return_inverse=True)
        self.used_by = tuple(use[self.order] for use in limits.used_by)
        self.group = np.repeat(np.arange(self.taker.size), np.diff([*self.begins, cell.size]))
        self.gains = _Staircases(arcs.gain, self.taker)
        self.losses = _Staircases(arcs.loss, self.sender)
        self.cost = arcs.cost[self.order]
        self.prices = [np.zeros(cap.size) for cap in limits.cap]
        self.asking = arcs.loss.first()[self.sender]

    def clear(self) -> tuple[float, FloatArray, list[FloatArray]]:
        """The bound at these prices, and by how much each sender and each limit is overasked."""
        full = self.cost + self._tolls() + self.asking[self.seller]
        cheapest = np.minimum.reduceat(full, self.begins)
        bought, earned = self.gains.above(cheapest)
        chosen = self._cheapest_arcs(full, cheapest)
        offered, kept = self.losses.below(self.asking)
        rent = sum(float(c @ p) for c, p in zip(self.limits.cap, self.prices, strict=True))
        short = np.bincount(self.seller[chosen], bought, self.sender.size) - offered
        return earned + kept + rent, short, _excess(self.limits, self.used_by, chosen, bought)

    def _cheapest_arcs(self, full: FloatArray, cheapest: FloatArray) -> IntArray:
        """The first arc of each taker that has its cheapest price."""
        hit = np.flatnonzero(full <= cheapest[self.group])
        return hit[np.searchsorted(self.group[hit], np.arange(self.taker.size))]

    def move(self, asking: FloatArray, prices: list[FloatArray]) -> None:
        self.asking = self.asking + asking
        self.prices = [np.maximum(0.0, p + m) for p, m in zip(self.prices, prices, strict=True)]

    def toll(self) -> FloatArray:
        """What each arc pays for the limits it uses, in the order of the arcs."""
        back = np.empty(self.arcs.size)
        back[self.order] = self._tolls()
        return back

    def _tolls(self) -> FloatArray:
        total = np.zeros(self.arcs.size)
        for price_of, use in zip(self.prices, self.used_by, strict=True):
            total += np.append(price_of, 0.0)[use]  # index -1 is the appended zero
        return total


class _Staircases:
    """The steps of some cells, laid out once, to be climbed at many prices."""

    def __init__(self, steps: Steps, cell: IntArray) -> None:
        start, count = steps.start[cell], steps.count()[cell]
        self.size = cell.size
        self.row = np.repeat(np.arange(cell.size), count)
        offset = np.arange(self.row.size) - np.repeat(np.cumsum(count) - count, count)
        self.value = steps.value[np.repeat(start, count) + offset]

    def below(self, price_of: FloatArray) -> tuple[FloatArray, float]:
        """Steps per cell that are worth less than its price, and what selling them earns."""
        return self._climb(price_of[self.row] - self.value)

    def above(self, price_of: FloatArray) -> tuple[FloatArray, float]:
        """Steps per cell that are worth more than its price, and what buying them earns."""
        return self._climb(self.value - price_of[self.row])

    def _climb(self, surplus: FloatArray) -> tuple[FloatArray, float]:
        earns = surplus > 0
        count = np.bincount(self.row[earns], minlength=self.size).astype(np.float64)
        return count, float(surplus[earns].sum())


def _excess(
    limits: Limits, used_by: tuple[IntArray, ...], chosen: IntArray, bought: FloatArray
) -> list[FloatArray]:
    result = []
    for cap, use in zip(limits.cap, used_by, strict=True):
        at = use[chosen]
        result.append(np.bincount(at[at >= 0], bought[at >= 0], cap.size) - cap)
    return result


def fill(
    *, problem: Problem, arcs: Arcs, limits: Limits, toll: FloatArray, start: IntArray
) -> IntArray:
    """Copies per arc: `start` (respects all limits), then the best paying moves while they pay.

    The next move is always the one that has most left after the toll, by what the shelves hold by
    then; worths only fall, so a heap whose top is looked at again is enough. Deterministic: ties
    go to the lower arc. A cell that sent never receives and the other way round (RB-7).
    """
    shelves = Shelves(problem=problem, arcs=arcs, limits=limits, taken=start)
    tolls = toll.tolist()
    best = arcs.gain.first()[arcs.cell] - arcs.loss.first()[arcs.from_cell] - arcs.cost - toll
    heap = list(zip((-best).tolist(), range(arcs.size), strict=True))
    heapq.heapify(heap)
    while heap:
        promised, arc = heap[0]
        left = shelves.worth(arc) - tolls[arc]
        if left < -promised - EPSILON and left > -math.inf:
            heapq.heapreplace(heap, (-left, arc))
        elif not shelves.take(arc):
            heapq.heappop(heap)
    return np.array(shelves.taken, dtype=np.int64)


class Shelves:
    """What is left of every limit while moves are picked; plain lists, for a plain loop."""

    def __init__(self, *, problem: Problem, arcs: Arcs, limits: Limits, taken: IntArray) -> None:
        cells = problem.cells.title.size
        self.taken = taken.tolist()
        self.here, self.there = arcs.from_cell.tolist(), arcs.cell.tolist()
        self.lot, self.cost = arcs.lot.tolist(), arcs.cost.tolist()
        self.sent = _count(arcs.from_cell, taken, cells)
        self.received = _count(arcs.cell, taken, cells)
        in_lot = np.diff(arcs.lot_start)
        self.lot_left = (in_lot - np.array(_count(arcs.lot, taken, in_lot.size))).tolist()
        self.uses = [use.tolist() for use in limits.used_by]
        self.left = [
            (cap - np.array(_count(use[use >= 0], taken[use >= 0], cap.size))).tolist()
            for cap, use in zip(limits.cap, limits.used_by, strict=True)
        ]
        self.gain, self.gain_start = arcs.gain.value.tolist(), arcs.gain.start.tolist()
        self.loss, self.loss_start = arcs.loss.value.tolist(), arcs.loss.start.tolist()

    def worth(self, arc: int) -> float:
        """What one more copy along this arc would bring now; -inf when there is none to send."""
        here, there = self.here[arc], self.there[arc]
        up = self.gain_start[there] + self.received[there]
        down = self.loss_start[here] + self.sent[here]
        if up >= self.gain_start[there + 1] or down >= self.loss_start[here + 1]:
            return -math.inf
        return float(self.gain[up] - self.loss[down] - self.cost[arc])

    def take(self, arc: int) -> bool:
        """Send one more copy along this arc if every limit allows and it pays."""
        here, there, lot = self.here[arc], self.there[arc], self.lot[arc]
        if self.lot_left[lot] < 1 or self.received[here] or self.sent[there]:
            return False
        if self.worth(arc) <= EPSILON:
            return False
        limits = [(left, use[arc]) for left, use in zip(self.left, self.uses, strict=True)]
        if any(at >= 0 and left[at] < 1 for left, at in limits):
            return False
        for left, at in limits:
            if at >= 0:
                left[at] -= 1
        self.taken[arc] += 1
        self.lot_left[lot] -= 1
        self.sent[here] += 1
        self.received[there] += 1
        return True


def _count(at: IntArray, taken: IntArray, size: int) -> list[int]:
    counted: list[int] = np.bincount(at, taken, size).astype(np.int64).tolist()
    return counted


def worth(*, arcs: Arcs, taken: IntArray) -> float:
    """What these copies per arc are worth: gains and losses step by step, less the costs."""
    cells = arcs.gain.start.size - 1
    received = np.bincount(arcs.cell, taken, cells).astype(np.int64)
    sent = np.bincount(arcs.from_cell, taken, cells).astype(np.int64)
    up = _prefix(arcs.gain.value, arcs.gain.start, received)
    down = _prefix(arcs.loss.value, arcs.loss.start, sent)
    return up - down - float(arcs.cost @ taken)


def _prefix(value: FloatArray, start: IntArray, count: IntArray) -> float:
    total = np.append(0.0, np.cumsum(value))
    return float(np.sum(total[start[:-1] + count] - total[start[:-1]]))
