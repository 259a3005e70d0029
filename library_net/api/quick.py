"""Quick doors: hot addresses answered in front of Django, for the request everybody sends.

A door knows nothing but a program's ordinary request: a member key, a small JSON object of texts,
an ``Idempotency-Key``, JSON wanted back; no cookie, so no session, no language chosen, nothing to
forge. What Django does around a view for pages and people (sessions, CSRF, messages, a database
connection looked after for each request) has nothing to do for it and costs more than the loan.
For anything else a door says ``None`` and has done nothing: the request goes on to Django and to
the REST framework's view at the same address, with its own words for what is wrong. So there is
one set of rules about requests, and a door may only know less of them.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final, TypeVar

import orjson
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from library_net.api.idempotency import MAX_LENGTH, kept_key
from library_net.api.problems import document
from library_net.errors import LibraryError
from library_net.network.models import hash_secret

log = logging.getLogger(__name__)
MAX_BYTES: Final = 16 * 1024
_WANTED: Final = frozenset({"", "*/*", "application/json"})
_OF_PEOPLE: Final = ("HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE", "QUERY_STRING")
_LINES: Final = {int(status): f"{status.value} {status.phrase}" for status in HTTPStatus}
Found = TypeVar("Found")
Environ = Mapping[str, Any]  # of WSGI; Django's request.META is the same


@dataclass(frozen=True, slots=True)
class Told:
    """An answer on its way out."""

    status: int
    content_type: str
    body: bytes


Door = Callable[[Environ, bytes], Told | None]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class QuickDoors:
    """The WSGI application: addresses with a door are tried there, all else is the site's."""

    def __init__(
        self,
        site: Application,
        *,
        doors: Mapping[str, Door],
        headers: Sequence[tuple[str, str]],
    ) -> None:
        """``headers`` are what the site's middleware puts on every answer."""
        self._site = site
        self._doors = doors
        self._headers = headers

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        door = self._doors.get(environ.get("PATH_INFO", ""))
        told = _ask(door, environ) if door is not None and _is_ordinary(environ) else None
        if told is None:
            return self._site(environ, start_response)
        about = [("Content-Type", told.content_type), ("Content-Length", str(len(told.body)))]
        start_response(_LINES[told.status], [*about, *self._headers])
        return [told.body]


def _is_ordinary(environ: Environ) -> bool:
    """Sent by a program that chose nothing a door does not know."""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("CONTENT_TYPE", "").partition(";")[0] == "application/json"
        and environ.get("HTTP_ACCEPT", "") in _WANTED
        and not any(environ.get(name) for name in _OF_PEOPLE)
        and _is_our_name(environ.get("HTTP_HOST", ""))
    )


@lru_cache(maxsize=256)
def _is_our_name(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _ask(door: Door, environ: dict[str, Any]) -> Told | None:
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal() or int(length) > MAX_BYTES:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)  # for the site, should it be asked
    try:
        return door(environ, body)
    except Exception:
        # Whatever it was, the site may try: the operation's row keeps it from acting twice.
        log.exception("a quick door failed")
        return None


def read_texts(
    body: bytes, *, required: Mapping[str, int], optional: Mapping[str, int]
) -> dict[str, str] | None:
    """The fields of the body, trimmed; names with the most characters each may have."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(given, dict):
        return None
    found = dict.fromkeys(optional, "")
    for names, must in ((required, True), (optional, False)):
        for name, most in names.items():
            value = given.get(name, None if must else "")
            if not isinstance(value, str) or "\0" in value:
                return None
            value = value.strip()
            if len(value) > most or (must and not value):
                return None
            found[name] = value
    return found


def read_operation_id(environ: Environ) -> str | None:
    key = str(environ.get("HTTP_IDEMPOTENCY_KEY", "")).strip()
    return kept_key(key) if key and len(key) <= MAX_LENGTH else None


def read_key(
    environ: Environ, *, find: Callable[[str], Found | None], hash_of: Callable[[Found], str]
) -> tuple[str, Found] | None:
    """The member key shown, by its prefix, when ``find`` knows it and its secret is right."""
    kind, _blank, shown = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    prefix, _dot, secret = shown.strip().partition(".")
    found = find(prefix) if kind.lower() == "key" else None
    if found is None or not hmac.compare_digest(hash_of(found), hash_secret(secret)):
        return None
    return prefix, found


def tell(answer: dict[str, Any], *, status: int) -> Told:
    """An answer whose keys are in order already."""
    return Told(status, "application/json", orjson.dumps(answer))


def tell_problem(error: LibraryError) -> Told:
    body = document(error)
    return Told(body["status"], "application/problem+json", orjson.dumps(body, default=str))
