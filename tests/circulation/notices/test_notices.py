"""Readers are told once, by the way they chose, in their language; what may have left stays so."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.utils import timezone

from circulation.actions.cards import keep_phone
from circulation.actions.collect_notices import collect_due, collect_news
from circulation.actions.deliver_notices import LEASE, deliver_group, due_groups, give_up_lost
from circulation.models import Loan, Notice, NoticeAddress, NoticeChannel, NoticeChoice
from circulation.notice_tasks import look_for_due, tell_news
from tests.catalog.sync.servers import nobody, server
from tests.circulation.calls import Member
from tests.site import ROOT
from tests.world import World, card_of

pytestmark = pytest.mark.django_db
RESIDENT_ID = "510199199001010015"
SECRET = "shared-with-the-gateway"


@pytest.fixture
def world():
    world = World.build()
    keep_phone("13800138000", patron=world.patrons["雪"], confirmed_at=timezone.now())
    return world


class Gateway:
    """Keeps what it was sent; ``status`` is what it answers."""

    def __init__(self):
        self.messages, self.headers, self.status, self.pause_s = [], [], 200, 0.0

    def __call__(self, asked):
        self.messages.append(json.loads(asked.body))
        self.headers.append((asked.headers["X-Signature"], asked.body))
        time.sleep(self.pause_s)
        return self.status


@pytest.fixture
def gateway():
    told = Gateway()
    with server(told) as url:
        told.url = url
        yield told


def channel(kind, url):
    row = NoticeChannel(kind=kind, url=url)
    row.set_secret(SECRET)
    row.save()
    return row


def deliver(*, now=None):
    now = now or timezone.now()
    give_up_lost(now=now)
    collect_news(now=now)
    return sum(deliver_group(patron_id=p, kind=k, now=now) for p, k in due_groups(now=now))


def lend_and_take_back(world, *titles, reader="雪"):
    desk, elsewhere = Member(world, "JJ"), Member(world, "ZY")
    for title in titles:
        item = world.item(title)
        assert desk.checkout(reader, item).status_code == 201
        assert elsewhere.checkin(item).status_code == 200


def test_a_return_is_proved_within_a_minute_with_time_and_place(world, gateway):
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体")

    assert tell_news() == 1

    (message,) = gateway.messages
    loan = Loan.objects.get()
    clock = loan.closed_at.astimezone(timezone.get_current_timezone())
    assert message["to"] == "13800138000"
    assert f"{clock:%H:%M}" in message["text"]
    assert "三体" in message["text"]
    assert world.branches["ZY-MAIN"].name_zh in message["text"]
    notice = Notice.objects.get()
    assert notice.state == "sent"
    assert (notice.sent_at - loan.closed_at) < timedelta(minutes=1)


def test_the_message_is_signed(world, gateway):
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体")
    tell_news()

    ((signature, body),) = gateway.headers
    assert signature == hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_several_books_back_at_once_are_one_message_and_no_fact_is_told_twice(world, gateway):
    """NT-1."""
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体", "活着", "史记", "围城")

    for _ in range(5):
        tell_news()

    assert len(gateway.messages) == 1
    assert "4" in gateway.messages[0]["title"]
    assert Notice.objects.filter(state="sent").count() == 4


def test_no_document_number_card_number_or_full_name_is_in_a_message(world, gateway):
    """NT-3."""
    channel("sms", gateway.url)
    patron = world.patrons["雪"]
    patron.name = "欧阳若雪"
    patron.save()
    lend_and_take_back(world, "三体")
    tell_news()

    said = json.dumps(gateway.messages[0], ensure_ascii=False)
    assert "欧阳若雪" not in said
    assert card_of(patron) not in said
    assert patron.number not in said
    assert RESIDENT_ID not in said


def test_the_reader_chooses_way_language_and_silence(world, gateway):
    """NT-4."""
    for kind in ("sms", "wechat", "app"):
        channel(kind, f"{gateway.url}{kind}")
    patron = world.patrons["雪"]
    patron.language = "en"
    patron.save()
    address = NoticeAddress(patron=patron, kind="wechat")
    address.set_clear("openid-of-xue")
    address.save()
    NoticeChoice.objects.create(patron=patron, channels=["wechat", "sms"])
    lend_and_take_back(world, "三体")
    tell_news()
    NoticeChoice.objects.update(silent_kinds=["returned"])
    lend_and_take_back(world, "活着")
    tell_news()

    (message,) = gateway.messages
    assert message["to"] == "openid-of-xue"
    assert message["title"] == "[Library Net] 1 returned"
    assert Notice.objects.get(state="dropped").error == "not wanted"


def test_e_mail_goes_through_djangos_mail(world, settings):
    settings.NOTICE_FROM = "library@example.org"
    address = NoticeAddress(patron=world.patrons["雪"], kind="email")
    address.set_clear("xue@example.org")
    address.save()
    lend_and_take_back(world, "三体")
    tell_news()

    (letter,) = mail.outbox
    assert letter.to == ["xue@example.org"]
    assert "三体" in letter.body
    assert address.masked == "x***@example.org"


def test_quiet_hours_hold_back_what_is_not_a_proof(world, gateway):
    """NT-5."""
    channel("sms", gateway.url)
    night = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Chengdu
    Member(world, "JJ").checkout("雪", world.item("三体"))
    Loan.objects.update(
        checked_out_at=night - timedelta(days=20), due_at=night + timedelta(hours=25)
    )
    collect_due(now=night)

    assert deliver(now=night) == 0
    assert gateway.messages == []
    assert Notice.objects.get().not_before == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert deliver(now=night + timedelta(hours=9, seconds=1)) == 1
    assert "到期" in gateway.messages[0]["title"]


def test_what_is_no_longer_true_is_not_told(world, gateway):
    channel("sms", gateway.url)
    now = timezone.now()
    desk, item = Member(world, "JJ"), world.item("三体")
    desk.checkout("雪", item)
    Loan.objects.update(checked_out_at=now - timedelta(days=20), due_at=now + timedelta(days=1))
    collect_due(now=now)
    Loan.objects.update(due_at=now + timedelta(days=31))  # renewed before the notice left

    deliver(now=datetime(2026, 11, 24, 4, 0, tzinfo=UTC))

    assert gateway.messages == []
    assert Notice.objects.get().error == "no longer true"


def test_a_ready_request_is_told_and_told_again_before_it_expires(world, gateway):
    channel("sms", gateway.url)
    item = world.item("三体", at="ZY-MAIN")
    desk = Member(world, "ZY")
    desk.checkout("川", item)
    assert desk.request("雪", item).status_code == 201
    desk.checkin(item)
    noon = timezone.now().replace(hour=4, minute=0)

    deliver(now=max(noon, timezone.now()))
    later = noon + timedelta(days=4)
    from circulation.models import HoldRequest

    HoldRequest.objects.update(expires_at=later + timedelta(days=1))
    collect_due(now=later)
    collect_due(now=later)
    deliver(now=later)

    kinds = [message["kind"] for message in gateway.messages]
    assert kinds.count("ready") == 1
    assert kinds.count("expiring") == 1


def test_overdue_is_told_in_stages_once_each(world, gateway):
    channel("sms", gateway.url)
    Member(world, "JJ").checkout("雪", world.item("三体"))
    due = datetime(2026, 11, 10, 15, 59, 59, tzinfo=UTC)
    Loan.objects.update(checked_out_at=due - timedelta(days=30), due_at=due)

    for hours in range(6, 24 * 25, 6):
        now = due + timedelta(hours=hours)
        collect_due(now=now)
        deliver(now=now)

    assert [message["kind"] for message in gateway.messages] == ["overdue"] * 3


def test_a_gateway_that_is_away_is_tried_again_later(world, gateway):
    with nobody() as url:
        row = channel("sms", url)
        lend_and_take_back(world, "三体")
        assert tell_news() == 0
    assert Notice.objects.get().state == "waiting"
    row.url = gateway.url
    row.save()

    assert deliver(now=timezone.now() + timedelta(minutes=2)) == 1
    assert len(gateway.messages) == 1


@pytest.mark.parametrize(
    ("status", "state"), [(400, "failed"), (500, "unknown"), (503, "waiting"), (204, "sent")]
)
def test_what_a_gateway_answers_decides_what_may_happen_next(world, gateway, status, state):
    channel("sms", gateway.url)
    gateway.status = status
    lend_and_take_back(world, "三体")

    tell_news()
    tell_news()

    assert Notice.objects.get().state == state
    assert len(gateway.messages) == 1


def test_a_notice_left_half_sent_goes_to_staff_and_not_out_again(world, gateway):
    """NT-2."""
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体")
    now = timezone.now()
    collect_news(now=now)
    Notice.objects.update(state="sending", lease_until=now - timedelta(seconds=1))

    for _ in range(3):
        tell_news()

    assert gateway.messages == []
    assert Notice.objects.get().state == "unknown"


def test_a_notice_forgets_with_its_loan(world, gateway):
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体")
    tell_news()
    look_for_due()
    assert Notice.objects.exists()
    Loan.objects.update(patron=None)

    look_for_due()

    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.server
def test_killed_between_sending_and_noting_it_leaves_one_message_and_a_case_for_staff(
    world, gateway
):
    channel("sms", gateway.url)
    lend_and_take_back(world, "三体")
    gateway.pause_s = 8.0
    environment = {
        "LIBRARY_NET_DATABASE_URL": url_of_the_test_database(),
        "LIBRARY_NET_VAULT_KEYS": ",".join(django_settings.VAULT_KEYS),
        "LIBRARY_NET_LOG_LEVEL": "ERROR",
    }
    code = "from circulation.notice_tasks import tell_news; tell_news()"
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-v0", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    for _ in range(600):
        if gateway.messages:
            break
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    gateway.pause_s = 0.0

    assert Notice.objects.get().state == "sending"
    later = timezone.now() + LEASE + timedelta(seconds=1)
    for _ in range(3):
        deliver(now=later)

    assert len(gateway.messages) == 1
    assert Notice.objects.get().state == "unknown"


def url_of_the_test_database():
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"
