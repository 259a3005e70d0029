"""Connections that were cut, or forgot what was prepared: a loan finds its way round."""

import threading

import psycopg
import pytest
from django.db import connection

from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent
from circulation.models import Loan, Operation
from circulation.readers.reference import load_reference
from library_net.accounts.scope import Scope
from tests.world import NOW, World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no lines to cut"),
]


def lend(world: World, operation_id: str, barcode: str):
    pk = world.agencies["JJ"].pk
    return checkout(
        intent=Intent(
            caller=f"agency:{pk}",
            operation_id=operation_id,
            scope=Scope(agency_ids=frozenset({pk}), home_agency_id=pk),
        ),
        branch_id=world.branches["JJ-MAIN"].pk,
        patron_id=world.patrons["雪"].pk,
        barcode=barcode,
        now=NOW,
    )


def test_a_loan_is_made_though_its_line_was_cut():
    world = World.build()
    load_reference(today=NOW.date())
    first, second = world.item(), world.item("后来")
    lend(world, "before", first.barcode)
    line = connection.connection

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [line.info.backend_pid])
        connection.close()

    cutting = threading.Thread(target=cut)
    cutting.start()
    cutting.join()
    answer = lend(world, "after", second.barcode)

    assert Loan.objects.get(pk=answer["loan"]).item_id == second.pk
    assert Operation.objects.count() == 2


def test_a_line_that_forgot_its_statements_prepares_them_again():
    world = World.build()
    load_reference(today=NOW.date())
    lend(world, "before", world.item().barcode)
    line: psycopg.Connection = connection.connection
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    lend(world, "after", world.item("后来").barcode)

    assert connection.connection is line
    assert Loan.objects.count() == 2
