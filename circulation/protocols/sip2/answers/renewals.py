"""29, 65: renewals."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from circulation.actions.operations import Answer
from circulation.actions.renew import renew
from circulation.models import Loan
from circulation.protocols.sip2.answers.copies import due_text, find_copy
from circulation.protocols.sip2.asking import Ask, answer, refusal, said_no
from circulation.protocols.sip2.messages import Message
from circulation.protocols.sip2.resends import part
from circulation.readers.lists import open_loans
from library_net.errors import LibraryError


def renew_answer(ask: Ask) -> Message:
    """29 → 30: the loan of the copy AB names, if it is this reader's."""
    try:
        patron_id, copy = ask.card().patron_id, find_copy(ask)
        loan = copy.loan
        if loan is None or loan.patron_id != patron_id:
            raise LibraryError("unknown_loan")  # noqa: TRY301 - told like any other refusal
        claim = ask.claim()
        done = renew(
            intent=ask.intent(claim.operation_id, patron_id=patron_id),
            loan_id=loan.pk,
            now=ask.now,
        )
    except LibraryError as error:
        return said_no(ask, error)
    return renewed(ask, done, at=claim.at(ask.now))


def renewed(ask: Ask, done: Answer, *, at: datetime) -> Message:
    """12 or 30 for a loan that was prolonged: nothing leaves the building anew."""
    fixed = {"ok": "1", "renewal_ok": "Y", "magnetic": "U", "desensitize": "N"}
    fields = [
        ("AB", done["item"]["barcode"]),
        ("AJ", done["item"]["title"]),
        ("AH", due_text(ask.profile, datetime.fromisoformat(done["due_at"]))),
    ]
    return answer(ask, fixed, fields, at=at)


def renew_all_answer(ask: Ask) -> Message:
    """65 → 66: every loan by itself; each renewal is an operation of its own."""
    try:
        patron_id = ask.card().patron_id
    except LibraryError as error:
        return said_no(ask, error)
    loans = list(open_loans(patron_id=patron_id))
    if not loans:
        return refusal(ask, _("Nothing is on loan."))
    claim = ask.claim(suffixes=[str(loan.pk) for loan in loans])
    prolonged: list[Loan] = []
    others: list[Loan] = []
    for loan in loans:
        intent = ask.intent(part(claim.operation_id, loan.pk), patron_id=patron_id)
        try:
            renew(intent=intent, loan_id=loan.pk, now=ask.now)
            prolonged.append(loan)
        except LibraryError:
            others.append(loan)
    fixed = {
        "ok": "1",
        "renewed_count": f"{len(prolonged):04d}",
        "unrenewed_count": f"{len(others):04d}",
    }
    fields = [
        *(("BM", loan.item.barcode) for loan in prolonged),
        *(("BN", loan.item.barcode) for loan in others),
    ]
    return answer(ask, fixed, fields, at=claim.at(ask.now))
