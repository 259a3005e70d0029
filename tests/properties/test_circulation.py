"""Random days in a small network: whatever happens in whatever order, the books stay right.

Each step is one action through the public functions; after each, every copy is in exactly one
place, has at most one open loan and one open transit, no reader is over the limit, the queue was
kept, no return was refused, and the events add up to the columns.
"""

import itertools
from collections import Counter
from datetime import timedelta

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions.adjust_request import move_request, pause_request, resume_request
from circulation.actions.allocate_requests import allocate_requests
from circulation.actions.cancel_request import cancel_request, expire_request
from circulation.actions.check_item_events import check_item_events
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.copy_troubles import report_damaged, report_not_found
from circulation.actions.crates import (
    close_crate,
    dispatch_crate,
    empty_crate,
    open_crate,
    pack,
    receive_crate,
)
from circulation.actions.dispatch_transit import dispatch_transit
from circulation.actions.loan_troubles import claim_returned, recall, report_lost
from circulation.actions.operations import Intent
from circulation.actions.place_request import place_request
from circulation.actions.receive_transit import receive_transit
from circulation.actions.renew import renew
from circulation.domain.calendar import local_date
from circulation.domain.states import (
    OPEN_CRATE_STATES,
    OPEN_REQUEST_STATES,
    OPEN_TRANSIT_STATES,
    RequestState,
)
from circulation.models import Crate, HoldRequest, LedgerEntry, Loan, LoanRule, Pick, Transit
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.world import NOW, World

ANYWHERE = Scope(everywhere=True)
LIMIT = 2
DESKS = ["JJ-MAIN", "JJ-ROOM", "ZY-MAIN", "CD-MAIN"]
READERS = ["雪", "川", "禾"]
POLICIES = ["home", "float", "hold_first"]
index = st.integers(0, 5)


