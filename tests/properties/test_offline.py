"""OF-2: journals in any order and any number of times leave the same world behind.

Three devices without a line and a desk with one; what the desk did stands already. The same events
are told once in the order of time and once shuffled with repetitions, from the same start.
"""

from collections import Counter
from datetime import timedelta

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st

from catalog.models import Item
from circulation.actions.check_item_events import check_item_events
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent
from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.models import Loan, LoanRule, OfflineConflict, OfflineEvent, Transit
from library_net.accounts.scope import Scope
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
ANYWHERE = Scope(everywhere=True)
DESKS = ("JJ-MAIN", "ZY-MAIN", "CD-MAIN")
READERS = ("雪", "川", "禾")
LIMIT = 2
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["checkout", "checkout", "checkin"]),
        st.integers(0, 3),  # which copy
        st.integers(0, 2),  # which reader
        st.integers(0, 2),  # which desk, and so which device
        st.integers(0, 40),  # minutes after ten
    ),
    min_size=1,
    max_size=9,
)
ONLINE = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=4)


@hypothesis.given(events=EVENTS, online=ONLINE, data=st.data())
@hypothesis.settings(max_examples=25)
def test_the_order_and_number_of_uploads_changes_nothing(events, online, data):
    numbered = list(enumerate(events))
    shuffled = data.draw(st.permutations(numbered))
    repeated = data.draw(st.lists(st.sampled_from(numbered), max_size=5))
    at = data.draw(st.integers(0, len(shuffled)))
    start = transaction.savepoint()  # an atomic block would forbid durable ones
    try:
        world, copies = before(online)
        in_order = sorted(numbered, key=lambda event: event[1][4])
        told_once = after(world, copies, in_order)
        told_otherwise = after(world, copies, shuffled[:at] + repeated + shuffled[at:] + repeated)
    finally:
        transaction.savepoint_rollback(start)

    assert told_otherwise == told_once


def before(online):
    """Four copies in three cities, and a few loans and returns made with a line at half past."""
    world = World.build()
    LoanRule.objects.update(max_loans=LIMIT)
    copies = [world.item(f"书{n}", at=DESKS[n % 3]) for n in range(4)]
    for number, (copy, reader, comes_back) in enumerate(online):
        now = NOW + timedelta(minutes=4 * number + 1, seconds=30)
        common = {"branch_id": world.branches["JJ-MAIN"].pk, "barcode": copies[copy].barcode}
        if Loan.objects.filter(item=copies[copy], closed_at=None).exists():
            checkin(intent=intent(f"on-{number}"), now=now, **common)
            continue
        if (
            Loan.objects.filter(patron=world.patrons[READERS[reader]], closed_at=None).count()
            < LIMIT
        ):
            checkout(
                intent=intent(f"on-{number}"),
                patron_id=world.patrons[READERS[reader]].pk,
                now=now,
                **common,
            )
        if comes_back:
            checkin(intent=intent(f"on-{number}-back"), now=now + timedelta(minutes=2), **common)
    return world, copies


def after(world, copies, events):
    """Tell the events one by one, look at everything, and undo it."""
    start = transaction.savepoint()
    try:
        for number, (kind, copy, reader, desk, minute) in events:
            lent = kind == "checkout"
            entry = Entry(
                operation_id=f"e{number}",
                kind=EntryKind(kind),
                happened_at=NOW + timedelta(minutes=minute),
                barcode=copies[copy].barcode,
                card=f"{reader}" if lent else "",
                patron_id=world.patrons[READERS[reader]].pk if lent else None,
            )
            (answer,) = record_offline(
                intent=intent("journal", caller=f"device-{desk}"),
                device=f"device-{desk}",
                branch_id=world.branches[DESKS[desk]].pk,
                entries=[entry],
                now=NOW + timedelta(hours=2),
            )
            assert answer["state"] == "recorded", answer
        check(world)
        return picture()
    finally:
        transaction.savepoint_rollback(start)


def check(world):
    assert not check_item_events().findings
    per_reader = Counter(
        Loan.objects.filter(closed_at=None)
        .exclude(pk__in=OfflineEvent.objects.filter(is_over_limit=True).values("loan_id"))
        .values_list("patron_id", flat=True)
    )
    assert all(count <= LIMIT for count in per_reader.values())


def picture():
    loans = Loan.objects.values_list(
        "item__barcode",
        "patron_id",
        "checkout_branch__code",
        "checked_out_at",
        "due_at",
        "closed_at",
        "checkin_branch__code",
    )
    return {
        "loans": sorted(loans, key=str),
        "copies": sorted(Item.objects.values_list("barcode", "status", "current_branch__code")),
        "over": sorted(
            OfflineEvent.objects.filter(is_over_limit=True).values_list("caller", "operation_id")
        ),
        "conflicts": sorted(
            OfflineConflict.objects.filter(closed_at=None).values_list(
                "event__caller", "event__operation_id", "code"
            )
        ),
        "moving": sorted(
            Transit.objects.filter(state__in=["pending", "dispatched"]).values_list(
                "item__barcode", "origin__code", "destination__code"
            )
        ),
    }


def intent(operation_id, *, caller="desk"):
    return Intent(caller=caller, operation_id=operation_id, scope=ANYWHERE)
