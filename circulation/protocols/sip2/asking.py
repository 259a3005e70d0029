"""What a handler is given, and how it answers: every answer is complete, a refusal too."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from django.utils.translation import gettext as _

from circulation.actions.operations import Intent
from circulation.actions.present_card import is_plain, present_card
from circulation.domain.calendar import SHANGHAI, local_date
from circulation.protocols.sip2.codes import UNKNOWN_LANGUAGE
from circulation.protocols.sip2.layouts import ANSWERS
from circulation.protocols.sip2.messages import Message, format_date, parse_date
from circulation.protocols.sip2.resends import Claim, Seen, recognise
from circulation.readers.identity import Card, card
from circulation.readers.reference import load_branch
from circulation.readers.terminals import Profile
from library_net.api.problems import sentence
from library_net.errors import LibraryError, Refused

PROTOCOL_VERSION: Final = "2.00"
BUSY: Final = "busy"
NO_COUNTS: Final = dict.fromkeys(
    (
        *("hold_count", "overdue_count", "charged_count", "fine_count"),
        *("recall_count", "unavailable_count", "renewed_count", "unrenewed_count"),
    ),
    "0000",
)
# What a refusal says in the fixed fields of any answer.
REFUSAL: Final[Mapping[str, str]] = {
    **NO_COUNTS,
    "ok": "0",
    "renewal_ok": "N",
    "magnetic": "U",
    "desensitize": "N",
    "resensitize": "N",
    "alert": "N",
    "available": "N",
    "circulation": "01",
    "security": "00",
    "fee_type": "01",
    "patron_status": "YYYY          ",
    "language": UNKNOWN_LANGUAGE,
    "ended": "N",
    "accepted": "N",
    "online": "N",
    "checkin": "N",
    "checkout": "N",
    "renewal": "N",
    "status_update": "N",
    "offline": "Y",
    "timeout": "100",
    "retries": "003",
    "version": PROTOCOL_VERSION,
}
# Fields an answer must have, in their order; what the terminal asked about is said back.
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "10": ("AO", "AB", "AQ", "AJ"),
    "12": ("AO", "AA", "AB", "AJ", "AH"),
    "16": ("AO", "AA", "AB", "AJ"),
    "18": ("AB", "AJ"),
    "20": ("AB",),
    "24": ("AO", "AA", "AE"),
    "26": ("AO", "AA", "AE"),
    "30": ("AO", "AA", "AB", "AJ", "AH"),
    "36": ("AO", "AA"),
    "38": ("AO", "AA"),
    "64": ("AO", "AA", "AE"),
    "66": ("AO",),
    "94": (),
    "98": ("AO", "BX"),
}
_SAID_BACK: Final = frozenset({"AA", "AB", "AJ"})
Fields = Iterable[tuple[str, str]]
VISIT: Final = timedelta(minutes=10)
MOST_SHOWN: Final = 16


@dataclass(slots=True)
class Memory(Seen):
    """What one connection remembers: what it was asked, and whose code was shown."""

    shown: dict[str, tuple[Card, datetime]] = field(default_factory=dict, repr=False)
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request of one terminal."""

    message: Message
    body: bytes  # as it came, without its trailer: what makes a repeat a repeat
    sequence: str
    profile: Profile
    memory: Memory
    now: datetime

    def get(self, tag: str) -> str:
        return self.message.get(tag).strip()

    @property
    def happened_at(self) -> datetime | None:
        """The moment the terminal names, if it is one."""
        return date_of(self.message.fixed.get("date", ""))

    @property
    def owner(self) -> str:
        """Whose copy it is. AO is the terminal's own institution unless it names another."""
        named = self.get("AO")
        return self.get("BG") or (named if named != self.profile.agency else "")

    def claim(self, *, suffixes: Iterable[str] = ("",)) -> Claim:
        """The operation this request is, which may have been done already."""
        return recognise(
            caller=self.profile.caller,
            sequence=self.sequence,
            body=self.body,
            said_at=self.happened_at,
            now=self.now,
            suffixes=tuple(suffixes),
            memory=self.memory,
        )

    def intent(self, operation_id: str, *, patron_id: int | None = None) -> Intent:
        return Intent(
            caller=self.profile.caller,
            operation_id=operation_id,
            scope=self.profile.scope,
            patron_id=patron_id,
        )

    def card(self, *, at: datetime | None = None) -> Card:
        """Whose AA this is, or was at a moment off line.

        Raises ``unknown_patron``, ``ambiguous_card``.

        A phone's code works once; a machine says it with every message of the reader's visit, so
        the connection remembers whose it was.
        """
        text, now = self.get("AA"), at or self.now
        if is_plain(text):
            return card(text, today=local_date(now), agency_id=self.profile.agency_id)
        shown = self.memory.shown.get(text)
        if shown is not None and now - shown[1] < VISIT:
            return shown[0]
        intent = self.intent(f"card-{self.memory.nonce}-{len(self.memory.shown)}")
        branch = load_branch(branch_id=self.profile.branch_id)
        found = present_card(intent=intent, text=text, branch=branch, now=now)
        if len(self.memory.shown) >= MOST_SHOWN:
            self.memory.shown.clear()
            self.memory.nonce = uuid.uuid4().hex
        self.memory.shown[text] = (found, now)
        return found


def date_of(text: str) -> datetime | None:
    return parse_date(text, zone=SHANGHAI, utc=UTC)


def answer(ask: Ask, fixed: Mapping[str, str], fields: Fields, *, at: datetime) -> Message:
    """A full answer: what is not said stands as in a refusal; empty fields are left out."""
    code = ANSWERS[ask.message.code]
    said = dict.fromkeys(_REQUIRED[code], "")
    said |= {tag: ask.get(tag) for tag in said if tag in _SAID_BACK}
    said |= {"AO": ask.profile.agency} if "AO" in said else {}
    rest: list[tuple[str, str]] = []
    for tag, value in fields:
        if tag in said:
            said[tag] = value
        elif value:
            rest.append((tag, value))
    date = {"date": format_date(at, zone=SHANGHAI)}
    hidden = ask.profile.hidden
    return Message(
        code=code,
        fixed={**REFUSAL, **date, **fixed},
        fields=tuple((tag, value) for tag, value in (*said.items(), *rest) if tag not in hidden),
    )


def refusal(ask: Ask, text: str, *, fields: Fields = ()) -> Message:
    """The answer that says no, in words on the screen."""
    return answer(ask, {}, (*fields, ("AF", text)), at=ask.now)


def said_no(ask: Ask, error: LibraryError) -> Message:
    """A refusal in words. Nobody refused when the records could not be reached: that goes on."""
    if error.code == BUSY:
        raise error
    return refusal(ask, words(error))


def words(error: LibraryError) -> str:
    """Every reason in the language of the moment."""
    reasons = error.reasons if isinstance(error, Refused) else [(error.code, error.params)]
    return " ".join(sentence(code, params) for code, params in reasons)


def try_later(message: Message, *, agency: str, now: datetime) -> Message:
    """What a terminal hears while the records cannot be reached; it may go on off line."""
    code = ANSWERS[message.code]
    said = dict.fromkeys(_REQUIRED[code], "")
    said |= {tag: message.get(tag).strip() for tag in said if tag in _SAID_BACK}
    said |= {"AO": agency} if "AO" in said else {}
    said |= {"BX": "N" * 16} if "BX" in said else {}
    text = _("The library system cannot be reached at the moment. Please try again later.")
    return Message(
        code=code,
        fixed={**REFUSAL, "date": format_date(now, zone=SHANGHAI)},
        fields=(*said.items(), ("AF", text)),
    )
