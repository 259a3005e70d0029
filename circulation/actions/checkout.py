"""Lend one copy to one reader at one desk."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from circulation.actions.intake import (
    back_to_queue,
    change_request,
    drop_moves,
    free_from_transit,
    item_answer,
)
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.checkout import Approved, Ask, decide_checkout
from circulation.domain.credentials import mask_document
from circulation.domain.facts import DeskFacts
from circulation.domain.reasons import Refused
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_loan
from circulation.domain.states import ItemEventKind, MoveState, RequestEvent
from circulation.models import HoldRequest, Loan, Patron
from circulation.readers.facts import (
    CopyState,
    copy_state,
    lock_item,
    lock_patron,
    own_waiting_request,
    patron_facts,
)
from circulation.readers.identity import barcode_asked, copies_with_barcode
from circulation.readers.reference import Reference, desk_at, load_branch, load_reference
from library_net.errors import LibraryError
from library_net.network.models import Branch


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

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        reference = load_reference(today=local_date(now))
        desk = desk_at(branch, reference=reference)
        item_id = _settle(barcode, owner=owner, branch_id=branch_id)
        state = copy_state(lock_item(item_id), reference=reference)
        patron = lock_patron(patron_id)
        own = own_waiting_request(state.item, patron_id=patron_id)
        ask = Ask(
            patron=patron_facts(patron, reference=reference, credential_id=credential_id),
            copy=state.facts,
            desk=desk,
            fills=own.pk if own else None,
        )
        (decision,) = decide_checkout((ask,), rules=reference.rules, now=now)
        if isinstance(decision, Refused):
            raise refused(decision.reasons)
        loan = _write(journal, decision=decision, state=state, own=own, branch=branch)
        return _answer(
            loan, decision=decision, state=state, patron=patron, desk=desk, reference=reference
        )

    asked = {
        "branch": branch_id,
        "patron": patron_id,
        "credential": credential_id,
        "barcode": barcode_asked(barcode),
        "owner": owner,
    }
    return run_once(intent=intent, action="checkout", asked=asked, now=now, work=work)


def _settle(barcode: str, *, owner: str, branch_id: int) -> int:
    text = clean_barcode(barcode)
    copies = copies_with_barcode(text, branch_id=branch_id)
    settled = settle_loan(copies, owner=owner)
    if isinstance(settled, Unknown):
        raise LibraryError("unknown_item", barcode=text if copies else mask_document(text))
    if isinstance(settled, Ambiguous):
        owners = ", ".join(settled.owners)
        raise LibraryError("ambiguous_item", barcode=text, owners=owners)
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
        terms={line.parameter: line.rule for line in decision.terms.because},
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


def _answer(
    loan: Loan,
    *,
    decision: Approved,
    state: CopyState,
    patron: Patron,
    desk: DeskFacts,
    reference: Reference,
) -> Answer:
    return {
        "loan": loan.pk,
        "item": item_answer(state.item, reference=reference),
        "patron": patron.number,
        "branch": desk.branch,
        "due_at": decision.due_at.isoformat(),
        "due_date": desk.calendar.local_date(decision.due_at).isoformat(),
        "renewals_left": decision.terms.renewals,
        "filled_request": decision.fills_request,
        "rules": loan.terms,
    }
