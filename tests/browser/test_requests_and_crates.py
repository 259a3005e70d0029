"""Requests, crates, odd cases, families and paper in a real Chromium, on a phone and at a desk."""

import os
import struct
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from circulation.actions.allocate_requests import allocate_requests
from circulation.models import Crate, HoldRequest, Loan, Proxy
from library_net.accounts.models import User
from tests.circulation.calls import Member
from tests.portal.conftest import PASSWORD, lend
from tests.world import World, card_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORST = {"serious", "critical"}
# LIBRARY_NET_SHOTS=folder keeps a picture of every page, to look at.
SHOTS = os.environ.get("LIBRARY_NET_SHOTS", "")


@pytest.fixture
def world(transactional_db):
    cache.clear()
    world = World.build()
    world.route("ZY-MAIN", "JJ-MAIN")
    world.route("JJ-MAIN", "CD-MAIN")
    return world


@pytest.fixture
def reader(world):
    """雪 has a log-in, loans with a story, and requests in every state she can do something in."""
    patron = world.patrons["雪"]
    patron.user = User.objects.create_user(patron.number, password=PASSWORD, name=patron.name)
    patron.save()
    jinjiang = Member(world, "JJ")
    wanted = [world.item(title) for title in ("三体", "活着", "围城", "呐喊")]
    for item in wanted:
        lend(world, item, to="川", days_ago=20)
    requests = [jinjiang.request("雪", item).json()["request"] for item in wanted[:3]]
    jinjiang.post(f"requests/{requests[1]}/pause/")
    jinjiang.checkin(wanted[2])
    lend(world, world.item("平凡的世界"), days_ago=3)
    jinjiang.post(f"loans/{lend(world, world.item('边城'), days_ago=5)}/claim/")
    jinjiang.post(f"loans/{lend(world, world.item('茶馆'), days_ago=5)}/recall/")
    today = timezone.localdate()
    Proxy.objects.create(
        patron=patron,
        proxy=world.patrons["川"],
        valid_from=today,
        valid_until=today + timedelta(days=30),
        created_at=timezone.now(),
    )
    return patron


@pytest.fixture
def work(world):
    """What a librarian of Jinjiang finds in the morning; the crate she packs."""
    jinjiang = Member(world, "JJ")
    world.item("骆驼祥子", at="JJ-MAIN", call_number="I246.5/7")
    jinjiang.request("川", world.item("朝花夕拾", call_number="I210.4/1"))
    allocate_requests(now=timezone.now())
    crate = jinjiang.post(
        "crates/", {"code": "CRATE-07", "origin": "JJ-MAIN", "destination": "CD-MAIN"}
    ).json()["crate"]
    for title in ("三体", "活着"):
        item = world.item(title, owner="CD", home="CD-MAIN", call_number="I247.5/3")
        jinjiang.checkin(item)
        jinjiang.post(f"crates/{crate}/copies/", {"barcode": item.barcode})
    jinjiang.checkin("99999999")
    held = world.item("子夜")
    jinjiang.request("禾", held)
    jinjiang.checkin(held)
    return world.librarian("JJ", password=PASSWORD)


def sound(page, path, *, name):
    """Opens, says nothing bad, has no grave accessibility issue and does not scroll sideways."""
    answer = page.goto(path)
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    found = Axe().run(page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in WORST]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert (answer.status, serious) == (200, []), path
    assert wide <= 0, f"{path} scrolls sideways by {wide} px"


