"""The simulated half-year's fees stand in the books as the actions would have entered them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from circulation.domain.accounts import Account, Posting, trial_balance
from circulation.domain.calendar import ALWAYS_OPEN
from circulation.models import LedgerEntry
from library_net.demo.halfyear import Copy, Fee, Half, Loan, Place, Reader
from library_net.demo.history import _Writer
from library_net.demo.steps.money import settle_months
from tests.circulation.domain.examples import terms
from tests.world import NOW, World


@pytest.mark.django_db
def test_fees_paid_elsewhere_are_in_both_books_and_months_settle_to_nothing():
    """FE-4, FE-11."""
    world = World.build()
    item = world.item()
    branch = world.branches["ZY-MAIN"]
    place = Place(
        id=branch.pk,
        code=branch.code,
        agency_id=branch.agency_id,
        city="资阳",
        calendar=ALWAYS_OPEN,
        draw=1,
    )
    copy = Copy(
        id=item.pk,
        title=1,
        record_id=item.source_record_id,
        owner_id=item.owning_agency_id,
        home_id=item.home_branch_id,
        appeal=1,
    )
    reader = Reader(id=world.patrons["雪"].pk, place_id=place.id, city="资阳", category="adult")
    then = NOW - timedelta(days=60)
    loan = Loan(
        copy=copy,
        reader=reader,
        place=place,
        terms=terms(),
        out_at=then - timedelta(days=33),
        due_at=then - timedelta(days=3),
        back_place=place,
        back_at=then,
    )
    half = Half(loans=[loan])
    for is_payment, amount in ((False, "0.30"), (True, "-0.30")):
        half.fees.append(
            Fee(
                loan=loan,
                amount=Decimal(amount),
                collector_id=place.agency_id,
                at=then,
                is_payment=is_payment,
            )
        )

    with transaction.atomic():
        _Writer(half).write(now=NOW)

    found = trial_balance(
        Posting(
            book=entry.book_id,
            debit=Account(entry.debit),
            credit=Account(entry.credit),
            amount=entry.amount,
        )
        for entry in LedgerEntry.objects.all()
    )
    assert found[item.owning_agency_id, Account.READER] == 0
    assert found[branch.agency_id, Account.CASH] == Decimal("0.30")
    assert LedgerEntry.objects.filter(kind="payment").values("transaction").distinct().count() == 1
    assert settle_months(now=NOW) == (1, Decimal(0))
