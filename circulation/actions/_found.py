"""A copy that counted as lost is in our hands again: its last reader gets back what is due."""

from __future__ import annotations

from decimal import Decimal

from catalog.models import Item
from circulation.actions._money import book_found
from circulation.actions.operations import Journal, LostRace
from circulation.domain.calendar import local_date
from circulation.domain.fees import NOTHING
from circulation.domain.policies import Context, Terms, resolve
from circulation.models import Loan
from circulation.readers.facts import place_of_loan
from circulation.readers.reference import Reference
from library_net.db import claim
from library_net.network.models import Branch


def settle_found(journal: Journal, *, item: Item, branch: Branch, reference: Reference) -> Decimal:
    """Rule LO-5: end the loan it was lost from and refund by the owner's tariff. Queries: 1 to 5.

    The amount that stands to the reader's credit; nothing when nobody had lost it.
    """
    loan = (
        Loan.objects.select_related("item", "checkout_branch", "patron__category")
        .filter(item=item, found_at=None)
        .exclude(lost_at=None)
        .order_by("-pk")
        .first()
    )
    if loan is None:
        return NOTHING
    if not claim(Loan.objects.filter(pk=loan.pk, found_at=None), found_at=journal.now):
        raise LostRace
    return book_found(journal, loan=loan, branch=branch, terms=terms_of(loan, reference=reference))


def terms_of(loan: Loan, *, reference: Reference) -> Terms:
    """The rules of the day it was lent; needs item, branch and category loaded. Queries: 0."""
    category = loan.patron.category.code if loan.patron else ""
    context = Context(place=place_of_loan(loan, reference=reference), category=category)
    return resolve(rules=reference.rules, context=context, on=local_date(loan.checked_out_at))
