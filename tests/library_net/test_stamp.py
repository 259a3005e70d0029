"""What decisions rest on is remembered, and forgotten with the commit that changes it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from circulation.models import LoanRule
from circulation.readers import reference as reference_module
from circulation.readers.reference import latest_reference, load_reference
from library_net.network.models import Agency, Branch, ClosedDay, MemberKey
from library_net.network.stamp import current_stamp, watched_tables
from tests.circulation.calls import Member, reasons
from tests.world import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def test_every_table_a_reference_is_read_from_is_watched(world):
    """Whoever lets it read another table has to watch that one (circulation/apps.py)."""
    with CaptureQueriesContext(connection) as queries:
        reference_module._load()

    read = {name for q in queries for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', q["sql"])}
    assert read
    assert read <= watched_tables()


def test_asked_again_it_is_one_question(world, django_assert_num_queries):
    load_reference(today=TODAY)

    with django_assert_num_queries(1):
        assert load_reference(today=TODAY).rules


@pytest.mark.parametrize(
    "write",
    [
        lambda w: LoanRule.objects.update(loan_days=3),
        lambda w: LoanRule.objects.all().delete(),
        lambda w: Agency.objects.filter(code="ZY").update(is_suspended=True),
        lambda w: ClosedDay.objects.create(branch=w.branches["JJ-MAIN"], date=TODAY),
        lambda w: w.branch("JJ-NEW", "JJ", "新馆"),
        lambda w: Branch.objects.filter(code="JJ-ROOM").update(is_active=False),
        lambda w: w.member_key("JJ"),
    ],
    ids=["update", "delete", "suspend", "close", "open", "retire", "key"],
)
def test_any_write_is_seen_at_once(world, write):
    before, stamp = load_reference(today=TODAY), current_stamp()

    write(world)

    assert current_stamp() != stamp
    assert load_reference(today=TODAY) != before


def test_a_hand_at_the_database_is_noticed_too(world):
    load_reference(today=TODAY)

    with connection.cursor() as cursor:
        cursor.execute("UPDATE circulation_loanrule SET loan_days = 7")

    assert {rule.loan_days for rule in load_reference(today=TODAY).rules if rule.loan_days} == {7}


def test_noting_that_a_key_was_used_changes_nothing_of_this(world):
    world.member_key("JJ")
    stamp = current_stamp()

    MemberKey.objects.update(last_used_at=NOW)

    assert current_stamp() == stamp


def test_a_revoked_key_lends_nothing_although_the_process_remembers_it(world):
    member = Member(world=world, agency="JJ")
    first, second = world.item(), world.item("球状闪电")
    load_reference(today=timezone.localdate())
    assert member.checkout("雪", first).status_code == 201

    MemberKey.objects.update(revoked_at=NOW)
    assert latest_reference(today=timezone.localdate()).keys  # still remembered
    refused = member.checkout("雪", second, key="late")
    MemberKey.objects.update(revoked_at=None)

    assert (refused.status_code, reasons(refused)) == (401, ["bad_member_key"])
    assert member.checkout("雪", second, key="late").status_code == 201


def test_a_new_rule_holds_for_the_very_next_loan(world):
    member = Member(world=world, agency="JJ")
    assert member.checkout("雪", world.item()).status_code == 201

    LoanRule.objects.update(is_lendable=False)

    assert reasons(member.checkout("雪", world.item())) == ["not_lendable"]
