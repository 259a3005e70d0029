"""RQ-15: free copies and waiting readers, all together, against trying everything."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.domain.allocation.problem import FreeCopy, Option, Problem, Wish, prepare
from circulation.domain.allocation.solve import allocate
from circulation.domain.vans import Leg, Timetable

MONDAY = date(2026, 11, 23)
A, B, C = 1, 2, 3
DAILY = frozenset(range(1, 8))


def leg(origin, destination, *, km=10.0, weekdays=DAILY):
    return Leg(origin=origin, destination=destination, km=km, weekdays=frozenset(weekdays))


def problem(wishes, copies, legs=(), *, leg_room=None, owner_room=None, agency_of=None):
    return prepare(
        wishes=wishes,
        copies=copies,
        timetable=Timetable(legs),
        on=MONDAY,
        may_serve=lambda wish, copy: True,
        agency_of=agency_of or {A: 1, B: 2, C: 3},
        leg_room=leg_room or {},
        owner_room=owner_room or {},
    )


def pairs(allocation):
    return {option.request: option.item for option in allocation.chosen}


def wish(request, *, at=A, title=1, **more):
    return Wish(request=request, title=title, pickup=at, **more)


def copy(item, *, at=A, title=1, owner=1):
    return FreeCopy(item=item, title=title, branch=at, owner=owner)


def test_each_reader_gets_the_copy_that_is_nearest_to_both():
    """RQ-15: taken one by one, the first reader would take the second one's copy."""
    legs = [leg(A, B), leg(B, A)]
    found = allocate(
        problem([wish(1, at=B), wish(2, at=A)], [copy(10, at=A), copy(11, at=B)], legs)
    )

    assert pairs(found) == {1: 11, 2: 10}


def test_the_first_in_the_queue_gets_the_only_copy_though_the_second_stands_beside_it():
    """RQ-15."""
    found = allocate(problem([wish(1, at=B), wish(2, at=A)], [copy(10, at=A)], [leg(A, B)]))

    assert pairs(found) == {1: 10}


def test_the_first_does_not_wait_a_day_longer_so_that_the_second_is_nearer():
    """RQ-15: both could be served with less way in all, at the first one's cost."""
    legs = [leg(A, C, weekdays={1}), leg(B, C, weekdays={5}), leg(B, A, weekdays={7}), leg(A, B)]
    found = allocate(
        problem([wish(1, at=C), wish(2, at=A)], [copy(10, at=A), copy(11, at=B)], legs)
    )

    assert pairs(found) == {1: 10, 2: 11}


def test_the_second_may_have_the_nearer_copy_where_it_costs_the_first_no_day():
    """RQ-15: both copies reach the first reader on the same day; kilometres decide."""
    legs = [leg(A, C, km=5), leg(B, C, km=50), leg(B, A, km=200)]
    found = allocate(
        problem([wish(1, at=C), wish(2, at=A)], [copy(10, at=A), copy(11, at=B)], legs)
    )

    assert pairs(found) == {1: 11, 2: 10}


def test_titles_share_the_room_of_a_van_and_who_waited_longest_goes_first():
    """RQ-15: one place left in the van to B, two titles want it."""
    wishes = [wish(1, at=B, title=1, waited_days=2), wish(2, at=B, title=2, waited_days=9)]
    copies = [copy(10, at=A, title=1), copy(20, at=A, title=2)]

    found = allocate(problem(wishes, copies, [leg(A, B)], leg_room={(A, B): 1}))

    assert pairs(found) == {2: 20}


def test_an_owner_lets_no_more_copies_go_than_it_says_but_lends_at_home():
    """RQ-15."""
    wishes = [wish(1, at=B, title=1), wish(2, at=B, title=2), wish(3, at=A, title=3)]
    copies = [copy(10, title=1), copy(20, title=2), copy(30, title=3)]

    found = allocate(problem(wishes, copies, [leg(A, B)], owner_room={1: 1}))

    assert len(found.chosen) == 2
    assert pairs(found)[3] == 30


def test_a_copy_reached_over_a_hub_counts_the_night_it_stays_there():
    timetable = Timetable([leg(A, B, weekdays={1}), leg(B, C, weekdays={1, 3})])

    journey = timetable.journey(A, C, on=MONDAY)

    assert (journey.days, journey.km, journey.first) == (2, 20.0, (A, B))
    assert timetable.journey(C, A, on=MONDAY).first is None


def test_readers_far_back_are_not_even_asked_about():
    found = problem([wish(n) for n in range(1, 200)], [copy(10), copy(11)])

    assert {option.request for option in found.options} == {1, 2}


@st.composite
def small_problems(draw):
    """Up to 4 readers and 4 copies of up to 2 titles, on 3 branches, with little room."""
    branch = st.sampled_from([A, B, C])
    copies = [
        copy(10 + n, at=draw(branch), title=draw(st.sampled_from([1, 2])), owner=draw(branch))
        for n in range(draw(st.integers(1, 4)))
    ]
    wishes = [
        wish(
            n + 1,
            at=draw(branch),
            title=draw(st.sampled_from([1, 2])),
            waited_days=draw(st.integers(0, 20)),
            item=draw(st.sampled_from([None, None, None, 10, 11])),
        )
        for n in range(draw(st.integers(1, 4)))
    ]
    legs = [
        leg(
            o, d, km=draw(st.integers(1, 90)), weekdays=draw(st.sets(st.integers(1, 7), min_size=1))
        )
        for o, d in itertools.permutations((A, B, C), 2)
        if draw(st.booleans())
    ]
    room = {(line.origin, line.destination): draw(st.integers(0, 3)) for line in legs}
    owners = draw(st.dictionaries(branch, st.integers(0, 2), max_size=3))
    forbidden = draw(st.sets(st.tuples(st.integers(1, 4), st.integers(10, 13)), max_size=3))
    return prepare(
        wishes=wishes,
        copies=copies,
        timetable=Timetable(legs),
        on=MONDAY,
        may_serve=lambda w, c: (w.request, c.item) not in forbidden,
        agency_of={A: 1, B: 2, C: 3},
        leg_room=room,
        owner_room=owners,
    )


def is_lawful(chosen: list[Option], given: Problem) -> bool:
    """The rules once more, told in another way than the solver is told them."""
    if len({o.item for o in chosen}) < len(chosen):
        return False
    for leg_, room in given.leg_room.items():
        if sum(o.leg == leg_ for o in chosen) > room:
            return False
    for owner, room in given.owner_room.items():
        if sum(o.leaves == owner for o in chosen) > room:
            return False
    served = {o.request: o for o in chosen}
    for taken in chosen:
        for could in given.options:
            if could.item == taken.item and could.request < taken.request:
                mine = served.get(could.request)
                if mine is None or mine.days > could.days:
                    return False
    return True


def by_trying_everything(given: Problem) -> float:
    by_request: dict[int, list[Option | None]] = {}
    for option in given.options:
        by_request.setdefault(option.request, [None]).append(option)
    best = 0.0
    for choice in itertools.product(*by_request.values()):
        chosen = [option for option in choice if option is not None]
        if is_lawful(chosen, given):
            best = max(best, sum(option.worth for option in chosen))
    return best


@given(given_problem=small_problems())
def test_nothing_lawful_is_worth_more_than_what_is_found(given_problem):
    """RQ-15: against every assignment there is."""
    found = allocate(given_problem)

    assert not found.flags
    assert is_lawful(list(found.chosen), given_problem)
    assert found.worth == pytest.approx(by_trying_everything(given_problem))
