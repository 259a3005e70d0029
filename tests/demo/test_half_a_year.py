"""The simulated half-year is one the actions could have written."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import ALWAYS_OPEN
from circulation.domain.credentials import Credential, CredentialKind, parse_credential
from circulation.domain.policies import Context, LoanRule, resolve
from circulation.domain.policies import Place as RulePlace
from circulation.domain.states import ItemEventKind, ReturnPolicy
from library_net.demo.halfyear import Copy, Place, Reader
from library_net.demo.people import REGION, invent_people
from library_net.demo.simulate import Simulation
from library_net.demo.steps.accounts import STATUS_OF

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
START = date(2026, 5, 20)
CITIES = ("成都", "德阳", "资阳")


def simulate(*, seed=1, policy=ReturnPolicy.HOLD_FIRST):
    places = [
        Place(
            id=n,
            code=f"B{n}",
            agency_id=n // 2,
            city=CITIES[n % 3],
            calendar=ALWAYS_OPEN,
            draw=10.0,
        )
        for n in range(1, 13)
    ]
    copies = [
        Copy(
            id=n,
            title=n // 4,
            record_id=n // 4,
            owner_id=n % 6,
            home_id=n % 12 + 1,
            appeal=1 + n % 5,
        )
        for n in range(1, 601)
    ]
    readers = [
        Reader(id=n, place_id=n % 12 + 1, city=CITIES[(n % 12 + 1) % 3], category="adult")
        for n in range(1, 151)
    ]
    rules = (LoanRule(code="all", return_policy=policy),)
    where = RulePlace(owner=("x",), visited=("x",), branch="", material="book")
    terms = resolve(rules=rules, context=Context(place=where, category="adult"), on=START)
    world = Simulation(
        places=places,
        copies=copies,
        readers=readers,
        terms=lambda _copy, _place, _reader: terms,
        visits_per_day=8,
        seed=seed,
    )
    return world.run(start=START, end=NOW)


@pytest.fixture(scope="module")
def half():
    return simulate()


def test_the_last_event_of_each_copy_is_its_standing(half):
    last = {event.copy.id: (event.status, event.place_id, event.at) for event in half.events}

    assert last == half.standing


def test_events_come_in_the_order_in_which_they_happened(half):
    times = [event.at for event in half.events]

    assert times == sorted(times)
    assert times[-1] < NOW


def test_columns_agree_with_where_each_copy_really_lies(half):
    for copy, (status, place, _since) in half.standing.items():
        what, where = half.whereabouts[copy]
        assert (STATUS_OF[what], where) == (status, place)


def test_a_copy_is_never_with_two_readers_at_once(half):
    out = Counter()
    for event in half.events:
        if event.kind == ItemEventKind.CHECKED_OUT:
            out[event.copy.id] += 1
        elif event.kind == ItemEventKind.CHECKED_IN:
            out[event.copy.id] -= 1
        assert 0 <= out[event.copy.id] <= 1


def test_an_open_loan_is_a_copy_on_loan(half):
    lent = {loan.copy.id for loan in half.loans if loan.back_at is None}

    on_loan = {c for c, (status, *_) in half.standing.items() if status == ItemStatus.ON_LOAN}
    assert lent == on_loan


def test_about_one_return_in_twenty_happens_in_another_city(half):
    back = [loan for loan in half.loans if loan.back_place]

    abroad = sum(loan.back_place.city != loan.place.city for loan in back)
    assert 0.02 < abroad / len(back) < 0.09


def test_nobody_has_more_books_at_home_than_allowed(half):
    at_home = Counter(loan.reader.id for loan in half.loans if loan.back_at is None)

    assert max(at_home.values()) <= 8


def test_the_same_seed_is_the_same_half_year(half):
    again = simulate()

    assert [(e.copy.id, e.kind, e.at) for e in again.events] == [
        (e.copy.id, e.kind, e.at) for e in half.events
    ]


def test_floating_copies_need_no_van_home():
    floated = simulate(policy=ReturnPolicy.FLOAT)

    assert all(transit.request is not None for transit in floated.transits)
    assert any(event.kind == ItemEventKind.FLOATED for event in floated.events)


def test_invented_numbers_are_well_formed_distinct_and_of_no_region():
    """ID-2: the check digit holds; 510199 is a region nobody was ever given."""
    people = invent_people(count=300, seed=7, today=date(2026, 11, 20))

    numbers = {person.number for person in people}
    assert len(numbers) == 300
    for number in numbers:
        assert number.startswith(REGION)
        value = parse_credential(
            kind=CredentialKind.RESIDENT_ID, text=number, today=date(2026, 11, 20)
        )
        assert isinstance(value, Credential)
