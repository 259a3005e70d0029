"""My fees and points: what I owe, to whom, why and where to pay."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.models import CollectionAgreement, Loan, LoanRule
from tests.circulation.bookkeeping import POINTS, Desk, rule
from tests.portal.conftest import text_of


def test_a_reader_sees_what_is_owed_for_which_book_and_where_to_pay(world, signed_in):
    desk = Desk(world)
    desk.now = timezone.now()
    CollectionAgreement.objects.all().delete()
    rule(points={**POINTS, "per_yuan": 100})
    desk.late(world.item("三体"), days=3)

    words = text_of(signed_in.get(reverse("portal:money")))

    for wanted in ("三体", "¥0.30", "锦江区图书馆", "297"):
        assert wanted in words
    assert "资阳市图书馆" not in words  # no agreement lets it collect
    assert reverse("portal:money") in signed_in.get(reverse("portal:loans")).content.decode()


def test_a_reader_sees_until_when_nothing_is_lent(world, signed_in):
    desk = Desk(world)
    desk.now = timezone.now()
    LoanRule.objects.create(code="days", owner=world.agencies["JJ"], suspend_days=2, fee_per_day=0)
    desk.late(world.item("三体"), days=3)

    words = text_of(signed_in.get(reverse("portal:money")))

    until = timezone.localdate() + timedelta(days=6)
    assert f"{until.year}年{until.month}月{until.day}日" in words


def test_a_reader_sees_that_a_fee_was_counted_anew_and_why(world, signed_in):
    """OF-9: a machine without a line had taken it in before the desk scanned it."""
    desk, item = Desk(world), world.item("三体")
    desk.now = timezone.now()
    desk.late(item, days=3)
    entry = Entry(
        operation_id="told-later",
        kind=EntryKind.CHECKIN,
        happened_at=desk.now - timedelta(days=2),
        barcode=item.barcode,
    )
    Loan.objects.update(checked_out_at=desk.now - timedelta(days=33))
    record_offline(
        intent=desk.intent(),
        device="kiosk",
        branch_id=world.branches["JJ-MAIN"].pk,
        entries=[entry],
        now=desk.now,
    )

    words = text_of(signed_in.get(reverse("portal:money")))

    for wanted in ("重新计算", "断网", "三体", "−¥0.20", "¥0.10"):
        assert wanted in words


def test_who_owes_nothing_is_told_so(world, signed_in):
    assert signed_in.get(reverse("portal:money")).status_code == 200


def test_the_page_asks_little_of_the_database(world, signed_in, django_assert_max_num_queries):
    desk = Desk(world)
    desk.now = timezone.now()
    for title in ("三体", "活着", "围城"):
        desk.late(world.item(title), days=3)

    with django_assert_max_num_queries(16):  # the session and the signed-in reader are five
        signed_in.get(reverse("portal:money"))
