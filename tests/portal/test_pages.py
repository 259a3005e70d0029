"""What holds for every page: policy, language, headings, landmarks, and the look's own limits."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

import library_net.portal
from tests.portal.conftest import lend, text_of

STATIC = Path(library_net.portal.__file__).parent / "static" / "portal"
HAN = re.compile(r"[㐀-鿿]")
ALLOWED_LATIN = {"ISBN", "English", "CLC", "CNMARC", "UTF", "UNIMARC", "MARC21", "QR"}
# application/ld+json is data a browser never runs, so the policy does not forbid it.
INLINE = re.compile(
    r"<[^>]+\s(style|on[a-z]+)\s*=|<style\b"
    r"|<script(?![^>]*\ssrc=| type=\"application/ld\+json\">)",
    re.IGNORECASE,
)


@pytest.fixture
def pages(world, signed_in, index):
    """Every page of the portal, by name, as a signed-in reader sees it."""
    item = world.item("三体", call_number="I247.55/123")
    lend(world, item, days_ago=12)
    index()
    work = item.source_record.manifestation.work_id
    return signed_in, {
        "home": "/",
        "search": "/search?q=三体",
        "nothing": "/search?q=没有这本书",
        "record": f"/works/w{work}",
        "libraries": reverse("portal:branches"),
        "loans": reverse("portal:loans"),
        "requests": reverse("portal:requests"),
        "card": reverse("portal:card"),
        "missing": "/there-is-no-such-page",
    }


def in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def test_no_page_needs_what_the_content_policy_forbids(pages):
    client, addresses = pages
    for name, address in addresses.items():
        answer = client.get(address)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        found = INLINE.search(answer.content.decode())
        assert not found, f"{name}: {found and found.group()}"


def test_every_page_has_one_heading_a_language_and_a_way_past_the_menu(pages):
    client, addresses = pages
    for name, address in addresses.items():
        page = client.get(address).content.decode()
        assert len(re.findall(r"<h1\b", page)) == 1, name
        assert '<html lang="zh-Hans"' in page, name
        assert "<main" in page, name
        if name != "missing":
            assert 'href="#main"' in page, name


def own_words(page):
    """The interface's words: without catalogue data, and without what names another language."""
    page = re.sub(r"<(\w+)[^>]*\sdata-catalogue[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r'<(button|span)[^>]*\slang="[^"]*"[^>]*>.*?</\1>', " ", page, flags=re.DOTALL)
    page = re.sub(r"<(script|svg|title|option)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", page)


def test_english_pages_show_no_chinese_of_ours(pages):
    client, addresses = pages
    in_english(client)
    for name, address in addresses.items():
        page = client.get(address).content.decode()
        assert '<html lang="en"' in page
        words = own_words(page).replace("三体", "").replace("没有这本书", "").replace("雪", "")
        left = HAN.findall(words)
        assert not left, f"{name}: {''.join(left)[:40]}"


def test_chinese_pages_show_no_english_of_ours(pages):
    client, addresses = pages
    for name, address in addresses.items():
        words = own_words(client.get(address).content.decode())
        latin = set(re.findall(r"[A-Za-z]{3,}", words)) - ALLOWED_LATIN
        assert not latin, f"{name}: {sorted(latin)}"


def test_the_language_is_changed_by_a_form_and_the_page_stays(world, client):
    answer = client.post(reverse("portal:language"), {"language": "en", "next": "/libraries"})

    assert answer.headers["Location"] == "/libraries"
    assert "Libraries" in text_of(client.get("/libraries"))


def test_an_unknown_language_changes_nothing(world, client):
    client.post(reverse("portal:language"), {"language": "xx", "next": "//example.org"})

    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


def test_large_type_is_remembered_on_every_page(world, client):
    client.post(reverse("portal:type_size"), {"size": "large", "next": "/libraries"})

    assert 'class="large"' in client.get("/").content.decode()
    assert 'class="large"' in client.get("/no-such-page").content.decode()


def test_a_form_without_its_token_gets_a_page_that_says_what_to_do(world):
    answer = Client(enforce_csrf_checks=True).post(reverse("portal:language"), {"language": "en"})

    assert answer.status_code == 403
    assert "表单已过期" in text_of(answer)


def test_a_fault_of_ours_gets_a_page_in_the_readers_language(world, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr("library_net.portal.views.home.places.cities", broken)
    client = in_english(Client(raise_request_exception=False))

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something broke on our side" in text_of(answer)
    assert "boom" not in answer.content.decode()


def test_the_card_holds_the_patron_number_and_no_document(signed_in, reader):
    page = signed_in.get(reverse("portal:card")).content.decode()

    assert reader.number in page
    assert "<svg" in page
    for credential in reader.credentials.all():
        assert credential.masked not in page


def test_the_look_fits_in_four_files_and_800_lines():
    sheets = sorted(STATIC.glob("*.css"))

    assert [sheet.name for sheet in sheets] == [
        "base.css",
        "components.css",
        "pages.css",
        "tokens.css",
    ]
    assert sum(len(sheet.read_text("utf-8").splitlines()) for sheet in sheets) <= 800
    own = STATIC.joinpath("portal.js").read_text("utf-8")
    assert len(own.splitlines()) <= 150


PAIRS = [
    ("body-fg", "body-bg"),
    ("body-quiet-color", "body-bg"),
    ("body-quiet-color", "surface"),
    ("body-quiet-color", "darkened-bg"),
    ("link-fg", "body-bg"),
    ("button-fg", "button-bg"),
    ("button-fg", "button-hover-bg"),
    ("primary", "surface"),
    ("good-fg", "good-bg"),
    ("good-fg", "body-bg"),
    ("soon-fg", "soon-bg"),
    ("soon-fg", "body-bg"),
    ("stop-fg", "stop-bg"),
    ("stop-fg", "body-bg"),
    ("header-link-color", "header-bg"),
    ("breadcrumbs-fg", "breadcrumbs-bg"),
    ("slip-fg", "slip"),
]


def themes():
    """The colours of the light block, of the dark one, and of the admin's own dark switch."""
    source = STATIC.joinpath("tokens.css").read_text("utf-8")
    blocks = [dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", b)) for b in source.split("}")]
    return [block for block in blocks if "body-bg" in block]


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_text_stands_out_from_its_ground_in_light_and_dark(pair):
    for theme in themes():
        light, dark = sorted((luminance(theme[name]) for name in pair), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, theme["body-bg"]


def test_both_dark_blocks_say_the_same():
    _light, by_system, by_switch = themes()

    assert by_system == by_switch