def sign_in(page, path, name):
    page.goto(path)
    page.fill("#identifier, #id_username", name)
    page.fill("#password, #id_password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [("phone", "zh", "light"), ("desk", "zh", "dark"), ("phone", "en", "dark")],
)
def test_a_readers_pages_are_sound(reader, live_server, open_context, size, language, scheme):
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, language=language, color_scheme=scheme).new_page()
    sign_in(page, reverse("portal:sign_in"), reader.number)

    for name in ("requests", "loans", "proxies"):
        sound(page, reverse(f"portal:{name}"), name=f"{name}-{size}-{language}-{scheme}")
    page.goto(reverse("portal:requests"))
    for summary in page.locator("details.change summary").all():
        summary.click()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "an opened form scrolls sideways"
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"requests-open-{size}.png"), full_page=True)


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [("phone", "zh", "light"), ("desk", "zh", "light"), ("desk", "en", "dark")],
)
def test_the_desks_pages_are_sound(work, world, live_server, open_context, size, language, scheme):
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, language=language, color_scheme=scheme).new_page()
    sign_in(page, reverse("admin:login"), work.get_username())
    hold = HoldRequest.objects.get(state="ready")
    crate = Crate.objects.get()
    shown = {
        "vans": reverse("desk:vans"),
        "crates": reverse("desk:crates"),
        "crate": reverse("desk:crate", args=[crate.pk]),
        "manifest": reverse("desk:print_manifest", args=[crate.pk]),
        "exceptions": reverse("desk:exceptions"),
        "find": reverse("desk:find"),
        "slip": reverse("desk:print_slips") + f"?request={hold.pk}",
    }
    for name, path in shown.items():
        sound(page, path, name=f"{name}-{size}-{language}-{scheme}")


def test_a_family_is_served_by_scans_and_prints_one_receipt(work, world, live_server, open_context):
    """PX-4: through the scan box as a librarian types it."""
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size="desk", language="zh").new_page()
    sign_in(page, reverse("admin:login"), work.get_username())
    page.goto(reverse("desk:scan"))

    def scan(code):
        page.fill("#scan", code)
        with page.expect_response(lambda r: r.request.method == "POST"):
            page.keyboard.press("Enter")
        page.wait_for_timeout(150)

    scan(card_of(world.patrons["雪"]))
    with page.expect_navigation():
        page.click('button[name="family"]')
    scan(card_of(world.patrons["禾"]))
    for title in ("童年", "在人间"):
        scan(world.item(title).barcode)
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / "family-desk.png"), full_page=True)
    sound(page, reverse("desk:print_receipt"), name="receipt-desk")

    assert Loan.objects.filter(patron=world.patrons["禾"]).count() == 2
    assert "童年" in page.content()


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_what_the_screen_shows_is_what_a_scanner_reads(work, live_server, open_context, size):
    """TR-6: the picture of the page, not its source."""
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, device_scale_factor=2).new_page()
    sign_in(page, reverse("admin:login"), work.get_username())
    page.goto(reverse("desk:print_manifest", args=[Crate.objects.get().pk]))

    found = {
        str(code.format): code.text
        for code in zxingcpp.read_barcodes(grey(page.locator(".codes").screenshot()))
    }

    assert set(found.values()) == {"CRATE-07"}
    assert len(found) == 2


def grey(png):
    """A PNG of 8-bit colours as grey rows; the format's five filters undone (PNG §9)."""
    place, packed = 8, b""
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, _depth, colour = struct.unpack(">IIBB", body[:10])
        packed += body if kind == b"IDAT" else b""
        place += length + 12
    step = {2: 3, 6: 4}[colour]
    raw = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(height, -1)
    rows = np.zeros((height + 1, width * step + step), dtype=np.int64)
    for number, line in enumerate(raw):
        _unfilter(int(line[0]), line[1:], rows[number], rows[number + 1], step)
    pixels = rows[1:, step:].reshape(height, width, step)[:, :, :3]
    return pixels.mean(axis=2).astype(np.uint8)


def _unfilter(kind, line, above, row, step):
    if kind in (0, 2):
        row[step:] = (line.astype(np.int64) + (above[step:] if kind == 2 else 0)) % 256
        return
    for place in range(step, len(row)):
        left, up, corner = row[place - step], above[place], above[place - step]
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            base = left + up - corner
            guess = min((left, up, corner), key=lambda near, base=base: abs(base - near))
        row[place] = (int(line[place - step]) + guess) % 256
