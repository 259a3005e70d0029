"""A night of a busy network: our plan against the rule a van driver would follow.

Both may use the same moves and limits. The rule goes title by title and, for each branch in need,
takes from the nearest branch that can spare a copy, as long as that pays and room is left. Branch
and leg limits are 40 % of what the rule would move without any, so they bind.
"""

import math
import time
from dataclasses import replace

import numpy as np

from circulation.domain.rebalancing.arcs import Arcs, candidate_arcs
from circulation.domain.rebalancing.price import Shelves, limits_of, worth
from circulation.domain.rebalancing.problem import (
    Branch,
    Demand,
    IntArray,
    Items,
    Owner,
    Problem,
    Route,
    Terms,
    assemble,
)
from circulation.domain.rebalancing.solve import solve

DESCRIPTION = "value of the plan / value of the nearest-surplus rule, under the same limits"
DEFAULT_SIZE = 10_000
UNIT = "titles"
SEED = 20261122
LIVE = 12  # branches where a title is asked for or stands


def run(*, size: int, **_: object) -> dict[str, float]:
    branches = 45 if size <= 50_000 else 200 if size <= 300_000 else 500
    problem = bound_by_limits(random_problem(titles=size, branches=branches))
    started = time.perf_counter()
    plan = solve(problem=problem, seed=SEED, time_limit_s=120)
    seconds = time.perf_counter() - started
    arcs = candidate_arcs(problem)
    rule = worth(arcs=arcs, taken=nearest_surplus(problem, arcs))
    ratio = plan.objective / rule
    return {
        "ratio": ratio,
        "value_ratio": ratio,
        "gap": plan.gap,
        "seconds": seconds,
        "value": plan.objective,
        "moves": len(plan.moves),
        "arcs": arcs.size,
        "branches": branches,
        "limits_hit": len(plan.flags),
    }


def nearest_surplus(problem: Problem, arcs: Arcs) -> IntArray:
    km = np.array([route.km for route in problem.routes])[arcs.route]
    shelves = Shelves(
        problem=problem,
        arcs=arcs,
        limits=limits_of(problem, arcs),
        taken=np.zeros(arcs.size, dtype=np.int64),
    )
    for arc in np.lexsort((km, arcs.cell)).tolist():  # cells are sorted by title
        while shelves.take(arc):
            pass
    return np.array(shelves.taken, dtype=np.int64)


def bound_by_limits(problem: Problem) -> Problem:
    """The same night with 40 % of the room that the rule would use if there were no end of it."""
    arcs = candidate_arcs(problem)
    limits = limits_of(problem, arcs)
    taken = nearest_surplus(problem, arcs)
    used = [
        np.bincount(use[use >= 0], taken[use >= 0], cap.size)
        for use, cap in zip(limits.used_by, limits.cap, strict=True)
    ]
    caps = [np.ceil(0.4 * one).astype(int).tolist() for one in used]
    return replace(
        problem,
        branches=tuple(
            replace(branch, outbound_cap=out, inbound_cap=into)
            for branch, out, into in zip(problem.branches, caps[0], caps[1], strict=True)
        ),
        routes=tuple(
            replace(route, capacity=max(1, lane))
            for route, lane in zip(problem.routes, caps[2], strict=True)
        ),
    )


def random_problem(*, titles: int, branches: int) -> Problem:
    """Popularity is heavy-tailed; copies stand where readers happened to return them."""
    rng = np.random.default_rng(SEED)
    place = rng.normal(0, 40, (branches, 2))  # km around the centre
    size = rng.lognormal(0, 0.8, branches)
    size /= size.sum()
    live = rng.permuted(np.tile(np.arange(branches), (titles, 1)), axis=1)[:, :LIVE]
    title = np.repeat(np.arange(titles), LIVE)
    branch = live.ravel()
    popularity = rng.lognormal(-0.6, 1.1, titles)  # readers a week in the whole network
    share = size[branch] * rng.gamma(2.0, 1.0, branch.size)
    share /= np.repeat(share.reshape(titles, LIVE).sum(axis=1), LIVE)
    per_week = popularity[title] * share
    copies = rng.poisson(np.repeat(popularity * 3.5 / LIVE, LIVE) + 0.15)
    at = np.repeat(np.arange(title.size), copies)
    order = np.lexsort((branch, title))
    terms = Terms()
    return assemble(
        terms=terms,
        branches=tuple(
            Branch(
                id=number,
                code=f"B{number}",
                agency=number % 22,
                shelf_capacity=None,
                shelf_count=0,
                outbound_cap=10**6,
                inbound_cap=10**6,
            )
            for number in range(branches)
        ),
        routes=tuple(
            Route(
                origin=a,
                destination=b,
                km=1.25 * math.dist(place[a], place[b]),
                capacity=10**6,
            )
            for a in range(branches)
            for b in range(branches)
            if a != b
        ),
        owners=tuple(Owner(id=number) for number in range(22)),
        demand=Demand(
            title=title[order],
            branch=branch[order],
            per_week=per_week[order],
            waiting=np.zeros(title.size, dtype=np.int64),
            expected=per_week[order] * terms.horizon_weeks,
        ),
        items=Items(
            item=np.arange(at.size),
            title=title[at],
            branch=branch[at],
            owner=rng.integers(0, 22, at.size),
            home=branch[at],
            is_movable=rng.random(at.size) < 0.7,
        ),
    )
