"""How the ledger that is entitled to lend a copy is kept in step: one folder a kind."""

from __future__ import annotations

from circulation.ledgers.base import Ledger, Standing
from circulation.ledgers.hosted import KIND as HOSTED
from circulation.ledgers.hosted import HostedLedger
from library_net.errors import LibraryError

_LEDGERS: dict[str, Ledger] = {HOSTED: HostedLedger()}


def ledger_of(kind: str) -> Ledger:
    """The adapter for ``Item.ledger``. Raises ``unknown_ledger``."""
    try:
        return _LEDGERS[kind]
    except KeyError:
        raise LibraryError("unknown_ledger", ledger=kind) from None


def is_column_of_item(kind: str) -> bool:
    """The books are ``Item``'s own columns: claims on many copies may be one statement."""
    return kind == HOSTED


__all__ = ["Ledger", "Standing", "is_column_of_item", "ledger_of"]
