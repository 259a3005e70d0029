"""Message 99: are we there, and what may this terminal do."""

from __future__ import annotations

from typing import Final

from circulation.protocols.sip2.asking import Ask, answer
from circulation.protocols.sip2.codes import supported_messages
from circulation.protocols.sip2.messages import Message

UNDERSTOOD: Final = frozenset("09 11 15 17 19 23 25 29 35 37 63 65 93 97 99".split())  # noqa: SIM905


def status_answer(ask: Ask) -> Message:
    """Off-line work is welcome: what a machine did alone is taken as done (no block)."""
    allowed = ask.profile.allowed
    may = UNDERSTOOD if allowed is None else (UNDERSTOOD & allowed) | {"93", "97", "99"}
    fixed = {
        "online": "Y",
        "checkin": _flag("09" in may),
        "checkout": _flag("11" in may),
        "renewal": _flag("29" in may),
        "status_update": "N",
        "offline": "Y",
    }
    fields = [
        ("BX", supported_messages(may)),
        ("AM", ask.profile.agency_name),
        ("AN", ask.profile.branch),
    ]
    return answer(ask, fixed, fields, at=ask.now)


def _flag(value: bool) -> str:
    return "Y" if value else "N"
