"""OF-9: what a journal tells late costs the reader what it would have cost had it come in time."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from circulation.actions.charge import lift_suspension
from circulation.actions.check_item_events import check_item_events
from circulation.actions.loan_troubles import report_lost
from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.actions.record_payment import record_payment
from circulation.domain.accounts import trial_balance
from circulation.domain.fees import yuan
from circulation.models import LedgerEntry, Loan, OfflineConflict, PointEntry, Suspension
from tests.circulation.bookkeeping import TARIFF, Desk, postings, rule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
POINTS = {"start": 100, "per_late_day": 1, "loss": 50}


class OfflineDesk(Desk):
    """A desk that is days further every time, and a machine beside it without a line."""

    def days_pass(self, days):
        self.now += days * DAY

    def journal(self, *lines, at="JJ"):
        """Told now: ("checkout" | "checkin", copy, days ago[, reader])."""
        entries = [
            Entry(
                operation_id=f"{kind}-{item.pk}-{days_ago}",
                kind=EntryKind(kind),
                happened_at=self.now - days_ago * DAY,
                barcode=item.barcode,
                patron_id=self.world.patrons[who[0]].pk if who else None,
            )
            for kind, item, days_ago, *who in lines
        ]
        answers = record_offline(
            intent=self.intent(),
            device="kiosk",
            branch_id=self.world.branches[f"{at}-MAIN"].pk,
            entries=entries,
            now=self.now,
        )
        assert {answer["state"] for answer in answers} == {"recorded"}
        assert not check_item_events().findings
        assert not any(sum_of_books().values())
        return answers


def sum_of_books():
    books = {}
    for (book, _account), amount in trial_balance(postings()).items():
        books[book] = books.get(book, Decimal(0)) + amount
    return books


@pytest.fixture
def desk(world):
    return OfflineDesk(world)


def owed(desk, reader="雪"):
    rows = LedgerEntry.objects.filter(patron=desk.world.patrons[reader])
    return yuan(rows.aggregate(sum=Sum("owed"))["sum"] or 0)  # SQLite adds floats


def suspended(desk, reader="雪"):
    patron = desk.world.patrons[reader]
    patron.refresh_from_db()
    return patron.suspensions


def points(desk, reader="雪"):
    rows = PointEntry.objects.filter(patron=desk.world.patrons[reader])
    return rows.aggregate(sum=Sum("points"))["sum"]


def test_an_earlier_return_told_late_takes_the_fee_back(desk):
    """The machine had taken it in five days late, the desk scanned it ten days late."""
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(40)
    desk.bring_back(item)
    before = owed(desk)

    desk.journal(("checkin", item, 5))

    charged, given_back = LedgerEntry.objects.order_by("pk")
    assert (before, owed(desk)) == (Decimal("1.00"), Decimal("0.50"))
    assert (charged.kind, charged.amount) == ("overdue", Decimal("1.00"))
    assert (given_back.kind, given_back.owed) == ("correction", Decimal("-0.50"))
    (line,) = desk.account().corrections
    assert (line.title, line.amount) == ("三体", Decimal("-0.50"))
    (debt,) = desk.account().debts
    assert [(charge.amount, charge.open) for charge in debt.charges] == [(Decimal("0.50"),) * 2]


def test_in_the_order_it_happened_it_costs_the_same(desk):
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(35)
    desk.journal(("checkin", item, 0))
    desk.days_pass(5)
    desk.bring_back(item)

    assert owed(desk) == Decimal("0.50")
    assert desk.account().corrections == ()


def test_who_has_paid_already_has_the_difference_to_her_credit(desk):
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(40)
    desk.bring_back(item)
    desk.pay("1.00")

    desk.journal(("checkin", item, 12))

    assert owed(desk) == Decimal("-1.00")


def test_what_was_forgiven_is_not_given_back_as_well(desk):
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(40)
    desk.bring_back(item)
    desk.money(record_payment, amount=Decimal("0.80"), is_waiver=True, reason="kind")
    desk.pay("0.20")

    desk.journal(("checkin", item, 12))

    assert owed(desk) == Decimal("-0.20")


def test_a_loan_told_after_its_return_is_charged_for_its_late_days(desk):
    item = desk.world.item("三体")
    desk.days_pass(40)
    desk.bring_back(item)

    desk.journal(("checkout", item, 40, "雪"))

    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount) == ("overdue", Decimal("1.00"))
    assert not OfflineConflict.objects.exists()


def test_a_return_in_between_splits_a_loan_that_was_told_twice(desk):
    """She had it off line, brought it back in time, and the desk lent it to her again."""
    item = desk.world.item("三体")
    desk.days_pass(40)
    loan = desk.lend(item)
    desk.days_pass(1)
    desk.journal(("checkout", item, 41, "雪"))

    desk.journal(("checkin", item, 20))

    first, second = Loan.objects.order_by("checked_out_at")
    assert (first.closed_at, second.pk) == (desk.now - 20 * DAY, loan.pk)
    assert second.closed_at is None
    assert owed(desk) == 0


def test_an_end_nobody_saw_costs_nothing_until_the_return_is_told(desk):
    """川 had it from the machine while 雪's loan was open; then another machine tells when 雪
    brought it back."""
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(45)
    desk.bring_back(item)
    charged = owed(desk)

    desk.journal(("checkout", item, 7, "川"))
    unseen = owed(desk)
    desk.journal(("checkin", item, 10), at="ZY")

    assert (charged, unseen, owed(desk)) == (Decimal("1.50"), Decimal(0), Decimal("0.50"))
    assert owed(desk, "川") == 0


def test_days_without_lending_and_points_are_counted_anew(desk):
    rule(fee_per_day=0, suspend_days=1, points=POINTS)
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(40)
    desk.bring_back(item)
    before = (suspended(desk), points(desk))

    desk.journal(("checkin", item, 7))

    back = date(2026, 11, 20) + timedelta(days=33)
    assert before == ({"": (back + timedelta(days=17)).isoformat()}, 90)
    assert (suspended(desk), points(desk)) == ({"": (back + timedelta(days=3)).isoformat()}, 97)
    assert Suspension.objects.filter(corrected_at=None).get().days == 3
    assert [line.days for line in desk.account().corrections] == [10]


def test_suspensions_follow_one_another_in_the_order_of_the_returns(desk):
    rule(fee_per_day=0, suspend_days=1)
    early, late = desk.world.item("三体"), desk.world.item("活着")
    desk.lend(early)
    desk.lend(late)
    desk.days_pass(50)
    desk.journal(("checkin", late, 10))
    desk.journal(("checkin", early, 16))

    # 4 days from day 34 are over on day 38; 10 days from day 40.
    until = date(2026, 11, 20) + timedelta(days=50)
    assert suspended(desk) == {"": until.isoformat()}


def test_a_suspension_that_staff_lifted_stays_lifted(desk):
    rule(fee_per_day=0, suspend_days=1)
    item = desk.world.item("三体")
    desk.lend(item)
    desk.days_pass(40)
    desk.bring_back(item)
    patron = desk.world.patrons["雪"]
    common = {"patron_id": patron.pk, "owner": "", "reason": "ill"}
    lift_suspension(intent=desk.intent(), now=desk.now, **common)

    desk.journal(("checkin", item, 5))

    assert suspended(desk) == {}


def test_a_copy_that_was_back_before_it_was_given_up_was_not_lost(desk):
    rule(compensation=TARIFF, points=POINTS)
    item = desk.world.item("三体")
    loan = desk.lend(item)
    desk.days_pass(40)
    report_lost(intent=desk.intent(), loan_id=loan.pk, now=desk.now)
    before = (owed(desk), points(desk))

    desk.days_pass(2)
    desk.journal(("checkin", item, 10))

    loan.refresh_from_db()
    item.refresh_from_db()
    assert before == (Decimal("84.00"), 40)
    assert (owed(desk), points(desk)) == (Decimal("0.20"), 98)
    assert (loan.lost_at, loan.closed_at) == (None, desk.now - 10 * DAY)
    assert item.status == "available"


def test_a_lost_copy_found_off_line_counts_from_the_day_it_was_found(desk):
    """FE-8: within the days of the tariff, though the desk scanned it after them."""
    rule(compensation=TARIFF)
    item = desk.world.item("三体")
    loan = desk.lend(item)
    desk.days_pass(10)
    report_lost(intent=desk.intent(), loan_id=loan.pk, now=desk.now)
    desk.days_pass(40)
    desk.bring_back(item)
    before = owed(desk)

    desk.journal(("checkin", item, 30))

    assert (before, owed(desk)) == (Decimal("83.00"), Decimal("5.00"))
    loan.refresh_from_db()
    assert loan.found_at == desk.now - 30 * DAY
