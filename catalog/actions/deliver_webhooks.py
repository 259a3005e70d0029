"""The change feed sent to members, page after page, signed; at least once, in order.

The position moves only when the other side has accepted, so a crash or a lost answer repeats a
page and never skips one. Failures are tried again after ever longer waits; after five days the
webhook is switched off and says so, with its position kept.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import requests
from django.db.models import F

from catalog.actions.notifying.addresses import check_address
from catalog.models import FeedHead, Webhook, WebhookDelivery
from catalog.readers import ChangeLine, changes
from library_net import vault
from library_net.db import claim
from library_net.errors import LibraryError

PAGE = 200
LEASE = timedelta(seconds=60)
TIMEOUT_S = (5, 10)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=5)
KEPT_DELIVERIES = 100
GONE = 410  # the other side says: never again


def due_webhooks(*, now: datetime) -> list[int]:
    """Webhooks with news whose turn has come. One query."""
    head = FeedHead.objects.filter(pk=1).values("position")
    due = Webhook.objects.filter(
        disabled_at=None, next_attempt_at__lte=now, position__lt=head[:1], agency__left_date=None
    )
    return list(due.order_by("next_attempt_at").values_list("pk", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int  # 0: none
    error: str
    milliseconds: int

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300


def deliver_webhook(*, webhook_id: int, now: datetime) -> bool:
    """Send the next page; True when it was accepted and more may be waiting."""
    mine = Webhook.objects.filter(pk=webhook_id, disabled_at=None, next_attempt_at__lte=now)
    if not claim(mine, next_attempt_at=now + LEASE):
        return False
    webhook = Webhook.objects.select_related("agency").get(pk=webhook_id)
    lines = changes(after=webhook.position, limit=PAGE)
    if not lines:
        Webhook.objects.filter(pk=webhook_id).update(next_attempt_at=now)
        return False
    answer = _send(webhook, _body(webhook, lines), now=now)
    _log(webhook, lines, answer, now=now)
    if answer.is_accepted:
        _accepted(webhook, lines[-1].position, now=now)
    else:
        _failed(webhook, answer, now=now)
    return answer.is_accepted and len(lines) == PAGE


def signature(*, secret: str, body: bytes, now: datetime) -> str:
    """``t=<seconds>,v1=<hex>``: HMAC-SHA256 of ``<seconds>.<body>``, so that a copy grows old."""
    stamp = int(now.timestamp())
    text = f"{stamp}.".encode() + body
    return f"t={stamp},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def _body(webhook: Webhook, lines: list[ChangeLine]) -> bytes:
    return orjson.dumps(
        {
            "agency": webhook.agency.code,
            "results": [
                {
                    "position": line.position,
                    "kind": line.kind,
                    "record": f"w{line.work_id}",
                    "changed_at": line.changed_at,
                }
                for line in lines
            ],
            "last_position": lines[-1].position,
        }
    )


def _send(webhook: Webhook, body: bytes, *, now: datetime) -> _Answer:
    began = time.monotonic()
    status, error = 0, ""
    try:
        check_address(webhook.url)
        secret = vault.unseal(bytes(webhook.sealed_secret), bound_to=webhook.bound_to)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "LibraryNet-Webhook/1",
            "LibraryNet-Signature": signature(secret=secret, body=body, now=now),
        }
        # Not followed: a redirect would send a signed page where nobody has agreed to.
        with requests.post(
            webhook.url,
            data=body,
            headers=headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    except requests.RequestException as problem:
        error = type(problem).__name__
    except LibraryError as problem:
        error = problem.code
    if not 200 <= status < 300:
        error = error or f"HTTP {status}"
    return _Answer(
        status=status, error=error[:200], milliseconds=int((time.monotonic() - began) * 1000)
    )


def _log(webhook: Webhook, lines: list[ChangeLine], answer: _Answer, *, now: datetime) -> None:
    WebhookDelivery.objects.create(
        webhook=webhook,
        first_position=lines[0].position,
        last_position=lines[-1].position,
        attempted_at=now,
        milliseconds=answer.milliseconds,
        status=answer.status,
        error=answer.error,
    )
    kept = webhook.deliveries.order_by("-pk").values_list("pk", flat=True)[:KEPT_DELIVERIES]
    if len(kept) == KEPT_DELIVERIES:
        webhook.deliveries.filter(pk__lt=min(kept)).delete()


def _accepted(webhook: Webhook, position: int, *, now: datetime) -> None:
    Webhook.objects.filter(pk=webhook.pk, position__lt=position).update(
        position=position,
        delivered_at=now,
        next_attempt_at=now,
        failures=0,
        failing_since=None,
        last_error="",
    )


def _failed(webhook: Webhook, answer: _Answer, *, now: datetime) -> None:
    since = webhook.failing_since or now
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(webhook.failures, 12))
    gives_up = answer.status == GONE or now - since >= GIVE_UP_AFTER
    Webhook.objects.filter(pk=webhook.pk).update(
        failures=F("failures") + 1,
        failing_since=since,
        last_error=answer.error,
        next_attempt_at=now + wait,
        disabled_at=now if gives_up else None,
    )
