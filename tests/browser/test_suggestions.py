"""Suggestions under the search box in a real Chromium: keyboard, input method, without scripts."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from catalog.search.follow import rebuild
from catalog.search.index import shared_index

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def works(world, settings, tmp_path):
    """Numbers of the works by title."""
    items = {title: world.item(title) for title in ("射雕英雄传", "神雕侠侣", "三体")}
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    rebuild(shared_index(settings.SEARCH_INDEX_PATH))
    return {title: item.source_record.manifestation.work_id for title, item in items.items()}


@pytest.fixture
def open_page(open_page):
    """open_page(**options) -> the first page; its troubles fail the test at its end."""

    def open_one(**options):
        page = open_page(**options)
        page.goto("/")
        return page

    return open_one


def test_typed_letters_offer_works_and_the_keyboard_opens_one(works, open_page):
    page = open_page()
    box = page.get_by_role("combobox")
    box.press_sequentially("sdy")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("射雕英雄传")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert Axe().run(page).response["violations"] == []

    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press_sequentially("x")
    expect(option).to_be_visible()
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    box.press("Enter")

    expect(page).to_have_url(re.compile(f"/works/w{works['射雕英雄传']}$"))


def test_nothing_is_asked_while_an_input_method_is_at_work(works, open_page):
    page = open_page()
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "/suggestions" in r.url else None)
    box = page.get_by_role("combobox")
    box.focus()
    method = page.context.new_cdp_session(page)
    method.send(
        "Input.imeSetComposition", {"text": "she'd", "selectionStart": 5, "selectionEnd": 5}
    )
    page.wait_for_timeout(500)
    assert asked == []
    method.send("Input.insertText", {"text": "射雕"})

    expect(page.get_by_role("option")).to_have_count(1)
    assert len(asked) == 1


def test_without_scripts_the_box_is_a_plain_form(works, open_page):
    page = open_page(java_script_enabled=False)
    page.fill("#q", "sdyxz")
    page.press("#q", "Enter")
    expect(page.get_by_role("heading", name="射雕英雄传")).to_be_visible()
