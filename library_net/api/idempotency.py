"""``Idempotency-Key``: the operation id of a REST write, and the digest of what was asked."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from rest_framework.request import Request

from library_net import vault
from library_net.errors import LibraryError
from library_net.logs import NUMBER

MAX_LENGTH = 120


def operation_id(request: Request) -> str:
    """The caller's key. Raises ``missing_operation_id`` when absent, blank or too long."""
    key = str(request.headers.get("Idempotency-Key", "")).strip()
    if not key or len(key) > MAX_LENGTH:
        raise LibraryError("missing_operation_id")
    return kept_key(key)


def kept_key(key: str) -> str:
    """What is kept of a caller's key: a careless client may have put a person's number into it."""
    return vault.fingerprint(key, purpose="operation") if NUMBER.search(key) else key


def digest(action: str, body: Any) -> str:
    """What was asked, as 64 hex digits: the same for equal JSON whatever its key order."""
    canonical = orjson.dumps([action, body], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(canonical).hexdigest()
