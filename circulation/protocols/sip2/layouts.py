"""What each message begins with: the fixed fields of SIP 2.00, as a table.

Everything behind them is variable: a two-letter tag, the value, a bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Layout = tuple[tuple[str, int], ...]

_ANSWERED: Final[Layout] = (
    ("ok", 1),
    ("renewal_ok", 1),
    ("magnetic", 1),
    ("desensitize", 1),
    ("date", 18),
)

REQUESTS: Final[Mapping[str, Layout]] = {
    "01": (("card_retained", 1), ("date", 18)),
    "09": (("no_block", 1), ("date", 18), ("return_date", 18)),
    "11": (("renewal_policy", 1), ("no_block", 1), ("date", 18), ("no_block_due", 18)),
    "15": (("mode", 1), ("date", 18)),
    "17": (("date", 18),),
    "19": (("date", 18),),
    "23": (("language", 3), ("date", 18)),
    "25": (("date", 18),),
    "29": (("third_party", 1), ("no_block", 1), ("date", 18), ("no_block_due", 18)),
    "35": (("date", 18),),
    "37": (("date", 18), ("fee_type", 2), ("payment_type", 2), ("currency", 3)),
    "63": (("language", 3), ("date", 18), ("summary", 10)),
    "65": (("date", 18),),
    "93": (("user_algorithm", 1), ("password_algorithm", 1)),
    "97": (),
    "99": (("status", 1), ("width", 3), ("version", 4)),
}

RESPONSES: Final[Mapping[str, Layout]] = {
    "10": (("ok", 1), ("resensitize", 1), ("magnetic", 1), ("alert", 1), ("date", 18)),
    "12": _ANSWERED,
    "16": (("ok", 1), ("available", 1), ("date", 18)),
    "18": (("circulation", 2), ("security", 2), ("fee_type", 2), ("date", 18)),
    "20": (("ok", 1), ("date", 18)),
    "24": (("patron_status", 14), ("language", 3), ("date", 18)),
    "26": (("patron_status", 14), ("language", 3), ("date", 18)),
    "30": _ANSWERED,
    "36": (("ended", 1), ("date", 18)),
    "38": (("accepted", 1), ("date", 18)),
    "64": (
        ("patron_status", 14),
        ("language", 3),
        ("date", 18),
        ("hold_count", 4),
        ("overdue_count", 4),
        ("charged_count", 4),
        ("fine_count", 4),
        ("recall_count", 4),
        ("unavailable_count", 4),
    ),
    "66": (("ok", 1), ("renewed_count", 4), ("unrenewed_count", 4), ("date", 18)),
    "94": (("ok", 1),),
    "96": (),
    "98": (
        ("online", 1),
        ("checkin", 1),
        ("checkout", 1),
        ("renewal", 1),
        ("status_update", 1),
        ("offline", 1),
        ("timeout", 3),
        ("retries", 3),
        ("date", 18),
        ("version", 4),
    ),
}
LAYOUTS: Final[Mapping[str, Layout]] = {**REQUESTS, **RESPONSES}

# The answer to each request.
ANSWERS: Final[Mapping[str, str]] = {
    **{code: f"{int(code) + 1:02d}" for code in REQUESTS if code not in ("01", "97", "99")},
    "01": "24",
    "99": "98",
}
# What changes something; only these are remembered across connections.
TRANSACTIONS: Final = frozenset({"09", "11", "15", "19", "25", "29", "37", "65"})
