"""Connections that were cut, or forgot what was prepared: a loan finds its way round."""

import gc
import threading
import time
from functools import partial

import pytest
from django.db import connection

from circulation.actions import checkout as checkout_module
from circulation.actions.checkout import checkout
from circulation.actions.group.together import commit_together
from circulation.actions.operations import Intent
from circulation.models import Loan, Operation
from circulation.readers.reference import load_reference
from library_net.accounts.scope import Scope
from library_net.lines import SharedLine, close_shared
from tests.world import NOW, World

OTHER_LINES = """FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no lines to cut"),
]


@pytest.fixture(autouse=True)
def no_lines_of_others():
    close_shared()


def other_lines() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {OTHER_LINES}")
        return cursor.fetchone()[0]


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
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(pg_terminate_backend(pid)) {OTHER_LINES}")
        assert cursor.fetchone() == (1,)

    answer = lend(world, "after", second.barcode)

    assert Loan.objects.get(pk=answer["loan"]).item_id == second.pk
    assert Operation.objects.count() == 2
    lend(world, "last", world.item("再来").barcode)
    assert other_lines() == 1  # loans share one again


def test_a_line_that_forgot_its_statements_prepares_them_again(monkeypatch):
    line = SharedLine()
    commit = partial(commit_together, decide=checkout_module._lend_together, line=line)
    monkeypatch.setattr(checkout_module._LANE, "_commit", commit)
    world = World.build()
    load_reference(today=NOW.date())
    lend(world, "before", world.item().barcode)
    with line.in_use(), connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    lend(world, "after", world.item("后来").barcode)

    assert Loan.objects.count() == 2
    line.close()


def test_loans_of_many_threads_need_one_line_only():
    world = World.build()
    load_reference(today=NOW.date())
    barcodes = [world.item(f"三体{n}").barcode for n in range(5)]

    def lend_one(number: int) -> None:
        try:
            lend(world, f"one {number}", barcodes[number])
        finally:
            connection.close()

    threads = [threading.Thread(target=lend_one, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Loan.objects.count() == 5
    assert other_lines() == 1


def test_the_line_of_a_thread_ends_with_it_though_nothing_is_collected():
    threads = [threading.Thread(target=other_lines) for _ in range(4)]
    gc.disable()
    try:
        for thread in threads:
            thread.start()
            thread.join(60)
        deadline = time.monotonic() + 20  # a session takes a moment to end
        while other_lines() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert other_lines() == 0
    finally:
        gc.enable()
