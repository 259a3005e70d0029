"""One function a request, found by its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from circulation.protocols.sip2.answers.copies import item_information, item_status_update
from circulation.protocols.sip2.answers.loans import checkin_answer, checkout_answer
from circulation.protocols.sip2.answers.money import fee_paid
from circulation.protocols.sip2.answers.readers import (
    end_session,
    patron_enable,
    patron_information,
    patron_status_answer,
)
from circulation.protocols.sip2.answers.renewals import renew_all_answer, renew_answer
from circulation.protocols.sip2.answers.requests import hold_answer
from circulation.protocols.sip2.answers.system import status_answer
from circulation.protocols.sip2.asking import Ask
from circulation.protocols.sip2.messages import Message

HANDLERS: Final[Mapping[str, Callable[[Ask], Message]]] = {
    "09": checkin_answer,
    "11": checkout_answer,
    "15": hold_answer,
    "17": item_information,
    "19": item_status_update,
    "23": patron_status_answer,
    "25": patron_enable,
    "29": renew_answer,
    "35": end_session,
    "37": fee_paid,
    "63": patron_information,
    "65": renew_all_answer,
    "99": status_answer,
}
# Log-in (93) and resend (97) belong to the conversation itself.
UNDERSTOOD: Final = frozenset({*HANDLERS, "93", "97"})
