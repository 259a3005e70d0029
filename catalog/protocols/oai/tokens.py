"""Resumption tokens: where a list goes on, signed, so that nothing need be kept on our side.

A token holds the list's arguments and the place after which it goes on. It survives restarts and
is good on every node, as long as the secret key stays the same; it never expires.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core import signing

from catalog.protocols.oai.requests import ErrorCode, OaiError, Verb

_SALT = "catalog.oai"
MAX_LENGTH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    verb: str
    prefix: str
    since: str  # ISO 8601 or empty
    before: str
    set_spec: str
    changed_at: str  # of the last record given, to the microsecond
    last_id: int
    given: int  # records given so far
    total: int  # when the list began

    @property
    def place(self) -> tuple[datetime, int]:
        return datetime.fromisoformat(self.changed_at), self.last_id


def seal(token: Token) -> str:
    return signing.dumps(asdict(token), salt=_SALT, compress=True)


def unseal(text: str, *, verb: Verb) -> Token:
    """The token again. Raises OaiError badResumptionToken for anything we did not make."""
    try:
        found = Token(**signing.loads(text[:MAX_LENGTH], salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        found = None
    if found is None or found.verb != verb:
        text = "the resumptionToken is not one of this list; begin again"
        raise OaiError(ErrorCode.BAD_TOKEN, text)
    return found
