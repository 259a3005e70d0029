"""The best assignment of free copies to waiting requests, by HiGHS.

# Note [A flow with two kinds of side rows]
Requests and copies with at most one partner each are a bipartite flow of least cost, whose linear
optimum is whole. The room of vans and owners ties titles together, and fairness ties the readers
of one title (Note [What fair means here]); those rows can leave halves, so the columns are yes/no
and HiGHS branches where it must. The linear optimum is whole on nearly every real night.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np

from circulation.domain.allocation.problem import Option, Problem

SEED: Final = 1
MOST_NODES: Final = 10_000
YES: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    chosen: tuple[Option, ...]  # by request
    worth: float
    flags: tuple[str, ...] = ()  # why it may not be the best: a limit of the solver was hit


@dataclass(slots=True)
class _Row:
    """At most ``most``: the plus columns less the minus columns."""

    plus: list[int]
    minus: list[int]
    most: float


def allocate(problem: Problem, *, time_limit_s: float | None = None) -> Allocation:
    """The assignment of the highest worth that is fair and finds room; RQ-15.

    The same problem gives the same answer; a ``time_limit_s`` that is hit is flagged.
    """
    options = problem.options
    if not options:
        return Allocation(chosen=(), worth=0.0)
    solver = _solver(time_limit_s)
    solver.passModel(_model(options, [*_partners(options), *_fair(options), *_room(problem)]))
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()
    if info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        return Allocation(chosen=(), worth=0.0, flags=("solver_stopped",))
    values = solver.getSolution().col_value
    chosen = sorted(
        (option for option, value in zip(options, values, strict=True) if value > YES),
        key=lambda option: option.request,
    )
    return Allocation(
        chosen=tuple(chosen),
        worth=sum(option.worth for option in chosen),
        flags=() if status == highspy.HighsModelStatus.kOptimal else ("stopped_early",),
    )


def _partners(options: tuple[Option, ...]) -> Iterable[_Row]:
    """One copy a request, one request a copy."""
    by_request: dict[int, list[int]] = {}
    by_copy: dict[int, list[int]] = {}
    for column, option in enumerate(options):
        by_request.setdefault(option.request, []).append(column)
        by_copy.setdefault(option.item, []).append(column)
    for columns in (*by_request.values(), *by_copy.values()):
        if len(columns) > 1:
            yield _Row(columns, [], 1.0)


def _fair(options: tuple[Option, ...]) -> Iterable[_Row]:
    """A later reader takes a copy only when each earlier one is served no later than by it."""
    by_copy: dict[int, list[int]] = {}
    by_request: dict[int, list[int]] = {}
    for column, option in enumerate(options):
        by_copy.setdefault(option.item, []).append(column)
        by_request.setdefault(option.request, []).append(column)
    for columns in by_copy.values():
        columns.sort(key=lambda column: options[column].request)
        for place, later in enumerate(columns):
            for earlier in columns[:place]:
                envied = options[earlier]
                content = [
                    column
                    for column in by_request[envied.request]
                    if options[column].days <= envied.days and column != earlier
                ]
                # Taking this very copy contents the earlier one too, but then the later cannot.
                yield _Row([later], content, 0.0)


def _room(problem: Problem) -> Iterable[_Row]:
    by_leg: dict[tuple[int, int], list[int]] = {}
    by_owner: dict[int, list[int]] = {}
    for column, option in enumerate(problem.options):
        if option.leg is not None:
            by_leg.setdefault(option.leg, []).append(column)
        if option.leaves is not None:
            by_owner.setdefault(option.leaves, []).append(column)
    for leg, columns in by_leg.items():
        room = problem.leg_room.get(leg)
        if room is not None and room < len(columns):
            yield _Row(columns, [], float(max(room, 0)))
    for owner, columns in by_owner.items():
        room = problem.owner_room.get(owner)
        if room is not None and room < len(columns):
            yield _Row(columns, [], float(max(room, 0)))


def _solver(time_limit_s: float | None) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings: dict[str, bool | int | float] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": SEED,
        "mip_max_nodes": MOST_NODES,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-6,
    }
    if time_limit_s is not None:
        settings["time_limit"] = time_limit_s
    for name, value in settings.items():
        solver.setOptionValue(name, value)
    return solver


def _model(options: tuple[Option, ...], rows: list[_Row]) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(options), len(rows)
    lp.col_cost_ = np.array([-option.worth for option in options])
    lp.col_lower_, lp.col_upper_ = np.zeros(len(options)), np.ones(len(options))
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(options)
    lp.row_lower_ = np.full(len(rows), -highspy.kHighsInf)
    lp.row_upper_ = np.array([row.most for row in rows])
    index: list[int] = []
    value: list[float] = []
    start = [0]
    for row in rows:
        index += [*row.plus, *row.minus]
        value += [1.0] * len(row.plus) + [-1.0] * len(row.minus)
        start.append(len(index))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(start, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(index, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(value, dtype=np.float64)
    return lp
