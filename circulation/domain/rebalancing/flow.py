"""The night as a linear programme for HiGHS: copies flow along arcs from shelf to shelf.

# Note [Why this is nearly a network]
Per title, copies leave cells whose steps of loss rise and enter cells whose steps of gain fall; a
branch's outbound and inbound limits nest over titles, so with those alone the matrix is a network
and the linear optimum is whole. Limits on legs and on owners couple titles across that nesting and
can leave halves; then the same model is solved again with whole copies (branch and bound).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from circulation.domain.rebalancing.arcs import Arcs, Steps
from circulation.domain.rebalancing.price import Limits, worth
from circulation.domain.rebalancing.problem import BoolArray, FloatArray, IntArray

SIMPLEX_ARCS = 20_000  # beyond this the interior point method is quicker
FIRST_LIMIT = 3  # blocks of rows before those of the limits: two balances and the lots
WHOLE = 1e-6  # how far from a whole copy still counts as whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much work HiGHS may do; `time_limit_s` None is the reproducible way."""

    seed: int
    simplex_steps: int
    nodes: int
    near: float  # relative gap that is good enough
    time_limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Copies per arc (None when HiGHS found no whole plan), and what it proved."""

    copies: IntArray | None
    bound: float
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Halves:
    """A linear optimum that is not whole: copies per arc, and what limits cost each arc in it."""

    along: FloatArray
    toll: FloatArray
    bound: float


# Makes a whole plan from halves: what is whole in them, filled up.
Round = Callable[[Halves], IntArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """A block of constraints: entry (row, column, factor), and each row's limits."""

    row: IntArray
    column: IntArray
    factor: FloatArray
    lower: FloatArray
    upper: FloatArray


def solve_flow(*, arcs: Arcs, limits: Limits, budget: Budget, round_up: Round) -> Flow:
    """The best plan, exactly, unless the budget runs out first (said in `flags`).

    Linear first; where that leaves halves, `round_up` makes them whole, and unless that is within
    `budget.near` (relative) of the linear bound, branch and bound goes on. A cell that would both
    send and receive (RB-7) gets a yes/no column and the model is solved again; such cells are
    rare, so almost no night pays for the rule.
    """
    torn: IntArray = np.zeros(0, dtype=np.int64)
    while True:
        flow = _Night(arcs, limits, torn, budget).solve(round_up)
        if flow.copies is None:
            return flow
        both = both_ways(arcs, flow.copies)
        if both.size == 0:
            return flow
        torn = np.union1d(torn, both)


def both_ways(arcs: Arcs, copies: IntArray) -> IntArray:
    """Cells that send and receive in the same plan."""
    return np.intersect1d(arcs.from_cell[copies > 0], arcs.cell[copies > 0])


class _Night:
    """One model with HiGHS."""

    def __init__(self, arcs: Arcs, limits: Limits, torn: IntArray, budget: Budget) -> None:
        self.arcs, self.limits, self.torn = arcs, limits, torn
        self.budget = budget
        self.model, self.blocks = _model(arcs, limits, torn)
        self.solver = _solver(budget, is_large=arcs.size > SIMPLEX_ARCS)
        self.solver.passModel(self.model)

    def solve(self, round_up: Round) -> Flow:
        self.solver.run()
        status = self.solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            return Flow(copies=None, bound=np.inf, flags=(_flag(status),))
        bound = -self.solver.getInfo().objective_function_value
        along = np.array(self.solver.getSolution().col_value)[: self.arcs.size]
        is_whole = np.all(np.abs(along - np.round(along)) < WHOLE)
        if is_whole and self.torn.size == 0:
            return Flow(copies=np.round(along).astype(np.int64), bound=bound)
        rounded = round_up(Halves(along=along, toll=self._tolls(), bound=bound))
        if worth(arcs=self.arcs, taken=rounded) >= bound * (1 - self.budget.near):
            return Flow(copies=rounded, bound=bound)
        return self._branch_and_bound(rounded, bound)

    def _branch_and_bound(self, rounded: IntArray, bound: float) -> Flow:
        """Whole copies and yes/no columns, starting from the plan that is there."""
        whole = np.append(np.arange(self.arcs.size), self._yes_no()).astype(np.int32)
        kinds = np.full(whole.size, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        self.solver.changeColsIntegrality(whole.size, whole, kinds)
        self.solver.run()
        status, info = self.solver.getModelStatus(), self.solver.getInfo()
        has_plan = info.primal_solution_status == int(
            highspy.SolutionStatus.kSolutionStatusFeasible
        )
        found = rounded
        if has_plan:
            values = np.array(self.solver.getSolution().col_value)[: self.arcs.size]
            found = np.round(values).astype(np.int64)
            found = max((found, rounded), key=lambda plan: worth(arcs=self.arcs, taken=plan))
        is_optimal = status == highspy.HighsModelStatus.kOptimal
        return Flow(
            copies=found,
            bound=min(bound, -info.mip_dual_bound),
            flags=() if is_optimal else (_flag(status),),
        )

    def _yes_no(self) -> IntArray:
        return np.arange(self.model.num_col_ - self.torn.size, self.model.num_col_)

    def _tolls(self) -> FloatArray:
        """What each arc pays for the limits it uses, by the dual values of their rows."""
        dual = -np.array(self.solver.getSolution().row_dual)
        toll = np.zeros(self.arcs.size)
        start = 0
        for number, block in enumerate(self.blocks):
            if FIRST_LIMIT <= number < FIRST_LIMIT + len(self.limits.cap):
                toll += np.bincount(block.column, dual[start + block.row], self.arcs.size)
            start += block.lower.size
        return toll


def _flag(status: highspy.HighsModelStatus) -> str:
    names = {
        highspy.HighsModelStatus.kTimeLimit: "time_limit",
        highspy.HighsModelStatus.kIterationLimit: "iteration_limit",
        highspy.HighsModelStatus.kSolutionLimit: "iteration_limit",
    }
    return names.get(status, "solver_stopped")


def _solver(budget: Budget, *, is_large: bool) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "solver": "ipm" if is_large else "simplex",
        "random_seed": budget.seed % 2_147_483_647,
        "simplex_iteration_limit": budget.simplex_steps,
        "mip_max_nodes": budget.nodes,
        "mip_rel_gap": budget.near,
        "mip_abs_gap": 1e-6,
    }
    if budget.time_limit_s is not None:
        options["time_limit"] = budget.time_limit_s
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def _model(arcs: Arcs, limits: Limits, torn: IntArray) -> tuple[highspy.HighsLp, list[_Rows]]:
    """Columns: arcs, then steps of loss, then steps of gain, then one yes/no per torn cell."""
    losing, gaining = _used(arcs.loss, arcs.from_cell), _used(arcs.gain, arcs.cell)
    first_gain = arcs.size + losing.size
    first_torn = first_gain + gaining.size
    column_count = first_torn + torn.size
    in_lot = np.diff(arcs.lot_start)
    blocks = [
        _balance(arcs.from_cell, arcs.loss, losing, arcs.size),
        _balance(arcs.cell, arcs.gain, gaining, first_gain),
        _at_most(arcs.lot, in_lot.astype(np.float64), np.ones(arcs.size, dtype=np.bool_)),
        *(
            _at_most(use, cap, use >= 0)
            for use, cap in zip(limits.used_by, limits.cap, strict=True)
        ),
        *_one_way(arcs, torn, first_torn),
    ]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = column_count, sum(block.lower.size for block in blocks)
    lp.col_cost_ = np.concatenate(
        [arcs.cost, arcs.loss.value[losing], -arcs.gain.value[gaining], np.zeros(torn.size)]
    )
    lp.col_lower_ = np.zeros(column_count)
    lp.col_upper_ = np.concatenate([in_lot[arcs.lot], np.ones(column_count - arcs.size)])
    lp.row_lower_ = np.concatenate([block.lower for block in blocks])
    lp.row_upper_ = np.concatenate([block.upper for block in blocks])
    _fill_matrix(lp, blocks)
    return lp, blocks


