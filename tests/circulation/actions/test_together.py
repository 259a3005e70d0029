"""Ordinary loans and returns share a transaction; what they leave is what one alone leaves."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout_by_card
from circulation.actions.operations import Intent
from circulation.models import Loan
from circulation.readers.reference import load_reference
from library_net.accounts.scope import Scope
from tests.world import NOW, World, card_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World.build()


def intent(world: World, operation_id: str, agency: str = "JJ") -> Intent:
    pk = world.agencies[agency].pk
    scope = Scope(agency_ids=frozenset({pk}), home_agency_id=pk)
    return Intent(caller=f"agency:{pk}", operation_id=operation_id, scope=scope)


def test_an_ordinary_loan_and_return_ask_the_database_little(world):
    """Begin, lock, read, write, commit; on SQLite the write is a statement for each table."""
    written = 1 if connection.vendor == "postgresql" else 6
    load_reference(today=NOW.date())
    item = world.item()
    number = {"barcode": item.barcode, "now": NOW}
    card = card_of(world.patrons["雪"])

    with CaptureQueriesContext(connection) as lending:
        checkout_by_card(intent=intent(world, "out"), branch="JJ-MAIN", card=card, **number)
    with CaptureQueriesContext(connection) as returning:
        checkin(intent=intent(world, "in"), branch_id="JJ-MAIN", **number)

    assert len(lending) <= 4 + written
    assert len(returning) <= 4 + written
    assert Loan.objects.get().closed_at == NOW
