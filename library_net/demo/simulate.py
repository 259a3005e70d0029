"""Half a year in the life of the network, day by day, as plain values; no database, no clock.

What happens to a copy is written down twice: as the events the actions would have recorded, and,
separately, as the place where the physical copy was put. The demo compares the two.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import log

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import SHANGHAI, days_late, due_at, local_date
from circulation.domain.fees import overdue_fee
from circulation.domain.policies import RenewalBase, Terms
from circulation.domain.states import (
    ITEM_TRANSITIONS,
    ItemEventKind,
    RequestState,
    ReturnPolicy,
    TransitReason,
    TransitState,
    advance,
)
from library_net.demo.halfyear import (
    Copy,
    Event,
    Fee,
    Half,
    Loan,
    Place,
    Reader,
    Request,
    Transit,
)

MAX_LOANS = 8  # of one reader, whatever the rules allow
LOG_MEDIAN_DAYS, SPREAD = log(19.0), 0.55
OTHER_BRANCH, OTHER_CITY = 0.14, 0.05  # where a copy comes back; domain notes §6
VISITOR = 0.04  # readers borrowing away from their own city
WISH = 0.035  # of the returns, that somebody waits for
RENEWS = 0.6  # of the readers who need longer


def season(day: date) -> float:
    """How busy a day is: weekends, summer holidays, the week of the National Day."""
    weekday = (0.8, 0.8, 0.8, 0.85, 1.0, 1.55, 1.5)[day.weekday()]
    summer = 1.35 if day.month in (7, 8) else 1.0
    national_week = 1.3 if day.month == 10 and day.day <= 7 else 1.0
    spring = 0.5 if day.month == 2 and day.day <= 14 else 1.0
    return weekday * summer * national_week * spring


class Simulation:
    """Runs the network from one instant to another; the same seed gives the same half-year."""

    def __init__(
        self,
        *,
        places: Sequence[Place],
        copies: Sequence[Copy],
        readers: Sequence[Reader],
        terms: Callable[[Copy, Place, Reader], Terms],
        visits_per_day: float,
        seed: int,
    ) -> None:
        self.rng = random.Random(f"history:{seed}")  # noqa: S311 - a sample world, not a secret
        self.places = {place.id: place for place in places}
        self.half = Half()
        self.visits_per_day = visits_per_day
        self._terms = terms
        self._copies = tuple(copies)
        self._queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = itertools.count()
        self._on_shelf: dict[int, dict[int, Copy]] = defaultdict(dict)
        self._held: dict[int, set[int]] = defaultdict(set)  # reader -> titles at home
        self._taste: dict[tuple[int, str], float] = {}
        self._status: dict[int, tuple[ItemStatus, int]] = {}
        for copy in copies:
            self._on_shelf[copy.home_id][copy.id] = copy
            self._status[copy.id] = (ItemStatus.AVAILABLE, copy.home_id)
            self._put(copy, "shelf", copy.home_id)
        self._readers_of: dict[int, list[Reader]] = defaultdict(list)
        self._readers_in: dict[str, list[Reader]] = defaultdict(list)
        self._readers = list(readers)
        for reader in readers:
            self._readers_of[reader.place_id].append(reader)
            self._readers_in[reader.city].append(reader)
        self._places_in: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            self._places_in[place.city].append(place)

    def run(self, *, start: date, end: datetime) -> Half:
        """Everything that happened before ``end``; what was still to come stays undone."""
        for at, place in self._visits(start, end):
            self._later(at, lambda now, place=place: self._visit(now, place))  # type: ignore[misc]
        while self._queue:
            at, _order, happen = heapq.heappop(self._queue)
            if at >= end:
                break
            happen(at)
        self._queue_up(end)
        return self.half

    # --- what readers do -------------------------------------------------------------------

    def _visits(self, start: date, end: datetime) -> Iterator[tuple[datetime, Place]]:
        places = list(self.places.values())
        weights = [place.draw for place in places]
        day = start
        while day <= end.date():
            expected = self.visits_per_day * season(day)
            for _ in range(round(self.rng.gauss(expected, expected**0.5))):
                (place,) = self.rng.choices(places, weights)
                if place.calendar.is_open(day):
                    yield self._during(day), place
            day += timedelta(days=1)

    def _visit(self, now: datetime, place: Place) -> None:
        reader = self._who(place)
        room = MAX_LOANS - len(self._held[reader.id])
        for _ in range(min(room, 1 + int(self.rng.expovariate(0.62)))):
            shelf = list(self._on_shelf[place.id].values())
            if not shelf:
                return
            (copy,) = self.rng.choices(shelf, [self._wanted(c, reader.city) for c in shelf])
            if copy.title not in self._held[reader.id]:
                self._lend(now, copy, reader=reader, place=place)

    def _wanted(self, copy: Copy, city: str) -> float:
        """How much people of this city want a title: they do not all like the same."""
        key = (copy.title, city)
        if key not in self._taste:
            self._taste[key] = self.rng.lognormvariate(0, 1.0)
        return copy.appeal * self._taste[key]

    def _who(self, place: Place) -> Reader:
        roll = self.rng.random()
        own, near = self._readers_of[place.id], self._readers_in[place.city]
        pool = own if roll < 0.72 and own else near if roll < 1 - VISITOR and near else None
        return self.rng.choice(pool or self._readers)

    def _lend(
        self,
        now: datetime,
        copy: Copy,
        *,
        reader: Reader,
        place: Place,
        fills: Request | None = None,
    ) -> None:
        terms = self._terms(copy, place, reader)
        due = due_at(start=now, days=terms.loan_days, calendar=place.calendar)
        loan = Loan(copy=copy, reader=reader, place=place, terms=terms, out_at=now, due_at=due)
        self.half.loans.append(loan)
        self._happens(now, copy, ItemEventKind.CHECKED_OUT, place=place, loan=loan, request=fills)
        self._held[reader.id].add(copy.title)
        self._put(copy, "reader", place.id)
        days = min(self.rng.lognormvariate(LOG_MEDIAN_DAYS, SPREAD), 75.0)
        back_on = local_date(now) + timedelta(days=max(1, round(days)))
        if back_on > local_date(due) and self.rng.random() < RENEWS:
            on = local_date(due) - timedelta(days=self.rng.randint(0, 4))
            self._later(self._during(on), lambda at: self._renew(at, loan))
        home = self._return_place(place)
        back_on = home.calendar.next_open(back_on)
        self._later(self._during(back_on), lambda at: self._bring_back(at, loan, home))

    def _renew(self, now: datetime, loan: Loan) -> None:
        terms = loan.terms
        if loan.back_at is not None or now > loan.due_at or loan.renewals >= terms.renewals:
            return
        loan.renewals += 1
        base = loan.due_at if terms.renewal_base == RenewalBase.DUE_DATE else now
        loan.due_at = due_at(start=base, days=terms.renewal_days, calendar=loan.place.calendar)
        self._happens(now, loan.copy, ItemEventKind.RENEWED, loan=loan)

    def _return_place(self, lent_at: Place) -> Place:
        roll = self.rng.random()
        others = [p for p in self.places.values() if p.city != lent_at.city]
        if roll < OTHER_CITY and others:
            # People cross into the next city oftener than into the one behind it: by draw.
            return self.rng.choices(others, [p.draw for p in others])[0]
        if roll < OTHER_CITY + OTHER_BRANCH:
            return self.rng.choice(self._places_in[lent_at.city])
        return lent_at

    def _bring_back(self, now: datetime, loan: Loan, place: Place) -> None:
        copy = loan.copy
        loan.back_at, loan.back_place = now, place
        self._held[loan.reader.id].discard(copy.title)
        self._charge(now, loan, place)
        self._happens(now, copy, ItemEventKind.CHECKED_IN, place=place, loan=loan)
        policy = loan.terms.return_policy
        may_serve = place.id == copy.home_id or policy != ReturnPolicy.HOME
        wish = self._wish(now, loan) if may_serve and self.rng.random() < WISH else None
        if wish is not None and wish.pickup.id == place.id:
            self._hold(now, copy, wish)
        elif wish is not None:
            self._send(now, copy, place, wish.pickup, TransitReason.TO_PICKUP, wish)
        elif place.id == copy.home_id or policy == ReturnPolicy.FLOAT:
            self._shelve(now, copy, place)
        else:
            home = self.places[copy.home_id]
            self._send(now, copy, place, home, TransitReason.TO_HOME)

    def _charge(self, now: datetime, loan: Loan, place: Place) -> None:
        late = days_late(due=loan.due_at, returned=now, calendar=place.calendar)
        terms = loan.terms
        fee = overdue_fee(
            days_late=late,
            per_day=terms.fee_per_day,
            cap=terms.fee_cap,
            grace_days=terms.grace_days,
        )
        if fee <= 0:
            return
        self.half.fees.append(
            Fee(loan=loan, amount=fee, collector_id=place.agency_id, at=now, is_payment=False)
        )
        if self.rng.random() < 0.8:
            self.half.fees.append(
                Fee(loan=loan, amount=-fee, collector_id=place.agency_id, at=now, is_payment=True)
            )

    # --- wishes ----------------------------------------------------------------------------

    def _wish(self, now: datetime, loan: Loan) -> Request | None:
        """Somebody who asked for this title a few days ago and waits for the first copy."""
        reader = self.rng.choice(self._readers)
        if reader.id == loan.reader.id or loan.copy.title in self._held[reader.id]:
            return None
        if len(self._held[reader.id]) >= MAX_LOANS:
            return None
        self._held[reader.id].add(loan.copy.title)  # nobody asks twice for one title
        placed = now - timedelta(days=self.rng.uniform(1, 6))
        pickup = self.places[reader.place_id]
        wish = Request(
            reader=reader, copy=loan.copy, pickup=pickup, placed_at=placed, has_copy=True
        )
        self.half.requests.append(wish)
        return wish

    def _hold(self, now: datetime, copy: Copy, wish: Request) -> None:
        wish.state, wish.ready_at = RequestState.READY, now
        until = wish.pickup.calendar.next_open(local_date(now) + timedelta(days=7))
        wish.expires_at = wish.pickup.calendar.end_of(until)
        self._happens(now, copy, ItemEventKind.HELD, request=wish)
        self._put(copy, "hold shelf", wish.pickup.id)
        on = local_date(now) + timedelta(days=self.rng.randint(1, 4))
        at = self._during(wish.pickup.calendar.next_open(on))
        self._later(at, lambda now: self._collect(now, copy, wish))

    def _collect(self, now: datetime, copy: Copy, wish: Request) -> None:
        wish.state, wish.closed_at = RequestState.FILLED, now
        self._lend(now, copy, reader=wish.reader, place=wish.pickup, fills=wish)

    def _queue_up(self, end: datetime) -> None:
        """Readers waiting today for titles of which every copy is out."""
        titles: dict[int, list[Copy]] = defaultdict(list)
        for copy in self._copies:
            titles[copy.title].append(copy)
        out = [
            group[0]
            for group in titles.values()
            if all(self._status[c.id][0] == ItemStatus.ON_LOAN for c in group)
        ]
        for copy in self.rng.sample(out, min(len(out), 60)):
            for reader in self.rng.sample(self._readers, self.rng.choice((1, 1, 2))):
                if copy.title in self._held[reader.id]:
                    continue
                placed = end - timedelta(days=self.rng.uniform(0.2, 9))
                pickup = self.places[reader.place_id]
                self.half.requests.append(
                    Request(reader=reader, copy=copy, pickup=pickup, placed_at=placed)
                )

    # --- what vans do ------------------------------------------------------------------------

    def _send(
        self,
        now: datetime,
        copy: Copy,
        origin: Place,
        destination: Place,
        reason: TransitReason,
        wish: Request | None = None,
    ) -> None:
        transit = Transit(
            copy=copy,
            origin=origin,
            destination=destination,
            reason=reason,
            created_at=now,
            request=wish,
        )
        self.half.transits.append(transit)
        if wish is not None:
            wish.state = RequestState.IN_TRANSIT
        self._happens(now, copy, ItemEventKind.SET_ASIDE, request=wish, transit=transit)
        self._put(copy, "outgoing crate", origin.id)
        leaves = local_date(now) + timedelta(days=self.rng.choice((1, 1, 2)))
        self._later(self._during(leaves, hour=8), lambda at: self._depart(at, transit))

    def _depart(self, now: datetime, transit: Transit) -> None:
        transit.state, transit.dispatched_at = TransitState.DISPATCHED, now
        self._happens(now, transit.copy, ItemEventKind.DISPATCHED, transit=transit)
        self._put(transit.copy, "van", transit.origin.id)
        far = transit.origin.city != transit.destination.city
        arrives = local_date(now) + timedelta(days=self.rng.choice((1, 2, 2) if far else (0, 1)))
        at = max(self._during(arrives, hour=14), now + timedelta(hours=1))
        self._later(at, lambda at: self._arrive(at, transit))

    def _arrive(self, now: datetime, transit: Transit) -> None:
        transit.state, transit.received_at = TransitState.RECEIVED, now
        copy, place = transit.copy, transit.destination
        self._happens(now, copy, ItemEventKind.RECEIVED, place=place, transit=transit)
        if transit.request is not None:
            self._hold(now, copy, transit.request)
        else:
            self._shelve(now, copy, place)

    def _shelve(self, now: datetime, copy: Copy, place: Place) -> None:
        if place.id != copy.home_id:
            self._happens(now, copy, ItemEventKind.FLOATED, place=place)
        self._put(copy, "shelf", place.id)

    # --- book-keeping ----------------------------------------------------------------------------

    def _happens(
        self,
        now: datetime,
        copy: Copy,
        kind: ItemEventKind,
        *,
        place: Place | None = None,
        loan: Loan | None = None,
        request: Request | None = None,
        transit: Transit | None = None,
    ) -> None:
        old_status, old_place = self._status[copy.id]
        status = advance(ITEM_TRANSITIONS, state=old_status, event=kind)
        place_id = place.id if place else old_place
        self._status[copy.id] = (status, place_id)
        self.half.standing[copy.id] = (status, place_id, now)
        self.half.events.append(
            Event(
                copy=copy,
                kind=kind,
                at=now,
                place_id=place_id,
                status=status,
                loan=loan,
                request=request,
                transit=transit,
            )
        )

    def _put(self, copy: Copy, what: str, place_id: int) -> None:
        """Where the thing itself now lies, whatever anybody records of it."""
        old = self.half.whereabouts.get(copy.id)
        if old is not None and old[0] == "shelf":
            self._on_shelf[old[1]].pop(copy.id, None)
        self.half.whereabouts[copy.id] = (what, place_id)
        if what == "shelf":
            self._on_shelf[place_id][copy.id] = copy

    def _later(self, at: datetime, happen: Callable[[datetime], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._order), happen))

    def _during(self, day: date, *, hour: int | None = None) -> datetime:
        """Some moment of a local day: mornings for vans, opening hours for people."""
        picked = hour if hour is not None else self.rng.choice((9, 10, 10, 11, 14, 15, 15, 16, 17))
        local = time(picked, self.rng.randrange(60), self.rng.randrange(60))
        return datetime.combine(day, local, tzinfo=SHANGHAI).astimezone(UTC)