def _fill_matrix(lp: highspy.HighsLp, blocks: list[_Rows]) -> None:
    """Sort the entries of all blocks by column, as HiGHS wants them."""
    offset = np.cumsum([0, *(block.lower.size for block in blocks)])
    row = np.concatenate([block.row + at for block, at in zip(blocks, offset, strict=False)])
    column = np.concatenate([block.column for block in blocks])
    factor = np.concatenate([block.factor for block in blocks])
    order = np.lexsort((row, column))
    start = np.zeros(lp.num_col_ + 1, dtype=np.int64)
    np.cumsum(np.bincount(column, minlength=lp.num_col_), out=start[1:])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = start
    lp.a_matrix_.index_ = row[order]
    lp.a_matrix_.value_ = factor[order]


def _used(steps: Steps, cell: IntArray) -> IntArray:
    """The steps of the cells that have an arc."""
    return np.flatnonzero(np.isin(steps.cell(), cell))


def _balance(cell: IntArray, steps: Steps, used: IntArray, first_step: int) -> _Rows:
    """Copies along a cell's arcs equal the steps it goes."""
    cells = np.unique(cell)
    row = np.concatenate([np.searchsorted(cells, cell), np.searchsorted(cells, steps.cell()[used])])
    zeros = np.zeros(cells.size)
    return _Rows(
        row=row,
        column=np.concatenate([np.arange(cell.size), first_step + np.arange(used.size)]),
        factor=np.concatenate([np.ones(cell.size), -np.ones(used.size)]),
        lower=zeros,
        upper=zeros,
    )


def _at_most(group: IntArray, cap: FloatArray, counts: BoolArray) -> _Rows:
    """Copies along the arcs of a group stay within its cap; groups that cannot exceed it go."""
    column = np.flatnonzero(counts)
    used, row = np.unique(group[column], return_inverse=True)
    return _Rows(
        row=row.astype(np.int64),
        column=column,
        factor=np.ones(column.size),
        lower=np.full(used.size, -highspy.kHighsInf),
        upper=cap[used],
    )


def _one_way(arcs: Arcs, torn: IntArray, first_torn: int) -> list[_Rows]:
    """RB-7 where it is needed: out <= most z and in <= most (1 - z), z yes or no."""
    blocks = []
    for cell, steps, sign in ((arcs.from_cell, arcs.loss, 1.0), (arcs.cell, arcs.gain, -1.0)):
        column = np.flatnonzero(np.isin(cell, torn))
        most = steps.count()[torn].astype(np.float64)
        blocks.append(
            _Rows(
                row=np.concatenate([np.searchsorted(torn, cell[column]), np.arange(torn.size)]),
                column=np.concatenate([column, first_torn + np.arange(torn.size)]),
                factor=np.concatenate([np.ones(column.size), -sign * most]),
                lower=np.full(torn.size, -highspy.kHighsInf),
                upper=most * (sign < 0),
            )
        )
    return blocks
