"""The code lists of SIP 2.00 that our answers use, and the order of its flags."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from catalog.domain.items import ItemStatus

CIRCULATION_STATUS: Final[Mapping[str, str]] = {
    ItemStatus.AVAILABLE: "03",
    ItemStatus.ON_LOAN: "04",
    ItemStatus.ON_HOLD_SHELF: "08",
    ItemStatus.RESHELVING: "09",
    ItemStatus.IN_TRANSIT: "10",
    ItemStatus.IN_PROCESS: "06",
    ItemStatus.ON_ORDER: "02",
    ItemStatus.CLAIMED_RETURNED: "11",
    ItemStatus.LOST: "12",
    ItemStatus.MISSING: "13",
    ItemStatus.WITHDRAWN: "01",
}
MEDIA: Final[Mapping[str, str]] = {
    "book": "001",
    "periodical": "002",
    "serial": "002",
    "audio": "004",
    "video": "005",
    "disc": "006",
}
LANGUAGES: Final[Mapping[str, str]] = {"001": "en", "019": "zh-hans", "027": "zh-hans"}
UNKNOWN_LANGUAGE: Final = "000"


class Alert(StrEnum):
    """CV; strict clients know no others than these and 00, 03."""

    HOLD_HERE = "01"
    HOLD_ELSEWHERE = "02"
    SEND_ON = "04"
    STAFF = "99"
    NONE = "00"


class PatronFlag(StrEnum):
    """The fourteen places of the patron status; the value is nothing but a name."""

    NO_CHARGE = "charge privileges denied"
    NO_RENEWAL = "renewal privileges denied"
    NO_RECALL = "recall privileges denied"
    NO_HOLD = "hold privileges denied"
    CARD_LOST = "card reported lost"
    TOO_MANY_CHARGED = "too many items charged"
    TOO_MANY_OVERDUE = "too many items overdue"
    TOO_MANY_RENEWALS = "too many renewals"
    TOO_MANY_CLAIMS = "too many claims of items returned"
    TOO_MANY_LOST = "too many items lost"
    EXCESSIVE_FINES = "excessive outstanding fines"
    EXCESSIVE_FEES = "excessive outstanding fees"
    RECALL_OVERDUE = "recall overdue"
    TOO_MANY_BILLED = "too many items billed"


def patron_status(flags: frozenset[PatronFlag]) -> str:
    """Fourteen places: ``Y`` denied, blank allowed.

    >>> patron_status(frozenset({PatronFlag.NO_CHARGE, PatronFlag.CARD_LOST}))
    'Y   Y         '
    """
    return "".join("Y" if flag in flags else " " for flag in PatronFlag)


# BX: which messages are understood, place by place.
SUPPORTED: Final = (
    "23 11 09 01 99 97 93 63 35 37 17 19 25 15 29 65".split()  # noqa: SIM905 - the order of BX
)


def supported_messages(allowed: frozenset[str]) -> str:
    return "".join("Y" if code in allowed else "N" for code in SUPPORTED)
