"""One night of rebalancing: shelves, legs, owners, demand, and what a copy is worth.

# Note [What the k-th copy is worth]
A copy is lent for weeks, so a shelf is a loss system: readers arrive as a Poisson stream of rate
lambda, each loan keeps one of the k copies away for a mean time T whatever its distribution, and a
reader who finds none is lost. The share of readers who find none is Erlang's loss formula
    B(0, a) = 1,    B(k, a) = a B(k-1, a) / (k + a B(k-1, a)),    a = lambda T
(A. K. Erlang 1917; valid for any loan-length distribution with mean T, B. A. Sevastyanov 1957).
So of D readers expected in the horizon, D (1 - B(k, a)) find a copy, and the k-th is worth
    v(k) = loan_value D (B(k-1, a) - B(k, a)).
B is convex in whole k (E. J. Messerli 1972), hence v falls with k. The w readers who already wait
are no stream: each takes one copy, worth waiting_value. k copies are shared between the two in the
best way, max over j <= w of waiting_value j + loan_value D (1 - B(k - j, a)): both kinds of steps
merged, highest first. So the value of a shelf is concave, the second copy never gains more than the
first, and the night's problem is a flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """How the past is weighed; `forecast` and `verify` both follow these numbers (RB-1)."""

    window_weeks: int = 26
    factor: float = 0.08  # weight of a week is (1 - factor) ** age
    title_prior_weeks: float = 8.0  # a title leans on its class as if seen this long
    branch_prior_weeks: float = 12.0  # a shelf leans on its title as if seen this long
    share_prior_loans: float = 50.0  # a branch's share of a class leans on its share of everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a plan is measured by. Money in CNY, time in weeks, distance in km."""

    horizon_weeks: float = 4.0
    loan_weeks: float = 3.5  # from leaving the shelf to being back on it
    loan_value: float = 10.0  # worth of one more expected reader who finds a copy
    waiting_value: float = 15.0  # … and of one who has asked and waits
    handling_cost: float = 1.5  # pick, scan, pack, unpack, shelve: one copy, both ends
    km_cost: float = 0.02  # one copy, one kilometre
    smoothing: Smoothing = field(default_factory=Smoothing)

    @property
    def least_useful_per_week(self) -> float:
        """Below this weekly demand not even a first copy pays for being handled."""
        return self.handling_cost / (self.loan_value * self.horizon_weeks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch tonight; `shelf_capacity` None means nobody stated one."""

    id: int
    code: str
    agency: int
    shelf_capacity: int | None
    shelf_count: int  # on the shelves now and on the way in
    outbound_cap: int  # copies its staff can pick tonight
    inbound_cap: int  # copies its staff can shelve

    @property
    def room(self) -> int:
        """Copies it can take in (RB-5). What leaves tonight frees no shelf yet."""
        if self.shelf_capacity is None:
            return self.inbound_cap
        return min(self.inbound_cap, max(0, self.shelf_capacity - self.shelf_count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A van leg that runs tonight, both ends open; `capacity` in copies."""

    origin: int
    destination: int
    km: float
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An owning agency; `outgoing_cap` None lets any number of its copies leave its branches."""

    id: int
    outgoing_cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """Expected readers for (title, branch) pairs, sorted by pair; parallel columns of ids."""

    title: IntArray
    branch: IntArray
    per_week: FloatArray
    waiting: IntArray  # requests in the queue, each a certain reader
    expected: FloatArray  # per_week over the horizon; the waiting come on top


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Items:
    """Copies and where each one is placed: on the shelf, lent from there, or on the way there."""

    item: IntArray
    title: IntArray
    branch: IntArray
    owner: IntArray
    home: IntArray
    is_movable: BoolArray  # on the shelf, free, lendable, not pinned (RB-4)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Each (title, branch) that has demand or stock, sorted; `branch` indexes Problem.branches."""

    title: IntArray
    branch: IntArray
    demand: FloatArray  # expected within the horizon, the waiting not counted
    waiting: IntArray
    stock: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copies:
    """Movable copies sorted by cell, owner, item; `cell`, `owner`, `home` are indexes."""

    item: IntArray
    cell: IntArray
    owner: IntArray
    home: IntArray  # -1 when home is no branch of this problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """One night. `blocked` holds (title, origin, destination) that a librarian vetoed (RB-9)."""

    terms: Terms
    branches: tuple[Branch, ...]
    routes: tuple[Route, ...]
    owners: tuple[Owner, ...]
    cells: Cells
    copies: Copies
    blocked: frozenset[tuple[int, int, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one move pays: `gain` - `loss` - `cost` is what it adds to the objective."""

    demand_there: float  # readers expected within the horizon
    demand_here: float
    stock_there: int  # before this move, counting the plan's earlier ones
    stock_here: int
    waiting_there: int
    gain: float
    loss: float
    cost: float
    km: float

    @property
    def benefit(self) -> float:
        return self.gain - self.loss - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    item: int
    title: int
    origin: int
    destination: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The chosen moves; no plan of this problem is worth more than `bound` (all in CNY)."""

    moves: tuple[Move, ...]
    objective: float
    bound: float
    flags: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """How far from the best possible it can be at most, as a share of the bound."""
        return max(0.0, self.bound - self.objective) / self.bound if self.bound > 0 else 0.0


def assemble(
    *,
    terms: Terms,
    branches: tuple[Branch, ...],
    routes: tuple[Route, ...],
    owners: tuple[Owner, ...],
    demand: Demand,
    items: Items,
    blocked: frozenset[tuple[int, int, int]] = frozenset(),
) -> Problem:
    """Join demand and copies into cells; rows of branches not in `branches` take no part."""
    branches = tuple(sorted(branches, key=lambda branch: branch.id))
    owners = tuple(sorted(owners, key=lambda owner: owner.id))
    ids = np.array([branch.id for branch in branches], dtype=np.int64)
    wanted = index_of(ids, demand.branch)
    placed = index_of(ids, items.branch)
    in_demand, in_items = wanted >= 0, placed >= 0
    title = np.concatenate([demand.title[in_demand], items.title[in_items]])
    branch = np.concatenate([wanted[in_demand], placed[in_items]])
    titles, title_at = np.unique(title, return_inverse=True)
    keys, cell_at = np.unique(title_at * len(branches) + branch, return_inverse=True)
    of_demand, of_items = np.split(cell_at, [int(in_demand.sum())])
    expected, waiting = np.zeros(keys.size), np.zeros(keys.size, dtype=np.int64)
    expected[of_demand] = demand.expected[in_demand]
    waiting[of_demand] = demand.waiting[in_demand]
    cells = Cells(
        title=titles[keys // max(1, len(branches))],
        branch=keys % max(1, len(branches)),
        demand=expected,
        waiting=waiting,
        stock=np.bincount(of_items, minlength=keys.size).astype(np.int64),
    )
    return Problem(
        terms=terms,
        branches=branches,
        routes=tuple(sorted(routes, key=lambda route: (route.origin, route.destination))),
        owners=owners,
        cells=cells,
        copies=_movable(items, in_items, of_items, ids, owners),
        blocked=blocked,
    )


def _movable(
    items: Items,
    in_items: BoolArray,
    cell: IntArray,
    branch_ids: IntArray,
    owners: tuple[Owner, ...],
) -> Copies:
    movable = items.is_movable[in_items]
    cell = cell[movable]
    item = items.item[in_items][movable]
    owner = index_of(
        np.array([owner.id for owner in owners], dtype=np.int64), items.owner[in_items][movable]
    )
    home = index_of(branch_ids, items.home[in_items][movable])
    known = owner >= 0
    cell, item, owner, home = cell[known], item[known], owner[known], home[known]
    order = np.lexsort((item, owner, cell))
    return Copies(item=item[order], cell=cell[order], owner=owner[order], home=home[order])


def index_of(ids: IntArray, values: IntArray) -> IntArray:
    """Where each value stands in sorted `ids`; -1 when it does not."""
    if ids.size == 0 or values.size == 0:
        return np.full(values.size, -1, dtype=np.int64)
    low, span = int(ids[0]), int(ids[-1]) - int(ids[0]) + 1
    if span <= 8 * ids.size + 1_000_000:  # dense ids: a table beats a search
        table = np.full(span, -1, dtype=np.int64)
        table[ids - low] = np.arange(ids.size)
        inside = (values >= low) & (values < low + span)
        return np.where(inside, table[np.where(inside, values - low, 0)], -1)
    at = np.minimum(np.searchsorted(ids, values), ids.size - 1)
    return np.where(ids[at] == values, at, -1).astype(np.int64)
