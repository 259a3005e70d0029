"""Numbers of the feed while others write: no cursor ever passes a change it did not see."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Change, ChangeKind
from catalog.models.feed import append_changes, note_changes, number_changes
from tests.concurrency.test_shared_bytes_locked import Beside

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(120),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def numbered():
    rows = Change.objects.exclude(position=None).order_by("position")
    return list(rows.values_list("position", "work_id"))


def a_loan_is_noted_and_numbered():
    note_changes(work_ids=[7], kind=ChangeKind.AVAILABILITY, now=timezone.now())
    number_changes()


def test_nobody_gets_a_later_number_while_an_import_may_still_be_taken_back():
    with transaction.atomic():
        append_changes(changed=[1, 2], ended=[3], now=timezone.now())
        loan = Beside(a_loan_is_noted_and_numbered)
        assert loan.is_alive()

    assert loan.ended_well(), loan.failure
    assert numbered() == [(1, 1), (2, 2), (3, 3), (4, 7)]


def test_numbers_of_an_import_that_was_taken_back_are_given_again():
    class UndoneError(Exception):
        pass

    with pytest.raises(UndoneError), transaction.atomic():
        append_changes(changed=[1, 2], ended=[], now=timezone.now())
        loan = Beside(a_loan_is_noted_and_numbered)
        raise UndoneError

    assert loan.ended_well(), loan.failure
    assert numbered() == [(1, 7)]


def test_an_import_waits_until_those_before_it_have_their_numbers():
    with transaction.atomic():
        a_loan_is_noted_and_numbered()
        importing = Beside(
            lambda: append_changes(changed=[1], ended=[], now=timezone.now()),
        )

    assert importing.ended_well(), importing.failure
    assert numbered() == [(1, 7), (2, 1)]


def test_a_look_for_unnumbered_changes_never_goes_through_the_feed():
    """Without statistics PostgreSQL would: it takes rows without a number for frequent."""
    append_changes(changed=range(5000), ended=[], now=timezone.now())
    unnumbered = Change.objects.filter(position=None).order_by("id").values_list("id")[:1]

    assert "changes_unnumbered" in unnumbered.explain()
