"""Money handed over at a desk, forgiven by its owner, paid with points, or handed out again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from circulation.actions._money import Sides, add_points, book, owed_to, scheme_id
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain import accounts
from circulation.domain.accounts import Account
from circulation.domain.calendar import local_date
from circulation.domain.fees import NOTHING, yuan
from circulation.domain.points import points_suffice, price_in_points
from circulation.models import Patron
from circulation.models.ledger import LedgerEntryKind, PointKind
from circulation.readers.facts import lock_patron
from circulation.readers.money import may_collect_here, point_balance, scheme_for
from circulation.readers.reference import load_branch
from library_net.errors import LibraryError
from library_net.network.models import Agency, Branch


def record_payment(
    *,
    intent: Intent,
    branch_id: int,
    patron_id: int,
    owner: str,
    amount: Decimal,
    is_waiver: bool = False,
    reason: str = "",
    now: datetime,
) -> Answer:
    """Enter a payment collected at this branch for an owner, or the owner's waiver (FE-4, FE-5).

    The money belongs to the owner, whoever collects it; others collect it only while an agreement
    lets them, and only the owner waives, with a reason. Raises ``bad_amount`` (not positive, or
    more than is owed), ``may_not_collect``, ``reason_missing``, ``unknown_agency``,
    ``unknown_patron``, ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        branch, creditor, patron = _sides(intent, branch_id, owner, patron_id)
        if is_waiver:
            intent.require_agency(creditor.pk)
            if not reason.strip():
                raise LibraryError("reason_missing")
        else:
            _require_agreement(branch, creditor, now=now)
        owed = owed_to(patron_id=patron.pk, owner_id=creditor.pk)
        paid = yuan(amount)
        if not NOTHING < paid <= owed:
            raise LibraryError("bad_amount", amount=paid, owed=max(owed, NOTHING))
        postings = (
            accounts.credit(owner=creditor.pk, amount=paid, why=Account.WAIVED)
            if is_waiver
            else accounts.payment(owner=creditor.pk, collector=branch.agency_id, amount=paid)
        )
        book(
            journal,
            postings,
            sides=_who(patron, creditor, branch),
            kind=LedgerEntryKind.WAIVER if is_waiver else LedgerEntryKind.PAYMENT,
            reason=reason.strip()[:200],
        )
        return {
            "patron": patron.number,
            "owner": creditor.code,
            "paid": str(paid),
            "still_owed": str(owed - paid),
        }

    asked = {
        "branch": branch_id,
        "patron": patron_id,
        "owner": owner,
        "amount": str(amount),
        "waiver": is_waiver,
    }
    return run_once(intent=intent, action="record_payment", asked=asked, now=now, work=work)


def pay_with_points(
    *, intent: Intent, branch_id: int, patron_id: int, owner: str, now: datetime
) -> Answer:
    """Pay all that is owed to an owner with points, or nothing of it (PO-4); at a desk only.

    Raises ``bad_amount`` (nothing is owed), ``no_points_scheme``, ``too_few_points``, and what
    ``record_payment`` raises.
    """

    def work(journal: Journal) -> Answer:
        branch, creditor, patron = _sides(intent, branch_id, owner, patron_id)
        _require_agreement(branch, creditor, now=now)
        owed = owed_to(patron_id=patron.pk, owner_id=creditor.pk)
        if owed <= NOTHING:
            raise LibraryError("bad_amount", amount=NOTHING, owed=NOTHING)
        scheme, scope = scheme_for(patron=patron, owner=creditor, branch=branch, now=now)
        price = price_in_points(scheme, amount=owed)
        if price is None:
            raise LibraryError("no_points_scheme", agency=creditor.code)
        whose = scheme_id(scope)
        balance = point_balance(patron_id=patron.pk, scheme_id=whose, scheme=scheme)
        if not points_suffice(scheme, balance=balance, amount=owed):
            raise LibraryError("too_few_points", balance=balance, price=price)
        add_points(
            patron_id=patron.pk,
            scheme_id=whose,
            scheme=scheme,
            kind=PointKind.PAID,
            points=-price,
            loan_id=None,
            now=now,
        )
        book(
            journal,
            accounts.credit(owner=creditor.pk, amount=owed, why=Account.POINTS),
            sides=_who(patron, creditor, branch),
            kind=LedgerEntryKind.POINTS,
        )
        return {
            "patron": patron.number,
            "owner": creditor.code,
            "paid": str(owed),
            "points": price,
            "points_left": balance - price,
            "still_owed": "0.00",
        }

    asked = {"branch": branch_id, "patron": patron_id, "owner": owner}
    return run_once(intent=intent, action="pay_with_points", asked=asked, now=now, work=work)


def pay_out(*, intent: Intent, branch_id: int, patron_id: int, owner: str, now: datetime) -> Answer:
    """Hand out what stands to the reader's credit with an owner (FE-8).

    Raises ``nothing_to_pay_out`` and what ``record_payment`` raises.
    """

    def work(journal: Journal) -> Answer:
        branch, creditor, patron = _sides(intent, branch_id, owner, patron_id)
        _require_agreement(branch, creditor, now=now)
        balance = -owed_to(patron_id=patron.pk, owner_id=creditor.pk)
        if balance <= NOTHING:
            raise LibraryError("nothing_to_pay_out", agency=creditor.code)
        book(
            journal,
            accounts.payout(owner=creditor.pk, payer=branch.agency_id, amount=balance),
            sides=_who(patron, creditor, branch),
            kind=LedgerEntryKind.PAYOUT,
        )
        return {"patron": patron.number, "owner": creditor.code, "paid_out": str(balance)}

    asked = {"branch": branch_id, "patron": patron_id, "owner": owner}
    return run_once(intent=intent, action="pay_out", asked=asked, now=now, work=work)


def _sides(
    intent: Intent, branch_id: int, owner: str, patron_id: int
) -> tuple[Branch, Agency, Patron]:
    branch = load_branch(branch_id=branch_id)
    intent.require_agency(branch.agency_id)
    creditor = Agency.objects.filter(code=owner).first()
    if creditor is None:
        raise LibraryError("unknown_agency", agency=owner)
    return branch, creditor, lock_patron(patron_id)


def _require_agreement(branch: Branch, creditor: Agency, *, now: datetime) -> None:
    on = local_date(now)
    if not may_collect_here(owner_id=creditor.pk, collector_id=branch.agency_id, on=on):
        raise LibraryError("may_not_collect", agency=creditor.code)


def _who(patron: Patron, creditor: Agency, branch: Branch) -> Sides:
    return Sides(patron_id=patron.pk, owner_id=creditor.pk, collector_id=branch.agency_id)
