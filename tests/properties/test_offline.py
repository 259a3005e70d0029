"""OF-2, OF-9: journals in any order and any number of times leave the same world behind.

Three devices without a line and a desk with one; what the desk did stands already. The same events
are told once in the order of time and once shuffled with repetitions, from the same start. Steps
are hours of two weeks and loans are short, so copies come back late and are given up, and what
that costs must not depend on the order either.
"""

import contextlib
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import hypothesis
import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import strategies as st

from catalog.models import Item
from circulation.actions.check_item_events import check_item_events
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.loan_troubles import report_lost
from circulation.actions.operations import Intent
from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.domain.fees import yuan
from circulation.models import (
    LedgerEntry,
    Loan,
    OfflineConflict,
    OfflineEvent,
    Patron,
    PointEntry,
    Transit,
)
from circulation.models.ledger import PointKind
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.circulation.bookkeeping import rule
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
        st.integers(0, 40),  # steps after ten
    ),
    min_size=1,
    max_size=9,
)
ONLINE = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["stays", "back", "lost"])),
    max_size=4,
)
STEP = timedelta(hours=9)
COSTS = {
    "loan_days": 2,
    "fee_per_day": Decimal("0.10"),
    "fee_cap": Decimal("0.50"),
    "suspend_days": 1,
    "points": {"start": 100, "per_late_day": 1, "loss": 50},
    "compensation": {"minimum": "20", "processing": "5", "refund_days": 3},
}


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
    rule(max_loans=LIMIT, **COSTS)
    copies = [world.item(f"书{n}", at=DESKS[n % 3]) for n in range(4)]
    for number, (copy, reader, becomes) in enumerate(online):
        now = NOW + STEP * (8 * number + 1.5)
        common = {"branch_id": world.branches["JJ-MAIN"].pk, "barcode": copies[copy].barcode}
        if Loan.objects.filter(item=copies[copy], closed_at=None).exists():
            checkin(intent=intent(f"on-{number}"), now=now, **common)
            continue
        if (
            Loan.objects.filter(patron=world.patrons[READERS[reader]], closed_at=None).count()
            < LIMIT
        ):
            with contextlib.suppress(LibraryError):  # days without lending, or too much owed
                checkout(
                    intent=intent(f"on-{number}"),
                    patron_id=world.patrons[READERS[reader]].pk,
                    now=now,
                    **common,
                )
        loan = Loan.objects.filter(item=copies[copy], closed_at=None).first()
        if becomes == "back":
            checkin(intent=intent(f"on-{number}-back"), now=now + 6 * STEP, **common)
        elif becomes == "lost" and loan is not None:
            report_lost(intent=intent(f"on-{number}-lost"), loan_id=loan.pk, now=now + 7 * STEP)
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
                happened_at=NOW + STEP * minute,
                barcode=copies[copy].barcode,
                card=f"{reader}" if lent else "",
                patron_id=world.patrons[READERS[reader]].pk if lent else None,
            )
            (answer,) = record_offline(
                intent=intent("journal", caller=f"device-{desk}"),
                device=f"device-{desk}",
                branch_id=world.branches[DESKS[desk]].pk,
                entries=[entry],
                now=NOW + STEP * 60,
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
        "lost_at",
        "found_at",
    )
    owed = LedgerEntry.objects.values_list("patron_id", "owner_id").annotate(sum=Sum("owed"))
    earned = PointEntry.objects.exclude(kind=PointKind.START).values_list("patron_id")
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
        "owed": sorted(row for row in ((*who, yuan(amount)) for *who, amount in owed) if row[-1]),
        "points": sorted(row for row in earned.annotate(sum=Sum("points")) if row[-1]),
        "no lending": sorted(Patron.objects.values_list("pk", "suspensions"), key=str),
        "moving": sorted(
            Transit.objects.filter(state__in=["pending", "dispatched"]).values_list(
                "item__barcode", "origin__code", "destination__code"
            )
        ),
    }


def intent(operation_id, *, caller="desk"):
    return Intent(caller=caller, operation_id=operation_id, scope=ANYWHERE)
