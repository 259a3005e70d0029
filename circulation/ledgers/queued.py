"""What an adapter for a member's own system stands on: our columns now, that system later.

A claim or a release changes our copy of the books and leaves a row that says what to tell, both in
the action's own transaction (LG-1). Whether that system is up is nobody's concern at the desk.
"""

from __future__ import annotations

import abc
from datetime import datetime

from circulation.ledgers.base import Outcome, Standing, Telling
from circulation.ledgers.columns import ItemColumns
from circulation.models import LedgerMessage
from circulation.models.ledger_messages import LedgerCall
from library_net.queue import after_commit


class QueuedLedger(ItemColumns, abc.ABC):
    """An adapter adds ``deliver`` alone, and is registered under its kind."""

    def claim(
        self, *, item_id: int, seen: Standing, new: Standing, operation_id: str, now: datetime
    ) -> bool:
        return self._tell(
            LedgerCall.CLAIM,
            item_id=item_id,
            seen=seen,
            new=new,
            operation_id=operation_id,
            now=now,
        )

    def release(
        self, *, item_id: int, seen: Standing, new: Standing, operation_id: str, now: datetime
    ) -> bool:
        return self._tell(
            LedgerCall.RELEASE,
            item_id=item_id,
            seen=seen,
            new=new,
            operation_id=operation_id,
            now=now,
        )

    @abc.abstractmethod
    def deliver(self, telling: Telling) -> tuple[Outcome, str]:
        """See ``Remote``."""

    def _tell(
        self,
        call: LedgerCall,
        *,
        item_id: int,
        seen: Standing,
        new: Standing,
        operation_id: str,
        now: datetime,
    ) -> bool:
        is_ours = super().claim(
            item_id=item_id, seen=seen, new=new, operation_id=operation_id, now=now
        )
        if is_ours:
            LedgerMessage.objects.create(
                ledger=self.kind,
                item_id=item_id,
                call=call,
                operation_id=operation_id,
                status=str(new.status),
                branch_id=new.branch_id,
                happened_at=now,
                not_before=now,
            )
            after_commit("circulation.tell_ledgers")
        return is_ours
