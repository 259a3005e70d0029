"""JSON-LD stands inside a page whose policy forbids inline script: Chromium must not mind."""

import json

import pytest

from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_json_ld_in_a_page_is_no_breach_of_the_content_policy(
    transactional_db, open_context, live_server, watch_page
):
    world = World.build()
    work = world.item("三体").source_record.manifestation.work_id
    page = open_context(live_server.url.replace("localhost", "127.0.0.1")).new_page()
    troubles = watch_page(page)
    page.add_init_script(
        "window.breaches = [];"
        "document.addEventListener('securitypolicyviolation', e => breaches.push(e.blockedURI))"
    )

    page.goto(f"/works/w{work}")
    text = page.locator('script[type="application/ld+json"]').text_content()

    assert json.loads(text)["name"] == "三体"
    assert page.evaluate("window.breaches") == []
    assert troubles == []
