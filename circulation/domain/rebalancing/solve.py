"""The night's best moves, how good they provably are, and why each one is made."""

from __future__ import annotations

from functools import partial

import numpy as np

from circulation.domain.rebalancing.arcs import Arcs, candidate_arcs
from circulation.domain.rebalancing.flow import WHOLE, Budget, Halves, both_ways, solve_flow
from circulation.domain.rebalancing.price import Limits, fill, limits_of, price, worth
from circulation.domain.rebalancing.problem import IntArray, Move, Plan, Problem, Reason

EXACT_ARCS = 150_000  # beyond this HiGHS takes minutes; prices and their bound stand alone
PROVEN = 1e-7  # relative: a bound so close proves the plan best, but for rounding
SMALL_ARCS = 20_000  # up to this many solved until nothing better is possible …
NEAR = 1e-4  # … beyond it until so close to the bound (relative): certified, and said by the gap
SIMPLEX_STEPS = 10_000  # per unit of the iteration budget


def solve(
    *, problem: Problem, seed: int, iterations: int = 200, time_limit_s: float | None = None
) -> Plan:
    """The plan of the highest worth within the limits (RB-4 … RB-9), with a certified bound.

    First prices (`iterations` rounds) and the best paying moves give a plan and a bound; then
    HiGHS looks for the exact optimum (of very large nights: to 0.01 %) on a budget of
    `iterations` x 10,000 simplex steps and `iterations` branch-and-bound nodes. The same problem,
    seed and iterations give the same plan; a `time_limit_s` can break that, so a limit that was
    hit is flagged. Never worse than no moves.
    """
    arcs = candidate_arcs(problem)
    if arcs.size == 0:
        return Plan(moves=(), objective=0.0, bound=0.0)
    limits = limits_of(problem, arcs)
    nothing = np.zeros(arcs.size, dtype=np.int64)
    first = fill(problem=problem, arcs=arcs, limits=limits, toll=np.zeros(arcs.size), start=nothing)
    priced = price(arcs=arcs, limits=limits, floor=worth(arcs=arcs, taken=first), rounds=iterations)
    again = fill(problem=problem, arcs=arcs, limits=limits, toll=priced.toll, start=nothing)
    plans, bound = [again, first], priced.bound
    flags: tuple[str, ...] = ("priced",)  # by prices alone, not solved to the end
    if arcs.size <= EXACT_ARCS:
        flow = solve_flow(
            arcs=arcs,
            limits=limits,
            budget=_budget(arcs, seed, iterations, time_limit_s),
            round_up=partial(_whole, problem=problem, arcs=arcs, limits=limits),
        )
        plans = plans if flow.copies is None else [flow.copies, *plans]
        bound, flags = min(flow.bound, bound), flow.flags
    taken = max(plans, key=lambda plan: worth(arcs=arcs, taken=plan))
    objective = worth(arcs=arcs, taken=taken)
    return Plan(
        moves=_moves(problem, arcs, taken),
        objective=objective,
        bound=objective if bound - objective < PROVEN * max(1.0, objective) else bound,
        flags=flags,
    )


def _budget(arcs: Arcs, seed: int, iterations: int, time_limit_s: float | None) -> Budget:
    return Budget(
        seed=seed,
        simplex_steps=SIMPLEX_STEPS * iterations,
        nodes=iterations,
        near=0.0 if arcs.size <= SMALL_ARCS else NEAR,
        time_limit_s=time_limit_s,
    )


def _whole(halves: Halves, *, problem: Problem, arcs: Arcs, limits: Limits) -> IntArray:
    """What is whole in a linear optimum, filled up by its prices with what the halves left over."""
    start = np.floor(halves.along + WHOLE).astype(np.int64)
    if both_ways(arcs, start).size:
        start = np.zeros(arcs.size, dtype=np.int64)
    return fill(problem=problem, arcs=arcs, limits=limits, toll=halves.toll, start=start)


def _moves(problem: Problem, arcs: Arcs, taken: IntArray) -> tuple[Move, ...]:
    """Name the copy for each unit, in a fixed order, and say what it adds where it goes.

    A copy whose home is the destination goes first; then the lowest number. The gains and losses
    of a cell are dealt out step by step, so the benefits of all moves add up to the objective.
    """
    free = {
        int(lot): list(range(int(arcs.lot_start[lot]), int(arcs.lot_start[lot + 1])))
        for lot in np.unique(arcs.lot[taken > 0])
    }
    chosen: list[tuple[int, int]] = []
    for arc in np.flatnonzero(taken > 0).tolist():
        destination = int(problem.cells.branch[arcs.cell[arc]])
        waiting = free[int(arcs.lot[arc])]
        waiting.sort(
            key=lambda copy, to=destination: (  # type: ignore[misc]
                problem.copies.home[copy] != to,
                problem.copies.item[copy],
            )
        )
        picked, free[int(arcs.lot[arc])] = waiting[: taken[arc]], waiting[taken[arc] :]
        chosen += [(arc, copy) for copy in picked]
    from_cell = arcs.from_cell
    sent: dict[int, int] = {}
    received: dict[int, int] = {}
    moves = []
    for arc, copy in chosen:
        here, there = int(from_cell[arc]), int(arcs.cell[arc])
        steps = sent.get(here, 0), received.get(there, 0)
        reason = _reason(problem, arcs, arc, here, steps)
        sent[here], received[there] = sent.get(here, 0) + 1, received.get(there, 0) + 1
        moves.append(
            Move(
                item=int(problem.copies.item[copy]),
                title=int(problem.cells.title[here]),
                origin=problem.branches[int(problem.cells.branch[here])].id,
                destination=problem.branches[int(problem.cells.branch[there])].id,
                reason=reason,
            )
        )
    return tuple(moves)


def _reason(problem: Problem, arcs: Arcs, arc: int, here: int, steps: tuple[int, int]) -> Reason:
    cells, (sent, received) = problem.cells, steps
    there = int(arcs.cell[arc])
    return Reason(
        demand_there=float(cells.demand[there]),
        demand_here=float(cells.demand[here]),
        stock_there=int(cells.stock[there]) + received,
        stock_here=int(cells.stock[here]) - sent,
        waiting_there=int(cells.waiting[there]),
        gain=float(arcs.gain.value[arcs.gain.start[there] + received]),
        loss=float(arcs.loss.value[arcs.loss.start[here] + sent]),
        cost=float(arcs.cost[arc]),
        km=problem.routes[int(arcs.route[arc])].km,
    )
