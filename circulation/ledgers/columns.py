"""The state columns of ``Item``: the books of the hosted ledger, and our copy of all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.ledgers.base import Standing
from library_net.db import claim


class ItemColumns:
    """Claim and release are one compare-and-set; the operation's row already makes it once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def claim(
        self,
        *,
        item_id: int,
        seen: Standing,
        new: Standing,
        operation_id: str,  # noqa: ARG002 - the interface's; nothing is sent from here
        now: datetime,
    ) -> bool:
        unchanged = Item.objects.filter(
            pk=item_id, ledger=self.kind, status=seen.status, current_branch_id=seen.branch_id
        )
        return claim(
            unchanged,
            status=str(new.status),
            current_branch_id=new.branch_id,
            status_changed_at=now,
        )

    release = claim

    def look(self, *, item_ids: Iterable[int]) -> Mapping[int, Standing]:
        rows = Item.objects.filter(pk__in=item_ids).values_list("pk", "status", "current_branch_id")
        return {pk: _standing(status, branch_id) for pk, status, branch_id in rows}

    def changes(self, *, since: datetime) -> Iterable[tuple[int, Standing]]:
        rows = (
            Item.objects.filter(ledger=self.kind, status_changed_at__gte=since)
            .order_by("status_changed_at", "pk")
            .values_list("pk", "status", "current_branch_id")
        )
        return ((pk, _standing(status, branch_id)) for pk, status, branch_id in rows.iterator())


def _standing(status: str, branch_id: int) -> Standing:
    return Standing(status=ItemStatus(status), branch_id=branch_id)
