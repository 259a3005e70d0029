"""Money and rules at the desk: a reader's account, settlements for both sides, a draft tried."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.actions.settle_month import settle_month
from circulation.models import LedgerEntry, Loan, LoanRule, Settlement
from tests.circulation.bookkeeping import POINTS, Desk, rule
from tests.world import card_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work(world) -> Desk:
    desk = Desk(world)
    desk.now = timezone.now()
    return desk


@pytest.fixture
def desk(world, client):
    """A librarian of Jinjiang with 雪 in front of her."""
    client.force_login(world.librarian("JJ"))
    client.get(reverse("desk:scan"))
    client.post(reverse("desk:scan"), {"code": card_of(world.patrons["雪"])})
    return client


def act(desk, verb, **form):
    return desk.post(reverse("desk:act_on_money", args=[verb]), form, follow=True)


def text_of(response) -> str:
    return response.content.decode()


def test_the_page_says_what_is_owed_for_which_book_by_which_rule(world, work, desk):
    work.late(world.item("三体"), days=3)

    page = text_of(desk.get(reverse("desk:money")))

    for words in ("三体", "¥0.30", "test-network", "锦江区图书馆"):
        assert words in page


def test_a_payment_sent_twice_is_entered_once(world, work, desk):
    work.late(world.item(), days=3)
    form = {"owner": "JJ", "amount": "０.20", "operation_id": "form-1"}

    act(desk, "pay", **form)
    answer = act(desk, "pay", **form)

    assert LedgerEntry.objects.filter(kind="payment").count() == 1
    assert "¥0.10" in text_of(answer)


def test_nonsense_for_an_amount_is_refused_in_words(world, work, desk):
    work.late(world.item(), days=3)

    answer = act(desk, "pay", owner="JJ", amount="很多")

    assert LedgerEntry.objects.filter(kind="payment").count() == 0
    assert "0.30" in text_of(answer)


def test_forgiving_needs_a_reason_and_is_offered_to_the_owner_only(world, work, desk):
    """FE-12."""
    work.late(world.item(), days=3)
    work.late(world.item("活着", owner="ZY"), days=2)
    page = text_of(desk.get(reverse("desk:money")))
    assert page.count(reverse("desk:act_on_money", args=["waive"])) == 1

    act(desk, "waive", owner="JJ", amount="0.30", reason="")
    assert not LedgerEntry.objects.filter(kind="waiver").exists()
    act(desk, "waive", owner="JJ", amount="0.30", reason="住院")

    assert LedgerEntry.objects.get(kind="waiver").reason == "住院"


def test_points_pay_at_the_desk(world, work, desk):
    """PO-4."""
    rule(points={**POINTS, "per_yuan": 100})
    work.late(world.item(), days=3)

    answer = act(desk, "points", owner="JJ")

    assert LedgerEntry.objects.get(kind="points").amount == Decimal("0.30")
    assert "267" in text_of(answer)  # 300 − 3 for the days − 30 for the fee


def test_a_suspension_is_shown_and_lifted_with_a_reason(world, work, desk):
    """FE-3."""
    LoanRule.objects.create(code="days", owner=world.agencies["JJ"], suspend_days=2)
    work.late(world.item(), days=3)
    until = (timezone.localdate() + timedelta(days=6)).isoformat()
    assert until in text_of(desk.get(reverse("desk:money")))

    act(desk, "lift", owner="JJ", reason="馆方误记")

    assert until not in text_of(desk.get(reverse("desk:money")))


def test_what_a_journal_made_us_count_anew_is_shown_with_its_reason(world, work, desk):
    """OF-9: a machine without a line had it in time; the fee and the days are taken back."""
    rule(suspend_days=2)
    item = world.item("三体")
    work.late(item, days=3)
    Loan.objects.update(checked_out_at=work.now - timedelta(days=33))
    entry = Entry(
        operation_id="told-later",
        kind=EntryKind.CHECKIN,
        happened_at=work.now - timedelta(days=5),
        barcode=item.barcode,
    )
    branch = world.branches["JJ-MAIN"].pk
    told = {"device": "kiosk", "branch_id": branch, "entries": [entry], "now": work.now}
    record_offline(intent=work.intent(), **told)

    page = text_of(desk.get(reverse("desk:money")))

    for words in ("重新计算", "断网", "三体", "−¥0.30", "6 天停借不再计入", "无欠款"):
        assert words in page


def test_without_an_open_reader_the_money_page_leads_back(world, client):
    client.force_login(world.librarian("JJ"))

    assert client.get(reverse("desk:money")).status_code == 302
    assert client.post(reverse("desk:act_on_money", args=["pay"])).status_code == 302


def settled(world, work) -> Settlement:
    """ZY took 0.30 for JJ last month."""
    first = timezone.localdate().replace(day=1)
    work.now = timezone.now() - timedelta(days=timezone.localdate().day + 3)
    work.late(world.item("三体"), days=3, at="ZY")
    work.pay("0.30", at="ZY")
    settle_month(intent=work.intent(), month=first - timedelta(days=1), now=timezone.now())
    return Settlement.objects.get()


def test_both_sides_see_the_same_statement_and_a_third_sees_none(world, work, client):
    """FE-11."""
    row = settled(world, work)
    pages = {}
    for agency in ("JJ", "ZY"):
        client.force_login(world.librarian(agency))
        pages[agency] = client.get(
            reverse("desk:settlement", args=[row.pk]), {"format": "csv"}
        ).content.decode("utf-8-sig")
        listed = text_of(client.get(reverse("desk:settlements")))
        assert "¥0.30" in listed

    assert pages["JJ"] == pages["ZY"]
    assert pages["JJ"].splitlines()[1].endswith(",0.30")
    client.force_login(world.librarian("MY"))
    assert client.get(reverse("desk:settlement", args=[row.pk])).status_code == 404
    assert "¥0.30" not in text_of(client.get(reverse("desk:settlements")))


def test_the_creditor_confirms_the_money_and_the_debtor_cannot(world, work, client):
    """FE-11."""
    row = settled(world, work)
    address = reverse("desk:settlement_paid", args=[row.pk])
    for agency, entries in (("ZY", 0), ("JJ", 2)):
        client.force_login(world.librarian(agency))
        page = text_of(client.get(reverse("desk:settlement", args=[row.pk])))
        assert (address in page) == (agency == "JJ")
        client.post(address)
        assert LedgerEntry.objects.filter(kind="transfer").count() == entries


def test_the_network_administrator_settles_a_month_that_is_over(world, work, client):
    """FE-11."""
    work.now = timezone.now() - timedelta(days=timezone.localdate().day + 3)
    work.late(world.item(), days=3, at="ZY")
    work.pay("0.30", at="ZY")
    client.force_login(world.network_admin())
    page = client.get(reverse("desk:settlements"))
    (month,) = page.context["months"]

    client.post(reverse("desk:settle_month"), {"month": month.isoformat()})
    client.post(reverse("desk:settle_month"), {"month": "2020-01-01"})

    assert Settlement.objects.get().month == month


def upload(client, data, *, days="30"):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    file = SimpleUploadedFile("draft.json", text)
    return client.post(reverse("desk:rules"), {"file": file, "days": days})


def test_the_rules_page_shows_what_is_wrong_with_them(world, client):
    """RU-2."""
    world.item()
    LoanRule.objects.create(code="second", loan_days=31)
    client.force_login(world.librarian("JJ"))

    page = text_of(client.get(reverse("desk:rules")))

    assert "second" in page
    assert "test-network" in page


def test_a_draft_shows_what_would_change_and_writes_nothing(world, work, client):
    """RU-4."""
    work.now = timezone.now() - timedelta(days=5)
    item = world.item()
    work.lend(item)
    client.force_login(world.librarian("JJ"))
    before = list(LoanRule.objects.values())

    answer = upload(client, {"rules": [{"code": "test-network", "loan_days": 10, "max_loans": 5}]})

    assert item.barcode in text_of(answer)
    assert answer.context["result"].events == 1
    assert list(LoanRule.objects.values()) == before
    assert Loan.objects.get().due_at - Loan.objects.get().checked_out_at > timedelta(days=20)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{", {"rules": [{"code": "a", "lone": 1}]}, {}])
def test_a_file_that_is_none_is_told_in_words(world, client, data):
    client.force_login(world.librarian("JJ"))

    answer = upload(client, data)

    assert answer.status_code == 200
    assert bool(answer.context.get("problem")) == (data != {})


def test_a_librarian_sees_changes_about_her_own_institution_only(world, work, client):
    work.now = timezone.now() - timedelta(days=5)
    item = world.item()
    work.lend(item)
    client.force_login(world.librarian("MY"))

    answer = upload(client, {"rules": [{"code": "test-network", "loan_days": 10, "max_loans": 5}]})

    assert item.barcode not in text_of(answer)
    assert answer.context["result"].events == 1
