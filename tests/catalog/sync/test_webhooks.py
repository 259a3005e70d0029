"""Members are told of changes: signed, in order, at least once, patiently but not for ever."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions.add_webhook import add_webhook, renew_secret, switch_on
from catalog.actions.deliver_webhooks import deliver_webhook, due_webhooks
from catalog.models import Webhook, WebhookDelivery
from catalog.tasks import deliver_webhooks
from library_net.errors import LibraryError
from tests.catalog.files import many
from tests.catalog.sync.servers import nobody, server

pytestmark = pytest.mark.django_db


def subscribe(world, url, *, agency="ZY"):
    return add_webhook(agency=world.agencies[agency], url=url, now=timezone.now())


def is_signed(asked, secret):
    """The check of docs/sync.md."""
    parts = dict(part.split("=", 1) for part in asked.headers["LibraryNet-Signature"].split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + asked.body, hashlib.sha256)
    return hmac.compare_digest(expected.hexdigest(), parts["v1"])


def told(received):
    return [row["position"] for asked in received for row in json.loads(asked.body)["results"]]


def test_changes_arrive_signed_and_each_page_once(world, jinjiang, monkeypatch):
    monkeypatch.setattr("catalog.actions.deliver_webhooks.PAGE", 10)
    received = []
    with server(lambda asked: received.append(asked) or 204) as url:
        _webhook, secret = subscribe(world, url)
        jinjiang.send(many(25))
        deliver_webhooks()
        deliver_webhooks()

    assert [len(json.loads(asked.body)["results"]) for asked in received] == [10, 10, 5]
    assert told(received) == sorted(told(received))
    assert all(is_signed(asked, secret) for asked in received)
    assert not is_signed(received[0], "another secret")
    row = json.loads(received[0].body)["results"][0]
    assert row["kind"] == "record"
    assert jinjiang.get(f"records/{row['record']}/").status_code == 200


def test_what_was_before_the_subscription_is_not_told(world, jinjiang):
    jinjiang.send(many(3))
    jinjiang.get("changes/")  # numbers the feed
    received = []
    with server(lambda asked: received.append(asked) or 200) as url:
        subscribe(world, url)
        deliver_webhooks()
    assert received == []


def test_a_refused_page_is_sent_again_later_and_nothing_is_skipped(world, jinjiang):
    answers, received = [500, 302, 200], []

    def answer(asked):
        received.append(asked)
        return answers.pop(0)

    with server(answer) as url:
        webhook, _secret = subscribe(world, url)
        jinjiang.send(many(2))
        now = timezone.now()
        deliver_webhooks()
        assert due_webhooks(now=now + timedelta(seconds=20)) == []
        deliver_webhook(webhook_id=webhook.pk, now=now + timedelta(seconds=40))
        deliver_webhook(webhook_id=webhook.pk, now=now + timedelta(seconds=60))
        webhook.refresh_from_db()
        assert (webhook.failures, webhook.last_error) == (2, "HTTP 302")
        deliver_webhook(webhook_id=webhook.pk, now=now + timedelta(seconds=200))

    webhook.refresh_from_db()
    assert (webhook.failures, webhook.failing_since, webhook.last_error) == (0, None, "")
    assert received[0].body == received[1].body == received[2].body
    assert list(WebhookDelivery.objects.order_by("pk").values_list("status", flat=True)) == [
        500,
        302,
        200,
    ]


def test_a_webhook_nobody_answers_is_switched_off_after_days_and_keeps_its_place(world, jinjiang):
    now = timezone.now()
    with nobody() as url:
        webhook, _secret = subscribe(world, url)
        jinjiang.send(many(2))
        jinjiang.get("changes/")
        for hours in (0, 24, 6 * 24):
            assert webhook.pk in due_webhooks(now=now + timedelta(hours=hours, minutes=1))
            deliver_webhook(webhook_id=webhook.pk, now=now + timedelta(hours=hours, minutes=1))

    webhook.refresh_from_db()
    assert webhook.disabled_at is not None
    assert webhook.position == 0
    assert due_webhooks(now=now + timedelta(days=30)) == []

    switch_on(webhook=webhook, now=now)
    assert due_webhooks(now=now) == [webhook.pk]


def test_gone_means_never_again(world, jinjiang):
    with server(lambda _asked: 410) as url:
        subscribe(world, url)
        jinjiang.send(many(1))
        deliver_webhooks()
    assert Webhook.objects.get().disabled_at is not None


def test_two_workers_do_not_send_the_same_page_at_once(world, jinjiang):
    seen = []

    def answer(_asked):
        seen.append(due_webhooks(now=timezone.now()))
        return 200

    with server(answer) as url:
        webhook, _secret = subscribe(world, url)
        jinjiang.send(many(1))
        deliver_webhooks()
        assert not deliver_webhook(webhook_id=webhook.pk, now=timezone.now() - timedelta(hours=1))
    assert len(seen) == 1


def test_the_secret_is_sealed_and_can_be_replaced(world):
    webhook, secret = subscribe(world, "https://library.example.org/hook")
    assert secret.encode() not in bytes(webhook.sealed_secret)
    assert renew_secret(webhook=webhook) != secret


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://library.example.org/", "webhook_address_bad"),
        ("file:///etc/passwd", "webhook_address_bad"),
        ("http://user:word@library.example.org/", "webhook_address_bad"),
        ("http:///nowhere", "webhook_address_bad"),
        ("http://[broken/", "webhook_address_bad"),
        ("http://169.254.169.254/latest/meta-data/", "webhook_address_closed"),
        ("http://0.0.0.0/", "webhook_address_closed"),
    ],
)
def test_an_address_we_do_not_send_to_is_refused(world, url, code):
    with pytest.raises(LibraryError) as refused:
        subscribe(world, url)
    assert refused.value.code == code
