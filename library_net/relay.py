"""Electronic cards: a code that only its issuer can read, asked for through a relay.

The relay is somebody else's and may be down: it gets little time, and after a failure it is left
alone for a while, so that a desk with a queue does not wait for it at every scan.

    POST {url}  {"code": "…"}  ->  200 {"kind": "resident_id", "number": "…", "name": "…"}
                                   404 | 410: the code is unknown or too old
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import Final

import requests
from django.conf import settings

from library_net.errors import LibraryError

log = logging.getLogger(__name__)
CONNECT_S: Final = 1.0
ANSWER_S: Final = 2.5
REST_S: Final = 20.0
_UNKNOWN: Final = {404, 410, 422}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the issuer says stands behind the code: a document, and whose name is on it."""

    kind: str
    number: str
    name: str


class _Breaker:
    """Remembers, for this process, that the relay did not answer."""

    def __init__(self) -> None:
        self.rests_until = 0.0

    def trip(self) -> None:
        self.rests_until = time.monotonic() + REST_S

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.rests_until


breaker = _Breaker()


def is_electronic_card(text: str) -> bool:
    """Whether a scan has the form of the codes the relay reads (``LIBRARY_NET_ECARD_PATTERN``)."""
    return re.fullmatch(settings.ECARD_PATTERN, text.strip()) is not None


def resolve(text: str) -> Resolved:
    """Ask the issuer. Raises ``ecard_not_accepted``, ``ecard_unknown``, ``relay_down``."""
    if not settings.ECARD_RELAY_URL:
        raise LibraryError("ecard_not_accepted")
    if breaker.is_open:
        raise LibraryError("relay_down")
    try:
        answer = requests.post(
            settings.ECARD_RELAY_URL,
            json={"code": text.strip()},
            headers={"Authorization": f"Bearer {settings.ECARD_RELAY_SECRET}"},
            timeout=(CONNECT_S, ANSWER_S),
            allow_redirects=False,
        )
        if answer.status_code in _UNKNOWN:
            raise LibraryError("ecard_unknown")
        answer.raise_for_status()
        body = answer.json()
        return Resolved(
            kind=str(body["kind"]), number=str(body["number"]), name=str(body.get("name", ""))
        )
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        breaker.trip()
        # The kind of failure only: a message might repeat what was sent.
        log.warning("the relay for electronic cards failed: %s", type(error).__name__)
        raise LibraryError("relay_down") from None
