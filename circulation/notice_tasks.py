"""Periodic work about notices; rows say what is left, so every run may be the first or the last."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from circulation.actions.collect_notices import collect_due, collect_news
from circulation.actions.deliver_notices import deliver_group, due_groups, give_up_lost
from circulation.actions.forget_told import forget_told

log = logging.getLogger(__name__)


@shared_task(name="circulation.tell_news")
def tell_news(**_ignored: Any) -> int:
    """Find returns and ready requests and send what waits; returns how many messages left.

    A second run finds nothing new: each fact is one row, and a row is claimed once.
    """
    now = timezone.now()
    give_up_lost(now=now)
    collect_news(now=now)
    count = 0
    for patron_id, kind in due_groups(now=now):
        try:
            count += deliver_group(patron_id=patron_id, kind=kind, now=timezone.now())
        except Exception as error:  # noqa: BLE001 - one reader's notice must not stop the others
            # Without the message, which could quote what was to be sent.
            log.error("notice %s was not sent: %s", kind, type(error).__name__)  # noqa: TRY400
    return count


@shared_task(name="circulation.look_for_due")
def look_for_due(**_ignored: Any) -> int:
    """Find what is due soon, overdue or about to expire; ``tell_news`` sends it.

    Forgets what was told long ago, or about loans whose reader is forgotten. Safe to run again.
    """
    now = timezone.now()
    forget_told(now=now)
    return collect_due(now=now)
