"""Lend one copy to one reader at one desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db.models import Q

from catalog.domain.items import ItemStatus
from circulation.actions._found import settle_found
from circulation.actions.group.lane import Lane
from circulation.actions.group.sheet import Outcome, Sheet, Wider
from circulation.actions.group.together import (
    Call,
    Case,
    commit_together,
    every_issuer,
    own_code,
)
from circulation.actions.intake import (
    back_to_queue,
    change_request,
    copy_answer,
    drop_moves,
    free_from_transit,
    item_answer,
)
from circulation.actions.operations import Answer, Intent, Journal, digest_of, refused, run_as
from circulation.domain.calendar import local_date
from circulation.domain.checkout import Approved, Ask, decide_checkout
from circulation.domain.credentials import mask_document
from circulation.domain.facts import DeskFacts, PatronFacts
from circulation.domain.reasons import Refused
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_loan
from circulation.domain.states import ItemEventKind, MoveState, RequestEvent
from circulation.ledgers import Standing
from circulation.models import HoldRequest, Loan
from circulation.readers.facts import (
    CopyState,
    copy_state,
    lock_item,
    lock_patron,
    own_waiting_request,
    patron_facts,
)
from circulation.readers.identity import (
    barcode_asked,
    card_asked,
    card_at,
    copies_with_barcode,
)
from circulation.readers.identity import card as find_reader
from circulation.readers.reference import desk_at, load_branch, load_reference
from circulation.readers.together import Reader
from library_net.errors import LibraryError
from library_net.lines import SharedLine
from library_net.network.models import Branch

ACTION = "checkout"


def checkout(
    *,
    intent: Intent,
    branch_id: int,
    patron_id: int,
    barcode: str,
    owner: str = "",
    credential_id: int | None = None,
    now: datetime,
) -> Answer:
    """Lend the copy with this barcode; rules CO-1 to CO-13.

    ``credential_id`` is the card that was shown (none: found by patron number or signed in).
    Raises ``Refused`` with every reason, ``unknown_item``, ``ambiguous_item``, ``unknown_patron``,
    ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """
    asked = {
        "branch": branch_id,
        "patron": patron_id,
        "credential": credential_id,
        "barcode": barcode_asked(barcode),
        "owner": owner,
    }
    return _lend(
        Call(
            intent=intent,
            action=ACTION,
            digest=digest_of(ACTION, asked),
            branch=branch_id,
            barcode=clean_barcode(barcode),
            owner=owner,
            patron_id=patron_id,
            credential_id=credential_id,
            now=now,
        )
    )


def checkout_by_card(
    *, intent: Intent, branch: str, card: str, barcode: str, owner: str = "", now: datetime
) -> Answer:
    """As ``checkout``, with the branch's code and a card or patron number as it was scanned.

    Raises besides ``ambiguous_card``.
    """
    return _lend(
        _call_by_card(
            intent=intent, branch=branch, card=card, barcode=barcode, owner=owner, now=now
        )
    )


def checkout_if_ordinary(
    *, intent: Intent, branch: str, card: str, barcode: str, owner: str = "", now: datetime
) -> Answer | None:
    """As ``checkout_by_card``, in a batch or not at all: then none, and nothing was done.

    On PostgreSQL it needs no connection of the thread's own.
    """
    return _lend_in_lane(
        _call_by_card(
            intent=intent, branch=branch, card=card, barcode=barcode, owner=owner, now=now
        )
    )


def _call_by_card(
    *, intent: Intent, branch: str, card: str, barcode: str, owner: str, now: datetime
) -> Call:
    asked = {
        "branch": branch,
        "card": card_asked(card),
        "barcode": barcode_asked(barcode),
        "owner": owner,
    }
    return Call(
        intent=intent,
        action=ACTION,
        digest=digest_of(ACTION, asked),
        branch=branch,
        barcode=clean_barcode(barcode),
        owner=owner,
        card=card_at(card, today=local_date(now), issuers=[own_code(branch, now=now)]),
        now=now,
    )


def _lend(call: Call) -> Answer:
    answer = _lend_in_lane(call)
    return answer if answer is not None else _lend_alone(call)


def _lend_in_lane(call: Call) -> Answer | None:
    """Together with whoever else lends now; none where anything is out of the ordinary."""
    outcome = _LANE.run(call)
    if isinstance(outcome, Wider) and call.card is not None:
        issuers = every_issuer(now=call.now)
        card = card_at(call.card.text, today=local_date(call.now), issuers=issuers)
        outcome = _LANE.run(replace(call, card=card))
    if isinstance(outcome, LibraryError):
        raise outcome
    return None if isinstance(outcome, Wider) else outcome


# --- together ------------------------------------------------------------------------------------


def _lend_together(cases: Sequence[Case], sheet: Sheet) -> None:
    asks = [
        Ask(
            patron=_patron(case, case.reader),
            copy=case.copy.facts,
            desk=case.desk,
            now=case.call.now,
        )
        for case in cases
        if case.reader is not None
    ]
    rules = cases[0].reference.rules if cases else ()
    for case, decision in zip(cases, decide_checkout(asks, rules=rules), strict=True):
        if isinstance(decision, Refused):
            sheet.refuse(case.place, refused(decision.reasons))
        elif case.copy.facts.status == ItemStatus.AVAILABLE:  # else somebody has more to write
            _write_together(sheet, case=case, decision=decision)


def _patron(case: Case, reader: Reader) -> PatronFacts:
    blocked = case.credential_blocked
    return replace(reader.facts, credential_blocked=True) if blocked else reader.facts


def _write_together(sheet: Sheet, *, case: Case, decision: Approved) -> None:
    copy, call, facts = case.copy, case.call, case.copy.facts
    operation, terms = sheet.begin(), _terms_told(decision)
    loan_id = sheet.lend(
        item_id=facts.id,
        patron_id=decision.patron_id,
        owner_id=copy.owner_id,
        branch_id=case.desk.branch_id,
        agency_id=case.reference.agency_of[case.desk.branch_id],
        at=call.now,
        due_at=decision.due_at,
        terms=terms,
    )
    status = sheet.happens(
        operation,
        ItemEventKind.CHECKED_OUT,
        item_id=facts.id,
        seen=Standing(status=facts.status, branch_id=copy.current_id),
        branch_id=case.desk.branch_id,
        work_id=copy.work_id,
        loan_id=loan_id,
        at=call.now,
    )
    item = copy_answer(
        item_id=facts.id,
        barcode=facts.barcode,
        owner=facts.owner[0],
        title=copy.title,
        status=str(status),
        home=case.reference.branch_codes[facts.home_id],
    )
    number = case.reader.number if case.reader else ""
    answer = _answer(
        loan_id, decision=decision, item=item, patron=number, desk=case.desk, terms=terms
    )
    sheet.answer(operation, case.place, answer)


_LANE: Lane[Call, Outcome] = Lane(
    partial(commit_together, decide=_lend_together, line=SharedLine()),
    keys=lambda call: [(call.intent.caller, call.intent.operation_id), call.barcode],
)


# --- alone ---------------------------------------------------------------------------------------


def _lend_alone(call: Call) -> Answer:
    def work(journal: Journal) -> Answer:
        intent, now = call.intent, call.now
        reference = load_reference(today=local_date(now))
        intent.require_key(reference.keys)
        branch = load_branch(branch_id=reference.branch_id(call.branch))
        intent.require_agency(branch.agency_id)
        desk = desk_at(branch, reference=reference)
        patron_id, credential_id = _reader_of(call, agency_id=branch.agency_id)
        item_id = _settle(call.barcode, owner=call.owner, branch_id=branch.pk)
        state = copy_state(lock_item(item_id), reference=reference)
        journal.come_after(state.item)
        patron = lock_patron(patron_id)
        own = own_waiting_request(state.item, patron_id=patron_id)
        ask = Ask(
            patron=patron_facts(patron, reference=reference, credential_id=credential_id),
            copy=state.facts,
            desk=desk,
            fills=own.pk if own else None,
            now=now,
        )
        (decision,) = decide_checkout((ask,), rules=reference.rules)
        if isinstance(decision, Refused):
            raise refused(decision.reasons)
        if state.facts.status == ItemStatus.LOST:  # LO-5
            settle_found(journal, item=state.item, branch=branch, reference=reference)
        loan = _write(journal, decision=decision, state=state, own=own, branch=branch)
        item = item_answer(state.item, reference=reference)
        return _answer(
            loan.pk, decision=decision, item=item, patron=patron.number, desk=desk, terms=loan.terms
        )

    return run_as(
        intent=call.intent, action=call.action, digest=call.digest, now=call.now, work=work
    )


def _reader_of(call: Call, *, agency_id: int) -> tuple[int, int | None]:
    if call.patron_id is not None:
        return call.patron_id, call.credential_id
    text = call.card.text if call.card else ""
    shown = find_reader(text, today=local_date(call.now), agency_id=agency_id)
    return shown.patron_id, shown.credential_id


def _settle(barcode: str, *, owner: str, branch_id: int) -> int:
    copies = copies_with_barcode(barcode, branch_id=branch_id)
    settled = settle_loan(copies, owner=owner)
    if isinstance(settled, Unknown):
        raise LibraryError("unknown_item", barcode=barcode if copies else mask_document(barcode))
    if isinstance(settled, Ambiguous):
        owners = ", ".join(settled.owners)
        raise LibraryError("ambiguous_item", barcode=barcode, owners=owners)
    return settled


def _write(
    journal: Journal,
    *,
    decision: Approved,
    state: CopyState,
    own: HoldRequest | None,
    branch: Branch,
) -> Loan:
    item, now = state.item, journal.now
    loan = Loan.objects.create(
        item=item,
        patron_id=decision.patron_id,
        owning_agency_id=item.owning_agency_id,
        checkout_branch=branch,
        checkout_agency_id=branch.agency_id,
        checked_out_at=now,
        due_at=decision.due_at,
        terms=_terms_told(decision),
    )
    if state.transit is not None:
        free_from_transit(state.transit)
    if state.assigned is not None and decision.releases_request is not None:
        back_to_queue(state.assigned)
    filled = state.assigned if decision.releases_request is None else None
    filled = filled or (own if decision.fills_request else None)
    if filled is not None:
        change_request(filled, RequestEvent.LENT, item=item, closed_at=now)
    drop_moves(Q(item=item, state=MoveState.APPROVED))
    journal.happens(
        item,
        ItemEventKind.CHECKED_OUT,
        branch_id=branch.pk,
        loan_id=loan.pk,
        request_id=decision.fills_request,
    )
    return loan


def _terms_told(decision: Approved) -> dict[str, str]:
    return {line.parameter: line.rule for line in decision.terms.because}


def _answer(
    loan_id: int,
    *,
    decision: Approved,
    item: Answer,
    patron: str,
    desk: DeskFacts,
    terms: dict[str, str],
) -> Answer:
    return {
        "loan": loan_id,
        "item": item,
        "patron": patron,
        "branch": desk.branch,
        "due_at": decision.due_at.isoformat(),
        "due_date": desk.calendar.local_date(decision.due_at).isoformat(),
        "renewals_left": decision.terms.renewals,
        "filled_request": decision.fills_request,
        "rules": terms,
    }
