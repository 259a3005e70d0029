"""Family, privacy, cards, first sign-in and the desk's page of a reader, on phone and desk."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from circulation.actions.cards import keep_phone
from circulation.actions.guards import give_guardian
from library_net.accounts.models import User
from tests.browser.test_portal import sign_in
from tests.portal.conftest import PASSWORD
from tests.world import World, card_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
PAGES = ("family", "privacy", "card", "ask_code")


@pytest.fixture
def world(transactional_db):
    cache.clear()
    world = World.build()
    reader, child = world.patrons["雪"], world.patrons["禾"]
    reader.user = User.objects.create_user(reader.number, password=PASSWORD, name=reader.name)
    reader.save()
    keep_phone("13800000000", patron=reader, confirmed_at=None)
    give_guardian(
        ward=child,
        guardian_id=reader.pk,
        agency_id=child.registered_at_agency_id,
        caller="test",
        now=timezone.now(),
    )
    return world


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_pages_about_the_reader_herself_fit_and_can_be_used_by_all(
    world, open_context, live_server, size, tmp_path, settings
):
    settings.SMS_WEBHOOK_URL = "http://127.0.0.1:1/"
    page = open_context(live_server.url, size=size).new_page()
    wrong = {}
    for name in ("ask_code", "sign in", *PAGES[:3]):
        if name == "sign in":
            sign_in(page, world.patrons["雪"])
            continue
        page.goto(reverse(f"portal:{name}"))
        page.screenshot(path=tmp_path / f"{name}_{size}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if found or is_wide:
            wrong[name] = [is_wide, [(v["id"], v["nodes"][0]["html"][:120]) for v in found]]

    assert not wrong


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_desks_page_of_a_reader_fits_and_can_be_used_by_all(
    world, open_context, live_server, size, tmp_path
):
    world.librarian("JJ")
    page = open_context(live_server.url, size=size).new_page()
    page.goto("/admin/login/?next=/desk/")
    page.fill("#id_username", "staff-jj")
    page.fill("#id_password", "test")
    page.keyboard.press("Enter")
    page.wait_for_selector("#scan")
    page.fill("#scan", card_of(world.patrons["禾"]))
    page.keyboard.press("Enter")
    page.wait_for_selector("#patron-name")
    page.goto("/desk/reader/")
    for summary in page.locator("details summary").all():
        summary.click()
    page.screenshot(path=tmp_path / f"reader_{size}.png", full_page=True)
    found = [
        (v["id"], v["nodes"][0]["html"][:160])
        for v in Axe().run(page, context="#content").response["violations"]
    ]

    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not found
