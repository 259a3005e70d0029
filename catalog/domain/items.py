"""What one member record says about physical copies, whatever field it said it in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.domain.records import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    barcode: str
    branch_code: str = ""  # as the member writes it; mapped by its profile
    location: str = ""  # shelving location
    call_number: str = ""
    volume: str = ""
    copy: str = ""
    material: str = ""  # the member's own item type
    price: Price | None = None
    note: str = ""


class ItemStatus(StrEnum):
    """Where a copy stands; the order and codes follow SIP2 circulation status (house §7)."""

    AVAILABLE = "available"
    ON_LOAN = "on_loan"
    ON_HOLD_SHELF = "on_hold_shelf"
    RESHELVING = "reshelving"
    IN_TRANSIT = "in_transit"
    IN_PROCESS = "in_process"
    ON_ORDER = "on_order"
    CLAIMED_RETURNED = "claimed_returned"
    LOST = "lost"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
