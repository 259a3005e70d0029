"""A real Chromium: phone and desk, Chinese and English; nothing leaves this machine."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from library_net.accounts.models import User
from tests.portal.conftest import PASSWORD
from tests.world import World

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
SIZES = {"phone": PHONE, "desk": DESK}
LANGUAGES = {"zh": "zh-hans", "en": "en"}
LANGUAGE_COOKIE = "django_language"
# A container's /dev/shm is small, hence the second. Without the last four Chromium calls home at
# every start, and this suite promises silence.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Playwright keeps an event loop in this thread, which Django takes for an async view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here; `make packages` installs it")
    browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def open_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """open_context(base_url, size="phone"|"desk", language="zh"|"en", **Playwright's own)."""
    opened: list[BrowserContext] = []

    def open_one(
        base_url: str, *, size: str = "desk", language: str = "zh", **options: object
    ) -> BrowserContext:
        context = chromium.new_context(
            base_url=base_url,
            viewport=SIZES[size],
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            has_touch=size == "phone",
            **options,
        )
        context.add_cookies(
            [{"name": LANGUAGE_COOKIE, "value": LANGUAGES[language], "url": base_url}]
        )
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def world(transactional_db):
    return World.build()


@pytest.fixture
def reader(world):
    """雪 with a log-in."""
    cache.clear()
    patron = world.patrons["雪"]
    patron.user = User.objects.create_user(patron.number, password=PASSWORD, name=patron.name)
    patron.save()
    return patron


@pytest.fixture
def open_page(open_context, live_server, watch_page):
    """open_page(size=, language=, …) -> a page whose troubles fail the test at its end."""
    watched = []

    def open_one(**options):
        address = live_server.url.replace("localhost", "127.0.0.1")
        page = open_context(address, **options).new_page()
        watched.append(watch_page(page))
        return page

    yield open_one
    assert [trouble for troubles in watched for trouble in troubles] == []


@pytest.fixture
def watch_page() -> Callable[[Page], list[str]]:
    """watch_page(page) -> a list that fills with console errors, page errors, foreign requests."""

    def watch(page: Page) -> list[str]:
        troubles: list[str] = []

        def on_request(url: str) -> None:
            if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
                troubles.append(f"foreign request: {url}")

        page.on("request", lambda request: on_request(request.url))
        page.on("pageerror", lambda error: troubles.append(f"page error: {error}"))
        page.on(
            "console",
            lambda message: (
                troubles.append(f"console: {message.text}") if message.type == "error" else None
            ),
        )
        return troubles

    return watch
