"""The portal in a real Chromium: phone and desk, Chinese and English, with and without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from catalog.search.follow import rebuild
from catalog.search.index import shared_index
from circulation.models import HoldRequest, Loan
from tests.portal.conftest import PASSWORD, lend

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SMALLEST_TARGET = 44


@pytest.fixture
def shelves(world, reader, settings, tmp_path):
    """雪 has three books out; one waits on a shelf in another city: the number of its work."""
    record = world.record("三体", publisher="重庆出版社", languages=["chi"])
    world.item(record, at="ZY-MAIN", call_number="I247.55/123")
    for title, days in (("活着", 2), ("围城", 28), ("呐喊", 33)):
        lend(world, world.item(title), days_ago=days)
    world.item("The Old Man and the Sea", at="JJ-ROOM")
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    rebuild(shared_index(settings.SEARCH_INDEX_PATH))
    return record.manifestation.work_id


def sign_in(page, patron):
    page.goto(reverse("portal:sign_in"))
    page.fill("#identifier", patron.number)
    page.fill("#password", PASSWORD)
    page.click("main form button")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_accessibility_issue(
    shelves,
    reader,
    open_page,
    size,
    language,
    scheme,
):
    page = open_page(size=size, language=language, color_scheme=scheme)
    addresses = ["/", "/search?q=三体", "/search?q=没有", "/libraries", "/sign-in"]
    mine = [f"/works/w{shelves}", "/my/loans", "/my/requests", "/my/card"]
    for address in [*addresses, None, *mine]:
        if address is None:
            sign_in(page, reader)
            continue
        page.goto(address)
        found = Axe().run(page).response["violations"]
        serious = [v["id"] for v in found if v["impact"] in {"serious", "critical"}]
        assert not serious, f"{address}: {serious}"
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{address} scrolls sideways"


def test_slash_brings_the_cursor_to_the_box(shelves, open_page):
    page = open_page()
    page.goto("/libraries")

    page.keyboard.press("/")
    page.keyboard.type("三体")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("三体")
    expect(page.locator("article.work")).to_have_count(1)


def test_without_scripts_a_reader_searches_narrows_asks_and_renews(
    shelves,
    reader,
    open_page,
):
    page = open_page(size="phone", java_script_enabled=False)
    sign_in(page, reader)
    page.fill("#q", "santi")
    page.click(".find button")
    page.click("text=筛选")
    expect(page.locator("#filters")).to_be_visible()
    page.click("#filters >> text=现在可借")
    page.click("article.work h2 a")

    page.click("#request button")  # the second tap; her own branch is chosen already
    expect(page.locator(".note.success")).to_contain_text("预约成功")
    assert HoldRequest.objects.get().pickup_branch.code == "JJ-MAIN"

    page.click(".tabs >> text=借阅")
    page.click("article.loan:has-text('活着') button")
    expect(page.locator("article.loan:has-text('活着')")).to_contain_text("已续借")
    assert Loan.objects.get(item__source_record__manifestation__title="活着").renewals == 1


def test_with_scripts_a_renewal_changes_only_its_own_card(
    shelves,
    reader,
    open_page,
):
    page = open_page(size="phone")
    sign_in(page, reader)
    page.evaluate("window.sameDocument = true")

    page.click("article.loan:has-text('活着') button")

    expect(page.locator("article.loan:has-text('活着') .note")).to_contain_text("已续借")
    expect(page.locator("article.loan")).to_have_count(3)
    assert page.evaluate("window.sameDocument") is True


def test_two_quick_taps_place_one_request(shelves, reader, open_page):
    page = open_page(size="phone")
    sign_in(page, reader)
    page.goto(f"/works/w{shelves}")

    page.locator("#request button").dblclick(no_wait_after=True)
    page.wait_for_url("**/my/requests")

    assert HoldRequest.objects.count() == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_to_tap_on_a_phone_is_large_enough(
    shelves,
    reader,
    open_page,
    language,
):
    page = open_page(size="phone", language=language)
    sign_in(page, reader)
    for address in ("/", "/search?q=三体", f"/works/w{shelves}", "/my/loans", "/my/requests"):
        page.goto(address)
        small = page.evaluate(
            """least => [...document.querySelectorAll('button, input, select, summary, nav a')]
                .filter(e => e.type !== 'hidden' && e.checkVisibility())
                .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
                .filter(([_, height]) => height && height < least)""",
            SMALLEST_TARGET,
        )
        assert not small, f"{address}: {small}"


def test_large_type_is_large_and_nothing_scrolls_sideways_even_at_320(
    shelves,
    reader,
    open_page,
):
    page = open_page(size="phone")
    sign_in(page, reader)
    page.click("text=大字版")
    page.set_viewport_size({"width": 320, "height": 640})

    for address in ("/", "/search?q=三体", f"/works/w{shelves}", "/my/loans", "/my/card"):
        page.goto(address)
        size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert size >= 18
        assert wide <= 0, address


def test_dark_is_dark_and_light_is_light(shelves, open_page):
    grounds = {}
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        page.goto("/")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds[scheme] = sum(int(part) for part in ground[4:-1].split(","))
    assert grounds["light"] > 600
    assert grounds["dark"] < 120


def test_changing_the_language_keeps_the_page(shelves, open_page):
    page = open_page()
    page.goto("/search?q=三体")

    page.click("text=English")

    expect(page).to_have_url(page.url)
    assert "q=%E4%B8%89%E4%BD%93" in page.url
    expect(page.locator("html")).to_have_attribute("lang", "en")
