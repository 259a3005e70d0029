"""Nights for tests: tiny ones drawn by hypothesis, one told by hand, larger ones from a seed."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

from circulation.domain.rebalancing.problem import Plan, Terms
from circulation.domain.rebalancing.rows import (
    BranchRow,
    ItemRow,
    LoanRow,
    MoveRow,
    Night,
    OwnerRow,
    RequestRow,
    RouteRow,
)

TONIGHT = date(2026, 11, 20)  # a Friday
JINJIANG, ZIYANG, DEYANG = 1, 2, 3
OWNER_J, OWNER_Z, OWNER_D = 11, 12, 13


def branch(number: int, agency: int, **more: Any) -> BranchRow:
    fields: dict[str, Any] = {
        "shelf_capacity": 0,
        "is_open": True,
        "outbound_cap": 50,
        "inbound_cap": 50,
    }
    return BranchRow(branch=number, code=f"B{number}", agency=agency, **(fields | more))


def copy(number: int, title: int, at: int, owner: int = OWNER_J, **more: Any) -> ItemRow:
    fields: dict[str, Any] = {
        "home": at,
        "status": "available",
        "bound_for": None,
        "is_lendable": True,
        "is_promised": False,
        "is_pinned": False,
    }
    return ItemRow(item=number, title=title, owner=owner, branch=at, **(fields | more))


def route(
    origin: int, destination: int, km: float = 20, capacity: int = 40, **more: Any
) -> RouteRow:
    fields: dict[str, Any] = {"weekdays": "12345", "booked": 0}
    return RouteRow(
        origin=origin, destination=destination, km=km, capacity=capacity, **(fields | more)
    )


def lent(title: int, at: int, times: int, *, every_days: int = 3) -> list[LoanRow]:
    return [
        LoanRow(title=title, branch=at, day=TONIGHT - timedelta(days=1 + every_days * number))
        for number in range(times)
    ]


def plain_night(**more: Any) -> Night:
    """Jinjiang has four copies nobody asks for; in Ziyang readers ask and there is none."""
    fields: dict[str, Any] = {
        "date": TONIGHT,
        "terms": Terms(),
        "branches": [branch(JINJIANG, OWNER_J), branch(ZIYANG, OWNER_Z), branch(DEYANG, OWNER_D)],
        "routes": [route(a, b) for a, b in permutations((JINJIANG, ZIYANG, DEYANG), 2)],
        "owners": [OwnerRow(OWNER_J, None), OwnerRow(OWNER_Z, None), OwnerRow(OWNER_D, None)],
        "items": [copy(number, 7, JINJIANG) for number in (101, 102, 103, 104)],
        "loans": lent(7, ZIYANG, 20),
        "requests": [],
        "classes": {7: 0},
    }
    return Night(**(fields | more))


def move_rows(plan: Plan) -> list[MoveRow]:
    return [MoveRow(move.item, move.origin, move.destination) for move in plan.moves]


def random_night(*, seed: int, titles: int = 60, branch_count: int = 8) -> Night:
    """A network with more copies, owners, legs and odd cases than a brute force could try."""
    rng = random.Random(seed)
    owners = [100 + number for number in range(max(2, branch_count // 2))]
    branches = [
        branch(
            number,
            rng.choice(owners),
            shelf_capacity=rng.choice([0, titles // 2, titles]),
            is_open=rng.random() < 0.9,
            outbound_cap=rng.randint(1, titles // 3),
            inbound_cap=rng.randint(1, titles // 3),
        )
        for number in range(1, branch_count + 1)
    ]
    numbers = [row.branch for row in branches]
    routes = [
        route(
            a,
            b,
            km=rng.randint(3, 150),
            capacity=rng.randint(1, 6),
            weekdays=rng.choice(["12345", "5", "1234567", "12"]),
            booked=rng.randint(0, 2),
        )
        for a, b in permutations(numbers, 2)
        if rng.random() < 0.7
    ]
    weight = {title: rng.paretovariate(1.2) for title in range(1, titles + 1)}
    names, chances = list(weight), list(weight.values())
    items = [
        copy(
            1000 + number,
            rng.choice(names),
            rng.choice(numbers),
            owner=rng.choice(owners),
            home=rng.choice(numbers),
            status=rng.choice(["available"] * 6 + ["on_loan", "reshelving", "lost"]),
            bound_for=rng.choice([None] * 9 + [rng.choice(numbers)]),
            is_lendable=rng.random() < 0.95,
            is_promised=rng.random() < 0.05,
            is_pinned=rng.random() < 0.05,
        )
        for number in range(titles * 3)
    ]
    loans = [
        LoanRow(title, rng.choice(numbers), TONIGHT - timedelta(days=rng.randint(-3, 250)))
        for title in rng.choices(names, chances, k=titles * 20)
    ]
    requests = [
        RequestRow(title, rng.choice(numbers)) for title in rng.choices(names, chances, k=titles)
    ]
    return Night(
        date=TONIGHT,
        terms=Terms(),
        branches=branches,
        routes=routes,
        owners=[OwnerRow(owner, rng.choice([None, None, 0, 5])) for owner in owners],
        items=items,
        loans=loans,
        requests=requests,
        classes={title: title % 3 for title in names},
    )


@st.composite
def tiny_nights(draw: st.DrawFn) -> Night:
    """Up to five copies, two titles, three places, all scarce: every plan can be tried."""
    places, owners = (1, 2, 3), (11, 12)
    small = st.integers(0, 3)
    branches = [
        branch(
            place,
            draw(st.sampled_from(owners)),
            shelf_capacity=draw(st.sampled_from([0, 0, 2, 4])),
            outbound_cap=draw(small),
            inbound_cap=draw(small),
        )
        for place in places
    ]
    routes = [
        route(a, b, km=draw(st.integers(1, 300)), capacity=draw(st.integers(0, 2)))
        for a, b in permutations(places, 2)
        if draw(st.booleans())
    ]
    items = [
        copy(
            100 + number,
            draw(st.integers(1, 2)),
            draw(st.sampled_from(places)),
            owner=draw(st.sampled_from(owners)),
            status=draw(st.sampled_from(["available", "available", "available", "on_loan"])),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    loans = [
        loan
        for title in (1, 2)
        for place in places
        for loan in lent(title, place, draw(st.sampled_from([0, 0, 1, 4, 12])))
    ]
    requests = draw(
        st.lists(st.builds(RequestRow, st.integers(1, 2), st.sampled_from(places)), max_size=3)
    )
    return Night(
        date=TONIGHT,
        terms=Terms(handling_cost=draw(st.sampled_from([0.05, 1.5]))),
        branches=branches,
        routes=routes,
        owners=[OwnerRow(owner, draw(st.sampled_from([None, None, 0, 1]))) for owner in owners],
        items=items,
        loans=loans,
        requests=requests,
        classes={1: 0, 2: 0},
    )


def with_move(night: Night, **changes: Any) -> Night:
    return replace(night, **changes)
