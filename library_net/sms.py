"""Short messages: a channel adapter behind one call; which one is a setting.

    POST {LIBRARY_NET_SMS_WEBHOOK_URL}  {"id": "…", "to": "138…", "text": "…"}
    X-Signature: hex HMAC-SHA-256 of the body under LIBRARY_NET_SMS_WEBHOOK_SECRET

The same ``id`` is the same message: a gateway that saw it does not send it again. Numbers and texts
are never logged; only the embedded demo prints what would have been sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Final, Protocol

import requests
from django.conf import settings

from library_net.errors import LibraryError

TIMEOUT_S: Final = (2.0, 5.0)


class Sender(Protocol):
    def send(self, *, message_id: str, phone: str, text: str) -> None:
        """Raises ``sms_failed``."""
        ...


class Webhook:
    """A gateway that takes messages by HTTP."""

    def send(self, *, message_id: str, phone: str, text: str) -> None:
        body = json.dumps({"id": message_id, "to": phone, "text": text}).encode()
        key = settings.SMS_WEBHOOK_SECRET.encode()
        headers = {
            "Content-Type": "application/json",
            "X-Signature": hmac.new(key, body, hashlib.sha256).hexdigest(),
        }
        try:
            answer = requests.post(
                settings.SMS_WEBHOOK_URL,
                data=body,
                headers=headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            # The kind of failure only: its message may repeat what was sent.
            raise LibraryError("sms_failed", kind=type(error).__name__) from None


class Console:
    """Prints instead of sending: for the demo on one's own machine."""

    def send(self, *, message_id: str, phone: str, text: str) -> None:  # noqa: ARG002
        print(f"SMS to {phone[:3]}****{phone[-4:]}: {text}", flush=True)  # noqa: T201


def sender() -> Sender | None:
    """The configured channel; nothing where there is none."""
    if settings.SMS_WEBHOOK_URL:
        return Webhook()
    return Console() if settings.EMBEDDED and settings.SMS_TO_CONSOLE else None
