"""What a tariff asks about a copy, read from the copy and its record."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.compensation import LostCopy, Origin

_HK_TW: Final = frozenset({"hk", "mo", "tw"})  # ISO 3166, as records have it
_MAINLAND: Final = frozenset({"", "cn"})


def lost_copy(item: Item) -> LostCopy:
    """Price, set, year, origin, copies of the title its owner has. Queries: 1.

    The copy's own price counts; that of the record stands in for it and says whether it is a
    set's. Needs ``source_record`` loaded.
    """
    record: Mapping[str, Any] = item.source_record.neutral or {}
    priced, set_of = _priced(record.get("prices") or ())
    own = item.price
    same = Item.objects.filter(owning_agency_id=item.owning_agency_id).exclude(
        status=ItemStatus.WITHDRAWN
    )
    manifestation_id = item.source_record.manifestation_id
    same = (
        same.filter(source_record__manifestation_id=manifestation_id)
        if manifestation_id
        else same.filter(source_record_id=item.source_record_id)
    )
    return LostCopy(
        price=own if own is not None else priced,
        set_of=set_of if own is None or own == priced else None,
        year=record.get("year"),
        origin=_origin(str(record.get("country") or "")),
        material=item.material_type,
        copies=max(1, same.count()),
        pages=record.get("pages"),
    )


def _priced(prices: Any) -> tuple[Decimal | None, int | None]:
    """The first price in yuan, and of how many volumes it is."""
    for price in prices:
        if price.get("amount") and price.get("currency", "CNY") == "CNY":
            try:
                return Decimal(str(price["amount"])), price.get("set_of")
            except InvalidOperation:
                continue
    return None, None


def _origin(country: str) -> Origin:
    code = country.strip().lower()
    if code in _HK_TW:
        return Origin.HK_TW
    return Origin.MAINLAND if code in _MAINLAND else Origin.FOREIGN
