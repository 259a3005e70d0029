"""Taking a copy in, from a reader or out of a crate: the writes that both actions share."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions._found import settle_found
from circulation.actions._money import book_lateness
from circulation.actions._plan_life import finish_plans
from circulation.actions.operations import Answer, Journal, LostRace
from circulation.domain.checkin import (
    Accepted,
    CheckinFacts,
    Oddity,
    ToHoldShelf,
    ToShelf,
    ToTransit,
    decide_checkin,
)
from circulation.domain.facts import DeskFacts
from circulation.domain.policies import Context, Place, Terms, resolve
from circulation.domain.requests import collect_by
from circulation.domain.states import (
    REQUEST_TRANSITIONS,
    TRANSIT_TRANSITIONS,
    ItemEventKind,
    MoveState,
    RequestEvent,
    RequestState,
    TransitEvent,
    TransitReason,
    TransitState,
    advance,
)
from circulation.models import HoldRequest, Loan, Move, StaffException, Transit
from circulation.readers.facts import (
    CopyState,
    approved_move,
    copy_state,
    lock_item,
    place_of_loan,
    queue_for,
)
from circulation.readers.reference import Reference
from library_net.db import claim
from library_net.network.models import Branch


def take_in(
    journal: Journal,
    *,
    item_id: int,
    branch: Branch,
    desk: DeskFacts,
    reference: Reference,
    is_told_later: bool = False,
) -> Answer:
    """Load, decide and write one copy's arrival at a desk. Queries: 6 to read.

    What is told later keeps the moment it is said to have happened at.
    """
    state = copy_state(lock_item(item_id), reference=reference)
    if not is_told_later:
        journal.come_after(state.item)
    terms = _terms(state, desk=desk, reference=reference, now=journal.now)
    facts = CheckinFacts(
        copy=state.facts,
        desk=desk,
        terms=terms,
        queue=queue_for(state.item, reference=reference),
        move=approved_move(state.item, branch_id=branch.pk),
        now=journal.now,
    )
    accepted = decide_checkin(facts)
    _close_loan(journal, state=state, accepted=accepted, branch=branch, terms=terms)
    if state.facts.status == ItemStatus.LOST:
        settle_found(journal, item=state.item, branch=branch, reference=reference)
    arrived = (
        ItemEventKind.RECEIVED
        if accepted.transit_event == TransitEvent.RECEIVED
        and state.facts.status == ItemStatus.IN_TRANSIT
        else ItemEventKind.CHECKED_IN
    )
    journal.happens(
        state.item,
        arrived,
        branch_id=branch.pk,
        loan_id=accepted.closes_loan,
        transit_id=state.facts.transit.id if state.facts.transit else None,
    )
    _end_transit(journal, state=state, accepted=accepted)
    if accepted.releases_request is not None and state.assigned is not None:
        back_to_queue(state.assigned)
    if accepted.drops_move is not None:
        drop_moves(Q(pk=accepted.drops_move, state=MoveState.APPROVED))
    where = _send_on(journal, state=state, accepted=accepted, desk=desk, terms=terms)
    odd = [
        _ask_staff(journal, oddity=oddity, branch=branch, item=state.item)
        for oddity in accepted.oddities
    ]
    return checkin_answer(
        item_answer(state.item, reference=reference),
        branch=branch.code,
        accepted=accepted,
        fee_owner=reference.code(state.item.owning_agency_id) if accepted.fee else None,
        where=where,
        exceptions=[{"code": e.code, "id": e.pk} for e in odd],
    )


def checkin_answer(
    item: Answer,
    *,
    branch: str,
    accepted: Accepted,
    fee_owner: str | None,
    where: Answer,
    exceptions: list[Answer],
) -> Answer:
    """What every desk is told of a copy that came in."""
    return {
        "item": item,
        "branch": branch,
        "closed_loan": accepted.closes_loan,
        "days_late": accepted.days_late,
        "fee": str(accepted.fee),
        "fee_owner": fee_owner,
        "next": where,
        "exceptions": exceptions,
    }


def transit_answer(where: ToTransit, *, transit: int, destination: str) -> Answer:
    """What every desk is told of a copy that travels on."""
    return {
        "kind": "transit",
        "reason": str(where.reason),
        "destination": destination,
        "transit": transit,
        "request": where.request_id,
        "move": where.move_id,
    }


def item_answer(item: Item, *, reference: Reference) -> Answer:
    """A copy in an answer; needs ``source_record.manifestation`` loaded."""
    manifestation = item.source_record.manifestation
    return copy_answer(
        item_id=item.pk,
        barcode=item.barcode,
        owner=reference.code(item.owning_agency_id),
        title=manifestation.title if manifestation else "",
        status=item.status,
        home=reference.branch_codes[item.home_branch_id],
    )


def copy_answer(
    *, item_id: int, barcode: str, owner: str, title: str, status: str, home: str
) -> Answer:
    """What every answer says of a copy."""
    return {
        "id": item_id,
        "barcode": barcode,
        "owner": owner,
        "title": title,
        "status": status,
        "home_branch": home,
    }


def free_from_transit(transit: Transit) -> None:
    """A transit that will not arrive: cancelled, and its plan's move dropped."""
    change_transit(transit, TransitEvent.CANCELLED)
    if transit.reason == TransitReason.REBALANCE:
        drop_moves(Q(transit=transit, state=MoveState.IN_TRANSIT))
        finish_plans()


