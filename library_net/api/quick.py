"""The quick lane of a hot address: a plain view for the request everybody sends.

It reads nothing but an ordinary request: a member key, a small JSON object of texts, an
``Idempotency-Key``, JSON wanted back. For anything else it says ``None``, and the REST framework's
view at the same address answers, with its own words for what is wrong. So there is one set of
rules about requests, and the quick lane may only know less of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import orjson
from django.http import HttpRequest, HttpResponse

from library_net.api.idempotency import MAX_LENGTH, kept_key
from library_net.api.problems import document
from library_net.errors import LibraryError
from library_net.network.models import hash_secret

MAX_BYTES: Final = 16 * 1024
_WANTED: Final = frozenset({"", "*/*", "application/json"})
Found = TypeVar("Found")


def read_texts(
    request: HttpRequest, *, required: Mapping[str, int], optional: Mapping[str, int]
) -> dict[str, str] | None:
    """The fields of the body, trimmed; names with the most characters each may have."""
    given = _object(request)
    if given is None:
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


def _object(request: HttpRequest) -> dict[str, Any] | None:
    meta = request.META
    if request.method != "POST" or meta.get("QUERY_STRING") or not _is_json(meta):
        return None
    body = request.body
    try:
        given = orjson.loads(body) if len(body) <= MAX_BYTES else None
    except orjson.JSONDecodeError:
        return None
    return given if isinstance(given, dict) else None


def _is_json(meta: Mapping[str, Any]) -> bool:
    return (
        meta.get("CONTENT_TYPE", "").partition(";")[0] == "application/json"
        and meta.get("HTTP_ACCEPT", "") in _WANTED
    )


def read_operation_id(request: HttpRequest) -> str | None:
    key = str(request.META.get("HTTP_IDEMPOTENCY_KEY", "")).strip()
    return kept_key(key) if key and len(key) <= MAX_LENGTH else None


def read_key(
    request: HttpRequest, *, find: Callable[[str], Found | None], hash_of: Callable[[Found], str]
) -> tuple[str, Found] | None:
    """The member key shown, by its prefix, when ``find`` knows it and its secret is right."""
    kind, _blank, shown = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    prefix, _dot, secret = shown.strip().partition(".")
    found = find(prefix) if kind.lower() == "key" else None
    if found is None or not hmac.compare_digest(hash_of(found), hash_secret(secret)):
        return None
    return prefix, found


def tell(answer: dict[str, Any], *, status: int) -> HttpResponse:
    """An answer whose keys are in order already."""
    return HttpResponse(orjson.dumps(answer), status=status, content_type="application/json")


def tell_problem(error: LibraryError) -> HttpResponse:
    body = document(error)
    return HttpResponse(
        orjson.dumps(body, default=str),
        status=body["status"],
        content_type="application/problem+json",
    )
