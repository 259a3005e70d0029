"""Copies whose ledger has no adapter in this installation: a mistake in settings, or not yet."""

from __future__ import annotations

from datetime import datetime

from catalog.domain.items import ItemStatus
from circulation.ledgers.base import Outcome, Standing, Telling
from circulation.ledgers.queued import QueuedLedger
from library_net.errors import LibraryError


class UnconnectedLedger(QueuedLedger):
    """Nobody may lend such a copy; a return is never refused, and its message waits (LG-5)."""

    def claim(
        self, *, item_id: int, seen: Standing, new: Standing, operation_id: str, now: datetime
    ) -> bool:
        """Raises ``unknown_ledger`` for a loan."""
        if new.status == ItemStatus.ON_LOAN:
            raise LibraryError("unknown_ledger", ledger=self.kind)
        return super().claim(
            item_id=item_id, seen=seen, new=new, operation_id=operation_id, now=now
        )

    def deliver(self, telling: Telling) -> tuple[Outcome, str]:  # noqa: ARG002 - nobody to tell
        return Outcome.NOT_NOW, f"no adapter for {self.kind}"