def change_transit(transit: Transit, event: TransitEvent, **new: object) -> None:
    """Raises ``LostRace`` when the transit is no longer as it was read."""
    old = TransitState(transit.state)
    state = advance(TRANSIT_TRANSITIONS, state=old, event=event)
    if not claim(Transit.objects.filter(pk=transit.pk, state=old), state=str(state), **new):
        raise LostRace


def change_request(request: HoldRequest, event: RequestEvent, **new: object) -> None:
    """Raises ``LostRace`` when the request is no longer as it was read."""
    old = RequestState(request.state)
    state = advance(REQUEST_TRANSITIONS, state=old, event=event)
    served_by = Q(item=None) if request.item_id is None else Q(item_id=request.item_id)
    unchanged = HoldRequest.objects.filter(served_by, pk=request.pk, state=old)
    if not claim(unchanged, state=str(state), **new):
        raise LostRace


def back_to_queue(request: HoldRequest) -> None:
    """The copy is no longer for this reader; their place in the queue stays."""
    change_request(request, RequestEvent.RELEASED, item=None, ready_at=None, expires_at=None)


def drop_moves(which: Q) -> None:
    """Circulation wins over the plan; that is a normal outcome."""
    Move.objects.filter(which).update(state=MoveState.DROPPED)


def _terms(state: CopyState, *, desk: DeskFacts, reference: Reference, now: datetime) -> Terms:
    """The terms of the loan as they were on the day it was made; else of lending here today."""
    loan = state.loan
    if loan is None:
        place = Place(
            owner=state.facts.owner,
            visited=desk.agency,
            branch=desk.branch,
            material=state.facts.material,
        )
        context = Context(place=place, category="")
        return resolve(rules=reference.rules, context=context, on=desk.calendar.local_date(now))
    loan.item = state.item
    category = loan.patron.category.code if loan.patron else ""
    context = Context(place=place_of_loan(loan, reference=reference), category=category)
    lent_on = desk.calendar.local_date(loan.checked_out_at)
    return resolve(rules=reference.rules, context=context, on=lent_on)


def _close_loan(
    journal: Journal, *, state: CopyState, accepted: Accepted, branch: Branch, terms: Terms
) -> None:
    loan = state.loan
    if loan is None:
        return
    still_open = Loan.objects.filter(pk=loan.pk, closed_at=None)
    if not claim(still_open, closed_at=journal.now, checkin_branch=branch):
        raise LostRace
    book_lateness(
        journal,
        loan=loan,
        branch=branch,
        days_late=accepted.days_late,
        fee=accepted.fee,
        terms=terms,
    )


