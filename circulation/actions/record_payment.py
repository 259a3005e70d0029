"""Money handed over at a desk, or forgiven by its owner."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.fees import NOTHING, yuan
from circulation.models import LedgerEntry
from circulation.models.ledger import LedgerEntryKind
from circulation.readers.facts import lock_patron
from circulation.readers.reference import load_branch
from library_net.errors import LibraryError
from library_net.network.models import Agency


def record_payment(
    *,
    intent: Intent,
    branch_id: int,
    patron_id: int,
    owner: str,
    amount: Decimal,
    is_waiver: bool = False,
    now: datetime,
) -> Answer:
    """Enter a payment collected at this branch for an owner, or the owner's waiver.

    The money belongs to the owner, whoever collects it; only the owner can waive. Raises
    ``bad_amount`` (not positive, or more than is owed), ``unknown_agency``, ``unknown_patron``,
    ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        creditor = Agency.objects.filter(code=owner).first()
        if creditor is None:
            raise LibraryError("unknown_agency", agency=owner)
        if is_waiver:
            intent.require_agency(creditor.pk)
        patron = lock_patron(patron_id)
        entries = LedgerEntry.objects.filter(patron=patron, owner=creditor)
        owed = yuan(entries.aggregate(owed=Sum("amount"))["owed"] or NOTHING)
        paid = yuan(amount)
        if not NOTHING < paid <= owed:
            raise LibraryError("bad_amount", amount=paid, owed=owed)
        journal.charge(
            LedgerEntry(
                patron=patron,
                owner=creditor,
                collector_id=branch.agency_id,
                kind=LedgerEntryKind.WAIVER if is_waiver else LedgerEntryKind.PAYMENT,
                amount=-paid,
                at=journal.now,
            )
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
