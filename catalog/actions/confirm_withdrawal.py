"""Somebody of the member says that what a full file lacked is really gone."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from catalog.actions.ingesting.storing import queue_reading
from catalog.models import Batch, Withdrawal
from library_net.db import claim
from library_net.errors import LibraryError


def confirm_withdrawal(*, batch: Batch, user_id: int | None, now: datetime) -> Batch:
    """Queue the batch once more: it withdraws what it lacked and no later batch held (WD-2).

    ``user_id`` is None for the member's own system. Raises ``no_withdrawal_asked`` when nothing
    waits for an answer, so a second click does nothing.
    """
    with transaction.atomic():
        asked = Batch.objects.filter(pk=batch.pk, withdrawal=Withdrawal.ASKED)
        said = {"confirmed_at": now, "confirmed_by_id": user_id}
        if not claim(asked, withdrawal=Withdrawal.CONFIRMED, withheld=0, finished_at=None, **said):
            raise LibraryError("no_withdrawal_asked")
        batch.refresh_from_db()
        queue_reading(batch, now=now)
    return batch
