"""How the ledger that is entitled to lend a copy is kept in step: one folder a kind."""

from __future__ import annotations

from circulation.ledgers.base import Ledger, Standing
from circulation.ledgers.hosted import HostedLedger
from library_net.errors import LibraryError

_LEDGERS: dict[str, Ledger] = {"hosted": HostedLedger()}


def ledger_of(kind: str) -> Ledger:
    """The adapter for ``Item.ledger``. Raises ``unknown_ledger``."""
    try:
        return _LEDGERS[kind]
    except KeyError:
        raise LibraryError("unknown_ledger", ledger=kind) from None


__all__ = ["Ledger", "Standing", "ledger_of"]
