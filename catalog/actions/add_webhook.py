"""A member's address for the change feed: added, given a new secret, switched on again.

The secret is returned once and kept sealed; it cannot be read again.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from catalog.actions.notifying.addresses import check_address
from catalog.models import FeedHead, Webhook
from library_net import vault
from library_net.errors import LibraryError
from library_net.network.models import Agency

SECRET_BYTES = 32


def add_webhook(*, agency: Agency, url: str, now: datetime) -> tuple[Webhook, str]:
    """The webhook and its secret; it is told what changes from now on.

    Raises ``webhook_address_bad``, ``webhook_address_closed``, ``webhook_exists``.
    """
    check_address(url)
    head = FeedHead.objects.filter(pk=1).values_list("position", flat=True).first() or 0
    with transaction.atomic():
        if Webhook.objects.filter(agency=agency, url=url).exists():
            raise LibraryError("webhook_exists")
        webhook = Webhook.objects.create(
            agency=agency,
            url=url,
            sealed_secret=b"",
            created_at=now,
            next_attempt_at=now,
            position=head,
        )
        return webhook, renew_secret(webhook=webhook)


def renew_secret(*, webhook: Webhook) -> str:
    """A new secret in place of the old one, which is void at once."""
    secret = f"whsec_{secrets.token_urlsafe(SECRET_BYTES)}"
    webhook.sealed_secret = vault.seal(secret, bound_to=webhook.bound_to)
    webhook.save(update_fields=["sealed_secret"])
    return secret


def switch_on(*, webhook: Webhook, now: datetime) -> None:
    """Try again from where the other side stopped accepting; nothing in between is lost."""
    Webhook.objects.filter(pk=webhook.pk).update(
        disabled_at=None, failing_since=None, failures=0, last_error="", next_attempt_at=now
    )
