"""Prolong one open loan, at a desk or by the reader."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from circulation.actions.intake import item_answer
from circulation.actions.operations import (
    Answer,
    Intent,
    Journal,
    LostRace,
    refused,
    run_once,
)
from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, resolve
from circulation.domain.reasons import Refused
from circulation.domain.renewal import RenewalFacts, decide_renewal
from circulation.domain.states import ItemEventKind
from circulation.models import Loan
from circulation.readers.facts import (
    copy_state,
    loan_facts,
    lock_item,
    lock_patron,
    others_waiting_for,
    patron_facts,
    place_of_loan,
)
from circulation.readers.reference import desk_at, load_branch, load_reference
from library_net.db import claim
from library_net.errors import LibraryError


def renew(
    *,
    intent: Intent,
    loan_id: int,
    reader_id: int | None = None,
    desk_id: int | None = None,
    now: datetime,
) -> Answer:
    """Set a later due date by the rules of the checkout; rules RN-1 to RN-10.

    The reader may renew their own loan; staff, loans lent at their agency, and (PX-5) any loan of
    ``reader_id`` who stands at their desk ``desk_id`` or has them on the telephone. Raises
    ``Refused`` with every reason, ``unknown_loan``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        seen = Loan.objects.filter(pk=loan_id).values("item_id", "patron_id").first()
        if seen is None or seen["patron_id"] is None:
            raise LibraryError("unknown_loan")
        reference = load_reference(today=local_date(now))
        state = copy_state(lock_item(seen["item_id"]), reference=reference)
        patron = lock_patron(seen["patron_id"])
        loan = Loan.objects.select_related("item", "checkout_branch__agency").get(pk=loan_id)
        if reader_id is not None and desk_id is not None and reader_id == loan.patron_id:
            intent.require_agency(load_branch(branch_id=desk_id).agency_id)
        else:
            intent.require_patron_or_agency(
                patron_id=loan.patron_id, agency_id=loan.checkout_agency_id
            )
        desk = desk_at(loan.checkout_branch, reference=reference)
        context = Context(
            place=place_of_loan(loan, reference=reference), category=patron.category.code
        )
        terms = resolve(rules=reference.rules, context=context, on=desk.calendar.local_date(now))
        decision = decide_renewal(
            RenewalFacts(
                loan=loan_facts(loan) if loan.closed_at is None else None,
                patron=patron_facts(patron, reference=reference),
                copy=state.facts,
                desk=desk,
                terms=terms,
                waiting=others_waiting_for(state.item, patron_id=patron.pk),
                now=now,
            )
        )
        if isinstance(decision, Refused):
            raise refused(decision.reasons)
        unchanged = Loan.objects.filter(pk=loan.pk, closed_at=None, renewals=loan.renewals)
        if not claim(unchanged, due_at=decision.due_at, renewals=F("renewals") + 1):
            raise LostRace
        journal.happens(state.item, ItemEventKind.RENEWED, loan_id=loan.pk)
        return {
            "loan": loan.pk,
            "item": item_answer(state.item, reference=reference),
            "due_at": decision.due_at.isoformat(),
            "due_date": desk.calendar.local_date(decision.due_at).isoformat(),
            "renewals_left": decision.renewals_left,
            "rules": {line.parameter: line.rule for line in terms.because},
        }

    asked = {"loan": loan_id}
    if desk_id is not None:
        asked["desk"] = desk_id
    return run_once(intent=intent, action="renew", asked=asked, now=now, work=work)
