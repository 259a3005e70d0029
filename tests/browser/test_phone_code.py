"""The code a reader's phone makes by itself, in a real Chromium, with the network cut."""

import json

import pytest
import segno
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from circulation.models import Credential, Device
from circulation.models.patrons import CredentialStatus
from library_net.accounts.models import User
from tests.browser.test_portal import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def phone(open_context, live_server, reader, watch_page):
    """Signed in on a phone, at the page, the key made."""
    context = open_context(live_server.url, size="phone", language="en")
    page = context.new_page()
    page.troubles = watch_page(page)
    sign_in(page, reader)
    page.goto(reverse("portal:phone_code"))
    page.click('[data-part="start"]')
    page.wait_for_selector("canvas[data-code]")
    return page


def _scan(world, code, *, branch="JJ-MAIN"):
    """The desk of a library, in another browser; answers the page it then shows."""
    desk = Client()
    desk.force_login(User.objects.filter(username="staff-jj").first() or world.librarian("JJ"))
    return desk.post("/desk/", {"code": code}, follow=True).content.decode()


def test_our_qr_codes_are_those_of_the_standard(phone):
    """Against another encoder, module for module: every version, odd and even lengths."""
    texts = [
        "A",
        "LN1." + "K7" * 20,
        "B/12: $%*+-.",
        "0" * 90,
        *("Z9.X" * n for n in (20, 31, 44, 60, 75)),
    ]
    drawn = phone.evaluate(
        """async (texts) => {
            const { encode } = await import("/static/portal/qr.js");
            return texts.map((text) => {
                const code = encode(text);
                const rows = [...Array(code.size).keys()];
                return { mask: code.mask, version: code.version,
                         rows: rows.map((r) => rows.map((c) => (code.dark(r, c) ? 1 : 0))) };
            });
        }""",
        texts,
    )

    for text, ours in zip(texts, drawn, strict=True):
        theirs = segno.make(
            text, error="m", boost_error=False, micro=False, mode="alphanumeric", mask=ours["mask"]
        )
        assert theirs.version == ours["version"]
        assert [list(row) for row in theirs.matrix] == ours["rows"], text
    assert {ours["version"] for ours in drawn} >= {1, 7, 10}


def test_a_code_made_without_a_network_opens_the_account_at_the_desk(world, reader, phone):
    """ID-20, ID-21: the page is loaded anew while offline, and draws a code a desk accepts."""
    phone.wait_for_function("navigator.serviceWorker.controller || navigator.serviceWorker.ready")
    phone.wait_for_function(
        """async () => {
            const kept = await caches.open("library-net-code");
            return (await kept.keys()).some((request) => request.url.endsWith("/qr.js"));
        }"""
    )
    phone.reload()
    phone.wait_for_selector("canvas[data-code]")
    phone.context.set_offline(True)
    phone.reload()
    phone.wait_for_selector("canvas[data-code]")
    phone.select_option('[data-part="audience"]', f"B{world.branches['JJ-MAIN'].pk}")
    phone.click('[data-part="again"]')
    phone.wait_for_timeout(300)
    code = phone.locator("canvas").get_attribute("data-code")

    assert reader.number in _scan(world, code)
    assert reader.number not in _scan(world, code)  # ID-22
    phone.select_option('[data-part="audience"]', f"B{world.branches['ZY-MAIN'].pk}")
    phone.wait_for_timeout(300)
    elsewhere = phone.locator("canvas").get_attribute("data-code")
    assert elsewhere != code
    assert reader.number not in _scan(world, elsewhere)


def test_the_key_cannot_be_taken_out_of_the_browser(phone):
    """ID-20."""
    told = phone.evaluate(
        """() => new Promise((resolve) => {
            const opening = indexedDB.open("library-net", 1);
            opening.onsuccess = () => {
                const asked = opening.result.transaction("keys").objectStore("keys").get("device");
                asked.onsuccess = async () => {
                    const key = asked.result.sign;
                    const taken = await crypto.subtle
                        .exportKey("pkcs8", key).then(() => true, () => false);
                    resolve(JSON.stringify({ extractable: key.extractable, taken }));
                };
            };
        })"""
    )

    assert json.loads(told) == {"extractable": False, "taken": False}


def test_a_key_reported_lost_is_gone_from_the_page_at_the_next_visit(phone):
    """ID-20, ID-23."""
    Credential.objects.filter(pk=Device.objects.get().credential_id).update(
        status=CredentialStatus.LOST
    )

    phone.reload()

    expect(phone.locator('[data-part="start"]')).to_be_visible()
    assert [trouble for trouble in phone.troubles if "://localhost:" not in trouble] == []


def test_signing_out_takes_the_key_from_the_device(phone, reader):
    """ID-20: whoever sits down next has no card of hers."""
    phone.locator("footer form button").click()
    sign_in(phone, reader)
    phone.goto(reverse("portal:phone_code"))

    expect(phone.locator('[data-part="start"]')).to_be_visible()


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_page_fits_and_can_be_looked_at(open_context, live_server, reader, size, tmp_path):
    context = open_context(live_server.url, size=size)
    page = context.new_page()
    sign_in(page, reader)
    page.goto(reverse("portal:phone_code"))
    page.click('[data-part="start"]')
    page.wait_for_selector("canvas[data-code]")

    page.screenshot(path=tmp_path / f"phone_code_{size}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