class Days(RuleBasedStateMachine):
    @initialize(policies=st.lists(st.sampled_from(POLICIES), min_size=3, max_size=3))
    def a_network(self, policies):
        self.before = transaction.savepoint()  # an atomic block would forbid durable ones
        self.world = World.build()
        for code, policy in zip(("CD", "JJ", "ZY"), policies, strict=True):
            self.world.agencies[code].return_policy = policy
            self.world.agencies[code].save()
        LoanRule.objects.update(max_loans=LIMIT)
        popular = self.world.record("三体")
        self.items = [self.world.item(popular, at=desk) for desk in ("JJ-MAIN", "ZY-MAIN")]
        self.items += [self.world.item(f"书{n}", at=DESKS[n]) for n in range(4)]
        self.now = NOW
        self.numbers = itertools.count()

    def intent(self) -> Intent:
        return Intent(caller="test", operation_id=f"op-{next(self.numbers)}", scope=ANYWHERE)

    @rule(item=index, desk=st.sampled_from(DESKS), reader=st.sampled_from(READERS))
    def lend(self, item, desk, reader):
        patron = self.world.patrons[reader]
        held = HoldRequest.objects.filter(item=self.items[item], state=RequestState.READY).exclude(
            patron=patron
        )
        was_held_for_another = held.exists()
        try:
            checkout(
                intent=self.intent(),
                branch_id=self.world.branches[desk].pk,
                patron_id=patron.pk,
                barcode=self.items[item].barcode,
                now=self.now,
            )
        except LibraryError as error:
            assert error.code in {
                "on_loan", "already_yours", "too_many_loans", "held_for_another",
                "not_ready_to_lend",
            }, error  # fmt: skip
        else:
            assert not was_held_for_another

    @rule(item=index, desk=st.sampled_from(DESKS))
    def take_back(self, item, desk):
        copy = self.items[item]
        waiting = HoldRequest.objects.filter(
            anchor__manifestation_id=copy.source_record.manifestation_id,
            state=RequestState.WAITING,
        ).order_by("pk")
        first = waiting.first()
        proposed = Pick.objects.filter(item=copy, request__state=RequestState.WAITING).first()
        overtaken = [
            request
            for request in waiting
            if proposed is not None and request.pk < proposed.request_id
        ]
        served = HoldRequest.objects.filter(
            item=copy, state__in=[RequestState.IN_TRANSIT, RequestState.READY]
        ).first()

        answer = checkin(  # never raises: a return is never refused
            intent=self.intent(),
            branch_id=self.world.branches[desk].pk,
            barcode=copy.barcode,
            now=self.now,
        )

        request = answer["next"].get("request")
        if request is None:
            return
        if served is None and proposed is not None and request == proposed.request_id:
            # RQ-16: proposed for this reader; who was before them has a copy of their own.
            for earlier in overtaken:
                pick = Pick.objects.get(request=earlier)
                assert pick.item != copy
                assert pick.item.status == ItemStatus.AVAILABLE
        else:  # the reader it was set aside for, else the first in the queue
            assert request == (served or first).pk

    @rule(loan=index)
    def prolong(self, loan):
        loans = list(Loan.objects.filter(closed_at=None).order_by("pk"))
        if loans:
            self.may_refuse(renew, loan_id=loans[loan % len(loans)].pk)

    @rule(item=index, desk=st.sampled_from(DESKS), reader=st.sampled_from(READERS))
    def ask(self, item, desk, reader):
        self.may_refuse(
            place_request,
            patron_id=self.world.patrons[reader].pk,
            pickup_branch_id=self.world.branches[desk].pk,
            anchor_id=self.items[item].source_record_id,
        )

    @rule(request=index)
    def give_up(self, request):
        requests = list(HoldRequest.objects.order_by("pk"))
        if requests:
            self.may_refuse(cancel_request, request_id=requests[request % len(requests)].pk)

    @rule()
    def expire(self):
        due = HoldRequest.objects.filter(state=RequestState.READY, expires_at__lt=self.now)
        for pk in list(due.values_list("pk", flat=True)):
            expire_request(intent=self.intent(), request_id=pk, now=self.now)

    @rule(request=index, until=st.none() | st.integers(0, 9))
    def pause(self, request, until):
        requests = list(HoldRequest.objects.order_by("pk"))
        if requests:
            day = None if until is None else local_date(self.now) + timedelta(days=until)
            pk = requests[request % len(requests)].pk
            self.may_refuse(pause_request, request_id=pk, until=day)

    @rule(request=index, desk=st.sampled_from(DESKS))
    def go_on_or_move(self, request, desk):
        requests = list(HoldRequest.objects.order_by("pk"))
        if requests:
            pk = requests[request % len(requests)].pk
            self.may_refuse(resume_request, request_id=pk)
            branch = self.world.branches[desk].pk
            self.may_refuse(move_request, request_id=pk, pickup_branch_id=branch)

    @rule(loan=index, action=st.sampled_from([claim_returned, report_lost, recall]))
    def trouble(self, loan, action):
        loans = list(Loan.objects.filter(closed_at=None).order_by("pk"))
        if loans:
            self.may_refuse(action, loan_id=loans[loan % len(loans)].pk)

    @rule(item=index, desk=st.sampled_from(DESKS), is_damaged=st.booleans())
    def not_as_it_should_be(self, item, desk, is_damaged):
        given = {
            "branch_id": self.world.branches[desk].pk,
            "barcode": self.items[item].barcode,
        }
        if is_damaged:
            self.may_refuse(report_damaged, note="缺页", **given)
        else:
            self.may_refuse(report_not_found, **given)

    @rule()
    def propose(self):
        allocate_requests(now=self.now)

    @rule(origin=st.sampled_from(DESKS), destination=st.sampled_from(DESKS), item=index)
    def pack(self, origin, destination, item):
        """A crate a pair of branches: opened, packed, or moved on by whatever step fits."""
        ends = {
            "origin_id": self.world.branches[origin].pk,
            "destination_id": self.world.branches[destination].pk,
        }
        self.may_refuse(open_crate, code=f"{origin}-{destination}", **ends)
        crate = Crate.objects.filter(**ends, state__in=OPEN_CRATE_STATES).first()
        if crate is None:
            return
        self.may_refuse(pack, crate_id=crate.pk, barcode=self.items[item].barcode)
        for step in (close_crate, dispatch_crate, receive_crate, empty_crate):
            if item % 2:
                self.may_refuse(step, crate_id=crate.pk)

    @rule(transit=index)
    def dispatch(self, transit):
        transits = list(Transit.objects.order_by("pk"))
        if transits:
            self.may_refuse(dispatch_transit, transit_id=transits[transit % len(transits)].pk)

    @rule(transit=index)
    def receive(self, transit):
        transits = list(Transit.objects.filter(state__in=OPEN_TRANSIT_STATES).order_by("pk"))
        if transits:
            pk = transits[transit % len(transits)].pk
            receive_transit(intent=self.intent(), transit_id=pk, now=self.now)

    @rule(days=st.integers(1, 40))
    def time_passes(self, days):
        self.now += timedelta(days=days)

    def may_refuse(self, action, **given):
        try:
            action(intent=self.intent(), now=self.now, **given)
        except LibraryError as error:
            assert error.code not in {"busy", "operation_reused"}, error

    @invariant()
    def the_books_are_right(self):
        if not hasattr(self, "world"):
            return
        check = check_item_events()
        assert check.is_sound, check.findings
        open_loans = list(Loan.objects.filter(closed_at=None).values_list("item_id", "patron_id"))
        assert max(Counter(item for item, _ in open_loans).values(), default=0) <= 1
        assert max(Counter(patron for _, patron in open_loans).values(), default=0) <= LIMIT
        served = HoldRequest.objects.filter(state=RequestState.READY).select_related("item")
        for request in served:
            assert request.item.status == ItemStatus.ON_HOLD_SHELF
            assert request.item.current_branch_id == request.pickup_branch_id
        lent = {item for item, _ in open_loans}
        for item in Item.objects.all():
            is_out = item.status in (ItemStatus.ON_LOAN, ItemStatus.CLAIMED_RETURNED)
            assert is_out == (item.pk in lent)
            if item.status == ItemStatus.ON_HOLD_SHELF:
                assert HoldRequest.objects.filter(item=item, state=RequestState.READY).exists()
        for crate in Crate.objects.filter(state="emptied"):
            inside = crate.transits.filter(state__in=OPEN_TRANSIT_STATES)
            assert not inside.filter(missed_at=None).exists()
        for transit in Transit.objects.filter(state__in=OPEN_TRANSIT_STATES):
            assert transit.origin_id != transit.destination_id
        assert not HoldRequest.objects.filter(
            state__in=OPEN_REQUEST_STATES, closed_at__isnull=False
        ).exists()
        assert not LedgerEntry.objects.filter(amount__lte=0).exists()

    def teardown(self):
        if hasattr(self, "before"):
            transaction.savepoint_rollback(self.before)


@pytest.mark.django_db
@pytest.mark.timeout(280)
def test_any_order_of_events_leaves_the_books_right():
    """CI-1, CI-4, CI-5, CO-5, CO-7, RQ-6, RQ-16."""
    hypothesis.stateful.run_state_machine_as_test(
        Days,
        settings=hypothesis.settings(
            max_examples=hypothesis.settings().max_examples // 6, stateful_step_count=40
        ),
    )