def _end_transit(journal: Journal, *, state: CopyState, accepted: Accepted) -> None:
    transit = state.transit
    if transit is None or accepted.transit_event is None:
        return
    if accepted.transit_event == TransitEvent.CANCELLED:
        free_from_transit(transit)
        return
    change_transit(transit, TransitEvent.RECEIVED, received_at=journal.now)
    if transit.reason == TransitReason.REBALANCE:
        arrived = Move.objects.filter(transit=transit, state=MoveState.IN_TRANSIT)
        arrived.update(state=MoveState.DONE)
        finish_plans()


def _send_on(
    journal: Journal,
    *,
    state: CopyState,
    accepted: Accepted,
    desk: DeskFacts,
    terms: Terms,
) -> Answer:
    """Write where the copy goes from here, and say it."""
    where, item = accepted.next, state.item
    if isinstance(where, ToHoldShelf):
        _hold(journal, state=state, request_id=where.request_id, desk=desk, terms=terms)
        return {"kind": "hold_shelf", "request": where.request_id}
    if isinstance(where, ToTransit):
        transit = _set_aside(journal, state=state, accepted=accepted, where=where, desk=desk)
        return transit_answer(where, transit=transit.pk, destination=transit.destination.code)
    if isinstance(where, ToShelf):
        if desk.branch_id != item.home_branch_id:
            journal.happens(item, ItemEventKind.FLOATED, branch_id=desk.branch_id)
        return {"kind": "shelf"}
    return {"kind": "staff"}


def _hold(
    journal: Journal, *, state: CopyState, request_id: int, desk: DeskFacts, terms: Terms
) -> None:
    request = _request(state, request_id)
    until = collect_by(
        ready_at=journal.now, hold_shelf_days=terms.hold_shelf_days, calendar=desk.calendar
    )
    change_request(
        request,
        RequestEvent.ARRIVED,
        item=state.item,
        # Scanned again on its own shelf: the days to collect do not start over.
        ready_at=request.ready_at or journal.now,
        expires_at=request.expires_at or until,
    )
    journal.happens(state.item, ItemEventKind.HELD, request_id=request_id)


def _set_aside(
    journal: Journal,
    *,
    state: CopyState,
    accepted: Accepted,
    where: ToTransit,
    desk: DeskFacts,
) -> Transit:
    transit = state.transit
    if transit is None or accepted.transit_event is not None:
        transit = Transit.objects.create(
            item=state.item,
            origin_id=desk.branch_id,
            destination_id=where.destination_id,
            reason=str(where.reason),
            request_id=where.request_id,
            created_at=journal.now,
        )
    if where.request_id is not None:
        change_request(
            _request(state, where.request_id),
            RequestEvent.SENT,
            item=state.item,
            ready_at=None,
            expires_at=None,
        )
    if where.move_id is not None:
        approved = Move.objects.filter(pk=where.move_id, state=MoveState.APPROVED)
        if not claim(approved, state=str(MoveState.IN_TRANSIT), transit=transit):
            raise LostRace
    journal.happens(
        state.item,
        ItemEventKind.SET_ASIDE,
        request_id=where.request_id,
        transit_id=transit.pk,
    )
    return transit


def _request(state: CopyState, request_id: int) -> HoldRequest:
    """The request the decision was about, still as it was then. Raises ``LostRace``."""
    if state.assigned is not None and state.assigned.pk == request_id:
        return state.assigned
    # It was waiting when the queue was read; by now another copy may have been given to it.
    waiting = HoldRequest.objects.filter(pk=request_id, state=RequestState.WAITING).first()
    if waiting is None:
        raise LostRace
    return waiting


def _ask_staff(journal: Journal, *, oddity: Oddity, branch: Branch, item: Item) -> StaffException:
    return journal.ask_staff(
        StaffException(
            branch=branch,
            agency_id=branch.agency_id,
            code=str(oddity),
            params={"barcode": item.barcode},
            item=item,
            barcode=item.barcode,
            created_at=journal.now,
        )
    )
