"""A librarian enters what a damaged copy costs, or lifts a suspension."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from circulation.actions._money import Sides, add_points, book, scheme_id
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain import accounts
from circulation.domain.accounts import Account
from circulation.domain.calendar import local_date
from circulation.domain.compensation import damage_fee
from circulation.domain.fees import NOTHING
from circulation.domain.policies import Context, Terms, resolve
from circulation.models import Loan, Suspension
from circulation.models.ledger import LedgerEntryKind, PointKind
from circulation.readers.copies import lost_copy
from circulation.readers.facts import lock_patron, place_of_loan
from circulation.readers.reference import load_branch, load_reference
from library_net.errors import LibraryError
from library_net.network.models import Branch


def charge_damage(
    *,
    intent: Intent,
    branch_id: int,
    loan_id: int,
    damage: str,
    marks: int = 1,
    now: datetime,
) -> Answer:
    """Charge the reader of a loan for damage of a kind the tariff knows (FE-9, PO-5).

    Raises ``unknown_loan``, ``unknown_damage``, ``unknown_branch``, ``outside_your_agency``,
    ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        loan = _loan(loan_id)
        terms = _terms(loan, now=now)
        amount = damage_fee(
            tariff=terms.compensation,
            copy=lost_copy(loan.item),
            code=damage,
            marks=marks,
            today=local_date(now),
        )
        if amount is None:
            known = ", ".join(each.code for each in terms.compensation.damages) or "—"
            raise LibraryError("unknown_damage", damage=damage, known=known)
        _write_damage(journal, loan=loan, branch=branch, terms=terms, amount=amount, damage=damage)
        number = loan.patron.number if loan.patron else ""
        return {"loan": loan.pk, "patron": number, "fee": str(amount)}

    asked = {"branch": branch_id, "loan": loan_id, "damage": damage, "marks": marks}
    return run_once(intent=intent, action="charge_damage", asked=asked, now=now, work=work)


def lift_suspension(
    *, intent: Intent, patron_id: int, owner: str, reason: str, now: datetime
) -> Answer:
    """End the days without lending early; by the owner whose rule it was, with a reason (FE-3).

    Raises ``unknown_suspension``, ``reason_missing``, ``outside_your_agency``.
    """

    def work(_journal: Journal) -> Answer:
        patron = lock_patron(patron_id)
        running = Suspension.objects.filter(patron=patron, lifted_at=None, corrected_at=None)
        running = running.filter(owner__code=owner) if owner else running.filter(owner=None)
        row = running.order_by("-pk").first()
        if row is None or owner not in patron.suspensions:
            raise LibraryError("unknown_suspension")
        if row.owner_id is not None:
            intent.require_agency(row.owner_id)
        elif not intent.scope.everywhere:
            raise LibraryError("outside_your_agency")
        if not reason.strip():
            raise LibraryError("reason_missing")
        running.update(lifted_at=now, reason=reason.strip()[:200])
        patron.suspensions = {
            whose: until for whose, until in patron.suspensions.items() if whose != owner
        }
        patron.save(update_fields=["suspensions"])
        return {"patron": patron.number, "owner": owner}

    asked = {"patron": patron_id, "owner": owner}
    return run_once(intent=intent, action="lift_suspension", asked=asked, now=now, work=work)


def _loan(loan_id: int) -> Loan:
    """The loan with its reader locked. Raises ``unknown_loan``."""
    loan = (
        Loan.objects.select_related("item__source_record", "checkout_branch", "patron__category")
        .filter(pk=loan_id)
        .first()
    )
    if loan is None or loan.patron_id is None:
        raise LibraryError("unknown_loan")
    lock_patron(loan.patron_id)
    return loan


def _terms(loan: Loan, *, now: datetime) -> Terms:
    """The terms of the day it was lent."""
    reference = load_reference(today=local_date(now))
    category = loan.patron.category.code if loan.patron else ""
    context = Context(place=place_of_loan(loan, reference=reference), category=category)
    return resolve(rules=reference.rules, context=context, on=local_date(loan.checked_out_at))


def _write_damage(
    journal: Journal, *, loan: Loan, branch: Branch, terms: Terms, amount: Decimal, damage: str
) -> None:
    owner_id = loan.owning_agency_id
    assert loan.patron_id is not None
    if amount > NOTHING:
        book(
            journal,
            accounts.charge(owner=owner_id, amount=amount, income=Account.COMPENSATION),
            sides=Sides(patron_id=loan.patron_id, owner_id=owner_id, collector_id=branch.agency_id),
            kind=LedgerEntryKind.DAMAGE,
            loan_id=loan.pk,
            rule=terms.rule_for("compensation"),
            reason=damage,
        )
    if terms.points.damage:
        add_points(
            patron_id=loan.patron_id,
            scheme_id=scheme_id(terms.points_scope),
            scheme=terms.points,
            kind=PointKind.DAMAGE,
            points=-terms.points.damage,
            loan_id=loan.pk,
            now=journal.now,
        )
