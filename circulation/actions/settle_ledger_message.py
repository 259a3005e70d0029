"""A person has looked at a message that a member's system does not take."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.models import LedgerMessage
from circulation.models.ledger_messages import LedgerMessageState as State
from circulation.readers.ledger_messages import OPEN_STATES
from library_net.db import claim
from library_net.errors import LibraryError
from library_net.queue import after_commit


def tell_again(*, intent: Intent, message_id: int, now: datetime) -> Answer:
    """Offer it once more, at once, and with it whatever waits for the same system.

    Raises ``unknown_case``, ``outside_your_agency``.
    """
    answer = _change(
        intent=intent,
        action="tell_ledger_again",
        message_id=message_id,
        now=now,
        new={"state": State.WAITING, "not_before": now, "attempts": 0, "lease_until": None},
    )
    after_commit("circulation.tell_ledgers")
    return answer


def settle_message(
    *, intent: Intent, message_id: int, user_id: int | None, now: datetime
) -> Answer:
    """It was done in the member's system by hand; never told again. Raises as above."""
    return _change(
        intent=intent,
        action="settle_ledger_message",
        message_id=message_id,
        now=now,
        new={"state": State.SETTLED, "settled_by_id": user_id, "lease_until": None},
    )


def _change(
    *, intent: Intent, action: str, message_id: int, now: datetime, new: dict[str, object]
) -> Answer:
    def work(journal: Journal) -> Answer:
        row = LedgerMessage.objects.select_related("item").filter(pk=message_id).first()
        if row is None:
            raise LibraryError("unknown_case")
        journal.intent.require_agency(row.item.owning_agency_id)
        still_open = LedgerMessage.objects.filter(pk=message_id, state__in=OPEN_STATES)
        if not claim(still_open, **new):
            raise LibraryError("unknown_case")
        if new["state"] == State.WAITING:
            LedgerMessage.objects.filter(
                state=State.WAITING,
                ledger=row.ledger,
                item__owning_agency_id=row.item.owning_agency_id,
                not_before__gt=now,
            ).update(not_before=now)
        return {"message": message_id}

    return run_once(intent=intent, action=action, asked={"message": message_id}, now=now, work=work)
