"""An independent check of a plan: from raw rows, in plain arithmetic, sharing no code with it.

Where the planner adds up marginal steps of arrays, this counts readers served before and after.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import ItemRow, MoveRow, Night

TOLERANCE = 1e-6  # relative: sums in another order differ in the last digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule the plan breaks: `code`, the rule it belongs to, and what it is about."""

    code: str
    rule: str
    params: tuple[tuple[str, int | float | str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the moves are really worth (CNY), and everything wrong with them."""

    objective: float
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        return not self.violations


def verify(
    *,
    night: Night,
    moves: Sequence[MoveRow],
    objective: float | None = None,
    bound: float | None = None,
) -> Verdict:
    """Recompute worth and limits of `moves`; check the claimed `objective` and `bound` if given."""
    check = _Check(night=night)
    known = [move for move in moves if check.move(move)]
    check.repeats(moves)
    check.limits(known)
    check.one_way(known)
    worth = _worth(night, known, check.items)
    slack = TOLERANCE * max(1.0, abs(worth))
    if worth < -slack:
        check.say("worse_than_nothing", "RB-8", objective=worth)
    if objective is not None and abs(objective - worth) > slack:
        check.say("objective_differs", "RB-8", claimed=objective, found=worth)
    if bound is not None and bound < worth - slack:
        check.say("bound_too_low", "RB-8", claimed=bound, found=worth)
    return Verdict(objective=worth, violations=tuple(check.found))


@dataclass(slots=True, kw_only=True)
class _Check:
    """Collects violations; nothing here decides anything."""

    night: Night
    found: list[Violation] = field(default_factory=list)
    items: dict[int, ItemRow] = field(init=False)
    legs: dict[tuple[int, int], int] = field(init=False)
    open_branches: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.items = {row.item: row for row in self.night.items}
        self.open_branches = {row.branch for row in self.night.branches if row.is_open}
        weekday = self.night.date.isoweekday()
        self.legs = {
            (row.origin, row.destination): row.capacity - row.booked
            for row in self.night.routes
            if str(weekday) in row.weekdays
        }

    def say(self, code: str, rule: str, **params: float | str) -> None:
        self.found.append(Violation(code=code, rule=rule, params=tuple(sorted(params.items()))))

    def move(self, move: MoveRow) -> bool:
        """Check one move on its own; False when its copy or a branch is unknown."""
        row = self.items.get(move.item)
        if row is None:
            self.say("unknown_item", "RB-4", item=move.item)
            return False
        if not {move.origin, move.destination} <= self.open_branches:
            self.say("branch_closed", "RB-5", item=move.item)
            return False
        if row.branch != move.origin or row.bound_for is not None:
            self.say("item_is_elsewhere", "RB-4", item=move.item, branch=move.origin)
        is_idle = row.status == "available" and row.is_lendable
        if not is_idle or row.is_promised or row.is_pinned:
            self.say("item_not_free", "RB-4", item=move.item, status=row.status)
        if (move.origin, move.destination) not in self.legs or move.origin == move.destination:
            self.say("no_route_tonight", "RB-5", origin=move.origin, destination=move.destination)
            return False
        if (row.title, move.origin, move.destination) in self.night.blocked:
            self.say("vetoed", "RB-9", item=move.item)
        return True

    def repeats(self, moves: Sequence[MoveRow]) -> None:
        for item, times in Counter(move.item for move in moves).items():
            if times > 1:
                self.say("item_moved_twice", "RB-4", item=item)

    def limits(self, moves: list[MoveRow]) -> None:
        """RB-5, RB-6: picks, arrivals, shelves, legs, and what owners let out."""
        out = Counter(move.origin for move in moves)
        into = Counter(move.destination for move in moves)
        standing = self._standing()
        for branch in self.night.branches:
            shelf, arriving = branch.shelf_capacity, into[branch.branch]
            if out[branch.branch] > branch.outbound_cap:
                self.say("too_many_out", "RB-5", branch=branch.branch)
            if arriving > branch.inbound_cap:
                self.say("too_many_in", "RB-5", branch=branch.branch)
            if shelf and arriving and standing[branch.branch] + arriving > shelf:
                self.say("shelf_full", "RB-5", branch=branch.branch)
        for leg, count in Counter((move.origin, move.destination) for move in moves).items():
            if count > self.legs[leg]:
                self.say("leg_full", "RB-5", origin=leg[0], destination=leg[1])
        self._owners(moves)

    def _standing(self) -> Counter[int]:
        """Copies on the shelves of each branch or on their way to them."""
        here = {"available", "on_hold_shelf", "reshelving"}
        return Counter(
            row.branch if row.bound_for is None else row.bound_for
            for row in self.items.values()
            if row.bound_for is not None or row.status in here
        )

    def _owners(self, moves: list[MoveRow]) -> None:
        agency = {row.branch: row.agency for row in self.night.branches}
        leaving: Counter[int] = Counter()
        for move in moves:
            owner = self.items[move.item].owner
            if agency[move.origin] == owner and agency[move.destination] != owner:
                leaving[owner] += 1
        caps = {row.owner: row.outgoing_cap for row in self.night.owners}
        for owner, count in leaving.items():
            cap = caps.get(owner, 0)
            if cap is not None and count > cap:
                self.say("owner_cap_exceeded", "RB-6", owner=owner, cap=cap, count=count)

    def one_way(self, moves: list[MoveRow]) -> None:
        """RB-7: a branch does not send and receive one title on the same night."""
        sent = {(self.items[move.item].title, move.origin) for move in moves}
        received = {(self.items[move.item].title, move.destination) for move in moves}
        for title, branch in sorted(sent & received):
            self.say("sent_and_received", "RB-7", title=title, branch=branch)


def _worth(night: Night, moves: list[MoveRow], items: dict[int, ItemRow]) -> float:
    """Readers served after the moves less readers served before, in money, less the costs."""
    terms = night.terms
    change: Counter[tuple[int, int]] = Counter()
    cost = []
    km = {(row.origin, row.destination): row.km for row in night.routes}
    for move in moves:
        title = items[move.item].title
        change[title, move.origin] -= 1
        change[title, move.destination] += 1
        cost.append(terms.handling_cost + terms.km_cost * km[move.origin, move.destination])
    touched = sorted(change)
    wanted = _demand(night, touched)
    stock = _stock(night, set(touched))
    waiting = Counter((row.title, row.branch) for row in night.requests)
    gains = []
    for pair in touched:
        before, after = stock[pair], stock[pair] + change[pair]
        gains += [
            _shelf(terms, wanted[pair], waiting[pair], after),
            -_shelf(terms, wanted[pair], waiting[pair], before),
        ]
    return math.fsum(gains) - math.fsum(cost)


def _shelf(terms: Terms, wanted: float, waiting: int, copies: int) -> float:
    """What so many copies are worth: some for those who wait, the rest for those who may come."""
    load = wanted / terms.horizon_weeks * terms.loan_weeks
    return max(
        terms.waiting_value * given + terms.loan_value * wanted * _served(load, copies - given)
        for given in range(min(waiting, max(0, copies)) + 1)
    )


def _served(load: float, copies: int) -> float:
    """Share of readers who find a copy: 1 - (a^k / k!) / sum of a^j / j! (RB-8)."""
    if copies <= 0:
        return 0.0
    if load <= 0.0:
        return 1.0
    logs = [j * math.log(load) - math.lgamma(j + 1) for j in range(copies + 1)]
    top = max(logs)
    return 1.0 - math.exp(logs[-1] - top) / math.fsum(math.exp(one - top) for one in logs)


def _stock(night: Night, pairs: set[tuple[int, int]]) -> Counter[tuple[int, int]]:
    """RB-3: copies readers of a branch can count on, now or when they come back."""
    counted = {"available", "on_loan", "on_hold_shelf", "reshelving", "in_transit"}
    stock: Counter[tuple[int, int]] = Counter()
    for row in night.items:
        place = row.branch if row.bound_for is None else row.bound_for
        if row.status in counted and (row.title, place) in pairs:
            stock[row.title, place] += 1
    return stock


def _demand(night: Night, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """RB-1 once more, loan by loan, for these pairs only."""
    rules, classes = night.terms.smoothing, night.classes
    keep = 1.0 - rules.factor
    seen_weeks = math.fsum(keep**week for week in range(rules.window_weeks))
    titles, groups = {title for title, _ in pairs}, Counter(classes.values())
    places: defaultdict[int, float] = defaultdict(float)
    of_pair: defaultdict[tuple[int, int], float] = defaultdict(float)
    of_title: defaultdict[int, float] = defaultdict(float)
    of_class: defaultdict[int, float] = defaultdict(float)
    of_both: defaultdict[tuple[int, int], float] = defaultdict(float)
    for loan in night.loans:
        week = (night.date - loan.day).days // 7
        if not 0 <= week < rules.window_weeks or loan.title not in classes:
            continue
        weight = keep**week
        places[loan.branch] += weight
        of_class[classes[loan.title]] += weight
        of_both[classes[loan.title], loan.branch] += weight
        if loan.title in titles:
            of_title[loan.title] += weight
            of_pair[loan.title, loan.branch] += weight
    total = math.fsum(places.values())
    found = {}
    for title, branch in pairs:
        group = classes[title]
        in_class = of_class[group] / (seen_weeks * groups[group])
        lean = rules.title_prior_weeks
        title_rate = (of_title[title] + lean * in_class) / (seen_weeks + lean)
        lean = rules.share_prior_loans
        overall = places[branch] / total if total else 0.0
        share = (of_both[group, branch] + lean * overall) / (of_class[group] + lean)
        lean = rules.branch_prior_weeks
        weekly = (of_pair[title, branch] + lean * title_rate * share) / (seen_weeks + lean)
        found[title, branch] = weekly * night.terms.horizon_weeks
    return found
