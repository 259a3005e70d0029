"""37: money put into the machine."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from circulation.actions.record_payment import record_payment
from circulation.domain.fees import NOTHING
from circulation.models import Operation
from circulation.protocols.sip2.asking import Ask, answer, refusal, said_no
from circulation.protocols.sip2.messages import Message
from circulation.protocols.sip2.resends import part
from circulation.readers.kiosk import owners_paid_before
from circulation.readers.lists import debts
from library_net.errors import LibraryError


def fee_paid(ask: Ask) -> Message:
    """37 → 38. CG names the owner the fee is due to; without it the owners are paid in turn.

    Every owner's share is an operation of its own, so that a repeat after a crash in between pays
    what was left, once.
    """
    amount = _amount(ask.get("BV"))
    if amount is None or ask.message.fixed["currency"].strip() not in ("", ask.profile.currency):
        return refusal(ask, _("This amount or currency cannot be taken. Ask at the desk."))
    try:
        patron_id = ask.card().patron_id
        creditors = owners_paid_before(patron_id=patron_id)
        claim = ask.claim(suffixes=creditors)
        done = _done(ask.profile.caller, claim.operation_id, creditors=creditors)
        owed = dict(debts(patron_id=patron_id))
        wanted = [ask.get("CG")] if ask.get("CG") in owed or ask.get("CG") in done else [*owed]
        shares = _shares(amount - sum(done.values(), NOTHING), owed=owed, owners=wanted, done=done)
        if shares is None:
            total = sum(owed.values(), NOTHING)
            raise LibraryError("bad_amount", amount=amount, owed=total)  # noqa: TRY301
        for owner, share in shares.items():
            record_payment(
                intent=ask.intent(part(claim.operation_id, owner)),
                branch_id=ask.profile.branch_id,
                patron_id=patron_id,
                owner=owner,
                amount=share,
                now=ask.now,
            )
    except LibraryError as error:
        return said_no(ask, error)
    fields = [("BK", ask.get("BK"))]
    return answer(ask, {"accepted": "Y"}, fields, at=claim.at(ask.now))


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    is_money = amount.is_finite() and NOTHING < amount < 100_000
    return amount if is_money and amount == amount.quantize(NOTHING) else None


def _done(caller: str, operation_id: str, *, creditors: list[str]) -> dict[str, Decimal]:
    """What this very payment has paid already, by owner. Queries: 1."""
    ids = [part(operation_id, owner) for owner in creditors]
    rows = Operation.objects.filter(caller=caller, operation_id__in=ids, was_refused=False)
    return {row.answer["owner"]: Decimal(row.answer["paid"]) for row in rows}


def _shares(
    amount: Decimal, *, owed: dict[str, Decimal], owners: list[str], done: dict[str, Decimal]
) -> dict[str, Decimal] | None:
    """Who gets how much; None when more is paid than owed."""
    shares: dict[str, Decimal] = {}
    left = amount
    for owner in owners:
        share = min(left, owed.get(owner, NOTHING))
        if share > NOTHING and owner not in done:
            shares[owner] = share
            left -= share
    return shares if left == NOTHING else None
