"""The ways out: signed webhooks for text messages and push, Django's mail for e-mail.

Every way tells one of three outcomes. Only "not taken" may be tried again: then nothing can have
reached the reader. Whatever might have left is never sent a second time (NT-2).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import requests
from django.conf import settings
from django.core.mail import EmailMessage

from catalog.actions.notifying.addresses import check_address
from circulation.models.notices import ChannelKind, NoticeChannel
from library_net.errors import LibraryError

log = logging.getLogger(__name__)
TIMEOUT_S: Final = (3.0, 10.0)
NOT_NOW: Final = (429, 503)  # "try again": the gateway says that it has not taken it


class Outcome(StrEnum):
    SENT = "sent"
    NOT_TAKEN = "not_taken"  # for certain: it may be offered again
    REFUSED = "refused"  # for certain and for good
    UNKNOWN = "unknown"  # it may have left


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    message_id: str  # the same id is the same message: a gateway can tell a repeat
    kind: str
    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Text messages, WeChat and city-app push: JSON to a gateway, signed."""

    url: str
    secret: str

    def send(self, message: Message) -> tuple[Outcome, str]:
        body = json.dumps(
            {
                "id": message.message_id,
                "kind": message.kind,
                "to": message.to,
                "title": message.subject,
                "text": message.text,
            },
            ensure_ascii=False,
        ).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LibraryNet-Notice/1",
            "X-Signature": signature,
        }
        try:
            check_address(self.url)
            answer = requests.post(
                self.url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
            )
        except LibraryError as error:
            return Outcome.REFUSED, error.code
        except (requests.ConnectTimeout, requests.exceptions.InvalidURL) as error:
            return Outcome.NOT_TAKEN, type(error).__name__
        except requests.ConnectionError as error:
            # Refused before a byte was sent, or cut off with the message under way?
            never_met = "NewConnectionError" in repr(error) or "NameResolution" in repr(error)
            return (Outcome.NOT_TAKEN if never_met else Outcome.UNKNOWN), type(error).__name__
        except requests.RequestException as error:
            return Outcome.UNKNOWN, type(error).__name__
        return _told(answer.status_code)


class Mail:
    """E-mail through whatever Django is set to send by."""

    def send(self, message: Message) -> tuple[Outcome, str]:
        mail = EmailMessage(
            subject=message.subject,
            body=message.text,
            from_email=settings.NOTICE_FROM,
            to=[message.to],
            headers={"Message-ID": f"<{message.message_id}@{settings.OAI_REPOSITORY}>"},
        )
        try:
            mail.send(fail_silently=False)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            return Outcome.REFUSED, type(error).__name__
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, ConnectionRefusedError) as error:
            return Outcome.NOT_TAKEN, type(error).__name__
        except (smtplib.SMTPException, OSError) as error:
            return Outcome.UNKNOWN, type(error).__name__
        return Outcome.SENT, ""


def ways_out() -> dict[str, Webhook | Mail]:
    """Every channel that is set up. Queries: 1."""
    ways: dict[str, Webhook | Mail] = {
        row.kind: Webhook(url=row.url, secret=row.secret())
        for row in NoticeChannel.objects.filter(is_active=True)
    }
    if settings.SMS_WEBHOOK_URL and ChannelKind.SMS not in ways:
        ways[ChannelKind.SMS] = Webhook(
            url=settings.SMS_WEBHOOK_URL, secret=settings.SMS_WEBHOOK_SECRET
        )
    if settings.NOTICE_FROM:
        ways[ChannelKind.EMAIL] = Mail()
    return ways


def _told(status: int) -> tuple[Outcome, str]:
    if 200 <= status < 300:
        return Outcome.SENT, ""
    if status in NOT_NOW:
        return Outcome.NOT_TAKEN, f"HTTP {status}"
    # 4xx: it did not understand or does not want it. 5xx: it broke, perhaps after sending.
    return (Outcome.REFUSED if 300 <= status < 500 else Outcome.UNKNOWN), f"HTTP {status}"
