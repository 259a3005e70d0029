"""The plan against every other plan, against nothing, and against itself."""

import math
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given

from circulation.domain.rebalancing.arcs import candidate_arcs
from circulation.domain.rebalancing.prepare import prepare
from circulation.domain.rebalancing.price import limits_of, price
from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import MoveRow, Night, OwnerRow, RequestRow
from circulation.domain.rebalancing.solve import solve
from circulation.domain.rebalancing.verify import verify
from tests.circulation.domain.rebalancing.nights import (
    DEYANG,
    JINJIANG,
    OWNER_D,
    OWNER_J,
    OWNER_Z,
    ZIYANG,
    branch,
    copy,
    lent,
    move_rows,
    plain_night,
    random_night,
    route,
    tiny_nights,
)


def best_by_brute_force(night: Night) -> float:
    """Try every way to send every copy anywhere; keep what the verifier finds lawful."""
    best = 0.0
    places = [row.branch for row in night.branches]
    idle = [row for row in night.items if row.status == "available"]
    for ends in product([None, *places], repeat=len(idle)):
        moves = [
            MoveRow(row.item, row.branch, end)
            for row, end in zip(idle, ends, strict=True)
            if end is not None
        ]
        if any(move.origin == move.destination for move in moves):
            continue
        verdict = verify(night=night, moves=moves)
        if all(one.code == "worse_than_nothing" for one in verdict.violations):
            best = max(best, verdict.objective)
    return best


@given(night=tiny_nights())
def test_plan_equals_brute_force_on_tiny_nights(night: Night) -> None:
    """RB-8: no lawful set of moves is worth more than the plan's."""
    plan = solve(problem=prepare(night=night), seed=1)

    verdict = verify(night=night, moves=move_rows(plan), objective=plan.objective)
    assert verdict.violations == ()
    assert math.isclose(plan.objective, best_by_brute_force(night), abs_tol=1e-6)
    assert plan.gap < 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_verifier_agrees_with_the_plan_on_random_nights(seed: int) -> None:
    """RB-4, RB-5, RB-6, RB-7, RB-8 all at once, with closed branches and booked legs."""
    night = random_night(seed=seed)

    plan = solve(problem=prepare(night=night), seed=seed)

    verdict = verify(night=night, moves=move_rows(plan), objective=plan.objective, bound=plan.bound)
    assert verdict.violations == ()
    assert plan.moves
    assert plan.objective > 0
    assert plan.gap <= 1e-6


def test_same_seed_gives_the_same_plan() -> None:
    night = random_night(seed=3)

    plans = [solve(problem=prepare(night=night), seed=9) for _ in range(2)]

    assert plans[0] == plans[1]


def test_benefits_of_the_moves_add_up_to_the_objective() -> None:
    plan = solve(problem=prepare(night=random_night(seed=5)), seed=1)

    assert math.isclose(sum(move.reason.benefit for move in plan.moves), plan.objective)


def test_idle_copies_go_where_readers_ask_and_say_why() -> None:
    """RB-8: the second copy gains less than the first; both say what they were weighed by."""
    plan = solve(problem=prepare(night=plain_night()), seed=1)

    assert {(move.origin, move.destination) for move in plan.moves} == {(JINJIANG, ZIYANG)}
    assert [move.item for move in plan.moves] == [101, 102, 103, 104]
    reasons = [move.reason for move in plan.moves]
    assert [reason.stock_there for reason in reasons] == list(range(len(reasons)))
    assert [reason.stock_here for reason in reasons] == [4 - n for n in range(len(reasons))]
    assert reasons[0].demand_there > reasons[0].demand_here
    gains = [reason.gain for reason in reasons]
    assert gains == sorted(gains, reverse=True)
    assert len(set(gains)) == len(gains)


def test_first_copy_is_worth_what_erlang_says() -> None:
    """RB-8, by hand: D readers at load a = D x 3.5 / 4 meet D (1 - a / (1 + a)) loans."""
    plan = solve(problem=prepare(night=plain_night()), seed=1)

    reason = plan.moves[0].reason
    load = reason.demand_there * 3.5 / 4
    assert math.isclose(reason.gain, 10 * reason.demand_there * (1 - load / (1 + load)))
    assert math.isclose(reason.cost, 1.5 + 0.02 * 20)


def test_a_waiting_reader_is_a_certain_reader() -> None:
    """RB-2: one request where nobody ever borrowed is enough for a copy to travel."""
    night = plain_night(loans=[], requests=[RequestRow(7, DEYANG)])

    plan = solve(problem=prepare(night=night), seed=1)

    assert [move.destination for move in plan.moves] == [DEYANG]
    assert plan.moves[0].reason.waiting_there == 1
    assert plan.moves[0].reason.gain == 15.0


def test_a_title_never_lent_at_a_branch_can_still_be_wanted_there() -> None:
    """RB-1: what a title does elsewhere and what a branch lends of its class promise readers."""
    loans = lent(7, ZIYANG, 40, every_days=2) + lent(8, DEYANG, 80, every_days=2)
    night = plain_night(loans=loans, classes={7: 0, 8: 0}, routes=[route(JINJIANG, DEYANG)])

    plan = solve(problem=prepare(night=night), seed=1)

    assert {move.destination for move in plan.moves} == {DEYANG}


def test_nothing_moves_when_nothing_pays() -> None:
    night = plain_night(loans=lent(7, JINJIANG, 30))

    plan = solve(problem=prepare(night=night), seed=1)

    assert (plan.moves, plan.objective, plan.gap) == ((), 0.0, 0.0)


