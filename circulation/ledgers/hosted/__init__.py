"""Our own books: the state columns of ``Item`` themselves, and nobody else to tell."""

from __future__ import annotations

from circulation.ledgers.columns import ItemColumns

KIND = "hosted"


class HostedLedger(ItemColumns):
    """The network is the library's system."""

    def __init__(self) -> None:
        super().__init__(KIND)
