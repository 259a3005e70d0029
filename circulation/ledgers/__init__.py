"""How the ledger that is entitled to lend a copy is kept in step: one folder a kind."""

from __future__ import annotations

from circulation.ledgers.base import Ledger, Outcome, Remote, Standing, Telling
from circulation.ledgers.hosted import KIND as HOSTED
from circulation.ledgers.hosted import HostedLedger
from circulation.ledgers.unconnected import UnconnectedLedger

_LEDGERS: dict[str, Ledger] = {HOSTED: HostedLedger()}


def register(kind: str, ledger: Ledger) -> None:
    """An adapter for ``Item.ledger == kind``; called while the process starts, or by a test."""
    if kind in _LEDGERS:
        message = f"there is a ledger {kind!r} already"
        raise ValueError(message)
    _LEDGERS[kind] = ledger


def unregister(kind: str) -> None:
    """The adapter is gone; its copies are taken back but not lent until another comes (LG-5)."""
    del _LEDGERS[kind]


def ledger_of(kind: str) -> Ledger:
    """The adapter for ``Item.ledger``; without one, a ledger that is down (LG-5)."""
    return _LEDGERS.get(kind) or UnconnectedLedger(kind)


def is_column_of_item(kind: str) -> bool:
    """The books are ``Item``'s own columns: claims on many copies may be one statement."""
    return kind == HOSTED


__all__ = [
    "Ledger",
    "Outcome",
    "Remote",
    "Standing",
    "Telling",
    "is_column_of_item",
    "ledger_of",
    "register",
    "unregister",
]