@pytest.mark.parametrize(
    ("standing", "counted"),
    [
        ({"status": "on_loan"}, 1),
        ({"status": "on_hold_shelf"}, 1),
        ({"status": "reshelving"}, 1),
        ({"status": "in_transit", "branch": DEYANG, "bound_for": ZIYANG}, 1),
        ({"status": "in_transit", "bound_for": DEYANG}, 0),
        ({"status": "lost"}, 0),
        ({"status": "missing"}, 0),
        ({"status": "withdrawn"}, 0),
    ],
)
def test_stock_is_what_readers_of_a_branch_can_count_on(
    standing: dict[str, object], counted: int
) -> None:
    """RB-3: the first copy that travels meets so many copies."""
    items = [*plain_night().items, copy(201, 7, ZIYANG)._replace(**standing)]
    night = plain_night(items=items)

    plan = solve(problem=prepare(night=night), seed=1)

    assert plan.moves[0].reason.stock_there == counted
    assert verify(night=night, moves=move_rows(plan), objective=plan.objective).ok


@pytest.mark.parametrize(
    "spoiled",
    [
        {"status": "on_loan"},
        {"is_lendable": False},
        {"is_promised": True},
        {"is_pinned": True},
        {"bound_for": DEYANG, "status": "in_transit"},
    ],
)
def test_copies_that_are_not_free_stay(spoiled: dict[str, object]) -> None:
    """RB-4."""
    items = [copy(number, 7, JINJIANG, **spoiled) for number in (101, 102)]

    plan = solve(problem=prepare(night=plain_night(items=items)), seed=1)

    assert plan.moves == ()


def test_a_newcomer_lends_out_nothing_until_its_cap_is_raised() -> None:
    """RB-6."""
    owners = [OwnerRow(OWNER_J, 0), OwnerRow(OWNER_Z, None), OwnerRow(OWNER_D, None)]
    closed = solve(problem=prepare(night=plain_night(owners=owners)), seed=1)
    owners[0] = OwnerRow(OWNER_J, 1)
    opened = solve(problem=prepare(night=plain_night(owners=owners)), seed=1)

    assert closed.moves == ()
    assert len(opened.moves) == 1


def test_a_newcomers_copy_may_travel_among_its_own_branches_and_come_home() -> None:
    """RB-6 limits only what leaves the owner's own branches."""
    branches = [branch(JINJIANG, OWNER_J), branch(ZIYANG, OWNER_J), branch(DEYANG, OWNER_D)]
    owners = [OwnerRow(OWNER_J, 0)]

    among = solve(problem=prepare(night=plain_night(branches=branches, owners=owners)), seed=1)
    away = [copy(101, 7, DEYANG)]
    back = solve(
        problem=prepare(night=plain_night(branches=branches, owners=owners, items=away)), seed=1
    )

    assert {move.destination for move in among.moves} == {ZIYANG}
    assert {move.destination for move in back.moves} == {ZIYANG}


def test_a_vetoed_leg_is_not_proposed_again() -> None:
    """RB-9: the same title does not travel that leg; the rest is planned anew."""
    night = plain_night(loans=lent(7, ZIYANG, 20) + lent(7, DEYANG, 20))
    before = solve(problem=prepare(night=night), seed=1)
    blocked = frozenset({(7, JINJIANG, ZIYANG)})

    after = solve(problem=prepare(night=replace(night, blocked=blocked)), seed=1)

    assert {move.destination for move in before.moves} == {ZIYANG, DEYANG}
    assert {move.destination for move in after.moves} == {DEYANG}
    assert after.objective < before.objective


def test_the_copy_that_lives_there_goes_first() -> None:
    items = [copy(101, 7, JINJIANG), copy(102, 7, JINJIANG, home=ZIYANG)]

    plan = solve(problem=prepare(night=plain_night(items=items)), seed=1)

    assert plan.moves[0].item == 102


def test_a_branch_never_sends_and_receives_one_title() -> None:
    """RB-7, where it bites: no leg runs from the surplus straight to the greatest need."""
    night = plain_night(
        terms=Terms(handling_cost=0.05, km_cost=0.0),
        items=[copy(n, 7, JINJIANG) for n in (101, 102, 103)] + [copy(104, 7, ZIYANG)],
        loans=lent(7, ZIYANG, 4, every_days=9) + lent(7, DEYANG, 40),
        routes=[route(JINJIANG, ZIYANG), route(ZIYANG, DEYANG)],
    )

    plan = solve(problem=prepare(night=night), seed=1)

    verdict = verify(night=night, moves=move_rows(plan), objective=plan.objective)
    assert verdict.violations == ()
    assert math.isclose(plan.objective, best_by_brute_force(night), abs_tol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_prices_alone_bound_every_plan_and_come_close(seed: int) -> None:
    """The bound of `price` needs no solver; the exact optimum must lie below it, and near."""
    problem = prepare(night=random_night(seed=seed, titles=150))
    arcs = candidate_arcs(problem)
    exact = solve(problem=problem, seed=1)

    priced = price(arcs=arcs, limits=limits_of(problem, arcs), floor=0.0, rounds=300)

    assert priced.bound >= exact.objective - 1e-6
    assert priced.bound <= exact.objective * 1.05


def test_a_spent_budget_is_flagged_and_still_gives_a_lawful_plan() -> None:
    night = random_night(seed=8, titles=200)

    plan = solve(problem=prepare(night=night), seed=1, iterations=3, time_limit_s=0.0)

    verdict = verify(night=night, moves=move_rows(plan), objective=plan.objective, bound=plan.bound)
    assert verdict.violations == ()
    assert plan.flags == ("time_limit",)
    assert plan.moves


def test_more_iterations_are_never_worse() -> None:
    problem = prepare(night=random_night(seed=8, titles=200))

    worths = [solve(problem=problem, seed=1, iterations=n).objective for n in (1, 20, 200)]

    assert worths == sorted(worths)
