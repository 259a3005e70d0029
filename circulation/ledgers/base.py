"""The interface between circulation and whoever keeps the books about a copy.

Actions speak to a copy's ledger only through these four calls, inside their own transaction. An
adapter for a member's own system queues its messages there and sends them after the commit, so no
action has to know which kind it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from catalog.domain.items import ItemStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the books say of one copy."""

    status: ItemStatus
    branch_id: int


class Ledger(Protocol):
    """Every call carries the operation's id and may be sent again."""

    def claim(
        self, *, item_id: int, seen: Standing, new: Standing, operation_id: str, now: datetime
    ) -> bool:
        """The network takes the copy: lent, set aside, on a hold shelf, or shelved elsewhere.

        ``False`` when the books no longer say what was seen.
        """

    def release(
        self, *, item_id: int, seen: Standing, new: Standing, operation_id: str, now: datetime
    ) -> bool:
        """The copy is back on its owner's shelves. ``False`` as above."""

    def look(self, *, item_ids: Iterable[int]) -> Mapping[int, Standing]:
        """What the books say now."""

    def changes(self, *, since: datetime) -> Iterable[tuple[int, Standing]]:
        """Copies whose standing changed at or after an instant, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing a member's own system is to be told about one of its copies. No reader in it."""

    message_id: str  # the same id is the same message, however often it arrives
    call: str  # "claim" or "release"
    operation_id: str
    owner: str
    barcode: str
    status: str
    branch: str
    happened_at: datetime  # when the scan was, not when it is told


class Outcome(StrEnum):
    """What a member's system made of a message."""

    TAKEN = "taken"
    NOT_NOW = "not_now"  # down, or nobody knows whether it arrived: told again, under the same id
    REFUSED = "refused"  # it understood and will not: a person must look


@runtime_checkable
class Remote(Protocol):
    """A ledger whose books are elsewhere: what it queued is delivered after the commit."""

    def deliver(self, telling: Telling) -> tuple[Outcome, str]:
        """Tell it, outside any transaction; the outcome and, if it is not taken, why in short."""
