"""Fees, points, settlements and the check of the rules in a real Chromium."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from circulation.actions.settle_month import settle_month
from circulation.models import LedgerEntry, LoanRule, Settlement
from library_net.accounts.models import User
from tests.browser.test_requests_and_crates import sign_in, sound
from tests.circulation.bookkeeping import POINTS, TARIFF, Desk, rule
from tests.portal.conftest import PASSWORD
from tests.world import World, card_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
LOOKS = [("phone", "zh", "light"), ("desk", "zh", "dark"), ("phone", "en", "dark")]


@pytest.fixture
def world(transactional_db):
    """雪 owes two libraries, has points, and borrows nothing of the second for some days."""
    cache.clear()
    world = World.build()
    desk = Desk(world)
    rule(points={**POINTS, "per_yuan": 100}, compensation=TARIFF, max_loans=9)
    LoanRule.objects.create(code="ziyang-days", owner=world.agencies["ZY"], suspend_days=2)
    last_month = timezone.now() - timedelta(days=timezone.localdate().day + 3)
    desk.now = last_month
    desk.late(world.item("平凡的世界"), days=9, at="ZY")
    desk.pay("0.90", at="ZY")
    settle_month(intent=desk.intent(), month=last_month.date(), now=timezone.now())
    desk.now = timezone.now()
    desk.late(world.item("活着", owner="ZY"), days=4)
    desk.late(world.item("三体"), days=3)
    desk.lose(world.item("围城"))
    return world


@pytest.fixture
def reader(world):
    patron = world.patrons["雪"]
    patron.user = User.objects.create_user(patron.number, password=PASSWORD, name=patron.name)
    patron.save(update_fields=["user"])
    return patron


@pytest.mark.parametrize(("size", "language", "scheme"), LOOKS)
def test_a_reader_reads_what_is_owed(reader, live_server, open_context, size, language, scheme):
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, language=language, color_scheme=scheme).new_page()
    sign_in(page, reverse("portal:sign_in"), reader.number)

    sound(page, reverse("portal:money"), name=f"money-{size}-{language}-{scheme}")

    assert "¥" in page.inner_text("main")


@pytest.mark.parametrize(("size", "language", "scheme"), LOOKS)
def test_the_desks_money_pages_are_sound(world, live_server, open_context, size, language, scheme):
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, language=language, color_scheme=scheme).new_page()
    user = world.librarian("JJ", password=PASSWORD)
    sign_in(page, reverse("admin:login"), user.get_username())
    page.goto(reverse("desk:scan"))
    page.fill("#scan", card_of(world.patrons["雪"]))
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    shown = {
        "desk-money": reverse("desk:money"),
        "settlements": reverse("desk:settlements"),
        "settlement": reverse("desk:settlement", args=[Settlement.objects.get().pk]),
        "rules": reverse("desk:rules"),
        "loan-rules": reverse("admin:circulation_loanrule_changelist"),
    }
    for name, path in shown.items():
        sound(page, path, name=f"{name}-{size}-{language}-{scheme}")


def test_a_librarian_takes_a_payment_by_keyboard(world, live_server, open_context, watch_page):
    """FE-4: what she types is what the books say."""
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size="desk").new_page()
    troubles = watch_page(page)
    user = world.librarian("ZY", password=PASSWORD)
    sign_in(page, reverse("admin:login"), user.get_username())
    page.goto(reverse("desk:scan"))
    page.fill("#scan", card_of(world.patrons["雪"]))
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    page.goto(reverse("desk:money"))
    amount = page.locator('section:has-text("资阳市图书馆") input[name="amount"]').first
    amount.fill("0.40")
    with page.expect_navigation():
        amount.press("Enter")

    paid = LedgerEntry.objects.filter(kind="payment", owner=world.agencies["ZY"])
    assert [str(entry.amount) for entry in paid] == ["0.40"]
    assert troubles == []


def test_a_draft_is_tried_in_the_browser(world, live_server, open_context, tmp_path):
    """RU-4."""
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size="desk").new_page()
    sign_in(page, reverse("admin:login"), world.network_admin(password=PASSWORD).get_username())
    draft = tmp_path / "draft.json"
    said = {"code": "test-network", "loan_days": 10, "max_loans": 1, "fee_per_day": "0.50"}
    draft.write_text(json.dumps({"rules": [said]}))
    page.goto(reverse("desk:rules"))
    page.set_input_files("#file", str(draft))
    with page.expect_navigation():
        page.click("form[enctype] button")

    words = page.inner_text("#content")
    assert "test-network" in words
    assert "10" in words
