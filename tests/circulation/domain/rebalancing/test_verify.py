"""The verifier is worth having only if it notices: every tampering has a name."""

from dataclasses import replace
from typing import Any

import pytest

from circulation.domain.rebalancing.prepare import prepare
from circulation.domain.rebalancing.rows import MoveRow, Night, OwnerRow
from circulation.domain.rebalancing.solve import solve
from circulation.domain.rebalancing.verify import Verdict, verify
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
    route,
)

ONE = [MoveRow(101, JINJIANG, ZIYANG)]
TWO = [*ONE, MoveRow(102, JINJIANG, ZIYANG)]


def codes(verdict: Verdict) -> set[str]:
    return {violation.code for violation in verdict.violations}


def test_an_honest_plan_passes() -> None:
    """RB-8."""
    night = plain_night()
    plan = solve(problem=prepare(night=night), seed=1)

    verdict = verify(night=night, moves=move_rows(plan), objective=plan.objective, bound=plan.bound)

    assert verdict.ok
    assert verdict.objective == pytest.approx(plan.objective)


def branches(**first: Any) -> list[Any]:
    return [branch(JINJIANG, OWNER_J, **first), branch(ZIYANG, OWNER_Z), branch(DEYANG, OWNER_D)]


@pytest.mark.parametrize(
    ("changes", "moves", "code"),
    [
        ({}, [MoveRow(999, JINJIANG, ZIYANG)], "unknown_item"),
        ({}, [MoveRow(101, DEYANG, ZIYANG)], "item_is_elsewhere"),
        ({}, [*ONE, MoveRow(101, JINJIANG, DEYANG)], "item_moved_twice"),
        ({"items": [copy(101, 7, JINJIANG, status="on_loan")]}, ONE, "item_not_free"),
        ({"items": [copy(101, 7, JINJIANG, is_promised=True)]}, ONE, "item_not_free"),
        ({"items": [copy(101, 7, JINJIANG, is_pinned=True)]}, ONE, "item_not_free"),
        ({"branches": branches(is_open=False)}, ONE, "branch_closed"),
        ({"branches": branches(outbound_cap=1)}, TWO, "too_many_out"),
        ({"routes": [route(JINJIANG, ZIYANG, weekdays="67")]}, ONE, "no_route_tonight"),
        ({"routes": [route(JINJIANG, ZIYANG, capacity=2, booked=1)]}, TWO, "leg_full"),
        ({"owners": [OwnerRow(OWNER_J, 1)]}, TWO, "owner_cap_exceeded"),
        ({"owners": []}, ONE, "owner_cap_exceeded"),
        ({"blocked": frozenset({(7, JINJIANG, ZIYANG)})}, ONE, "vetoed"),
        ({"loans": lent(7, JINJIANG, 20)}, ONE, "worse_than_nothing"),
    ],
)
def test_each_broken_rule_is_named(
    changes: dict[str, Any], moves: list[MoveRow], code: str
) -> None:
    """RB-4, RB-5, RB-6, RB-8, RB-9, one at a time."""
    assert code in codes(verify(night=plain_night(**changes), moves=moves))


def with_ziyang(**more: Any) -> Night:
    return plain_night(
        branches=[branch(JINJIANG, OWNER_J), branch(ZIYANG, OWNER_Z, **more)],
        items=[*plain_night().items, copy(201, 8, ZIYANG), copy(202, 8, DEYANG, bound_for=ZIYANG)],
        classes={7: 0, 8: 0},
    )


def test_a_full_shelf_is_noticed_counting_what_is_on_its_way() -> None:
    """RB-5."""
    assert "shelf_full" in codes(verify(night=with_ziyang(shelf_capacity=3), moves=TWO))
    assert verify(night=with_ziyang(shelf_capacity=4), moves=TWO).ok


def test_too_many_arrivals_are_noticed() -> None:
    """RB-5."""
    assert "too_many_in" in codes(verify(night=with_ziyang(inbound_cap=1), moves=TWO))


def test_sending_and_receiving_one_title_is_noticed() -> None:
    """RB-7."""
    night = plain_night(items=[copy(101, 7, JINJIANG), copy(102, 7, ZIYANG)])
    moves = [*ONE, MoveRow(102, ZIYANG, DEYANG)]

    assert "sent_and_received" in codes(verify(night=night, moves=moves))


def test_a_boast_is_noticed() -> None:
    """RB-8: a worth or a bound that raw rows do not bear out."""
    night = plain_night()
    plan = solve(problem=prepare(night=night), seed=1)
    moves = move_rows(plan)

    more = verify(night=night, moves=moves, objective=plan.objective * 1.001)
    low = verify(night=night, moves=moves, bound=plan.objective * 0.999)
    fewer = verify(night=night, moves=moves[:-1], objective=plan.objective)

    assert codes(more) == {"objective_differs"}
    assert codes(low) == {"bound_too_low"}
    assert codes(fewer) == {"objective_differs"}


def test_a_forecast_from_other_loans_is_noticed() -> None:
    """RB-1: the objective is recomputed from the rows, so a changed row changes it."""
    night = plain_night()
    plan = solve(problem=prepare(night=night), seed=1)
    tampered = replace(night, loans=list(night.loans)[:-5])

    verdict = verify(night=tampered, moves=move_rows(plan), objective=plan.objective)

    assert codes(verdict) == {"objective_differs"}
