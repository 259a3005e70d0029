"""Cursor pages: ``{"results": […], "next": cursor | null}``, stable while rows are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from rest_framework.request import Request

from library_net.errors import LibraryError

MAX_PAGE = 500
MAX_DIGITS = 9


def page_size(request: Request, *, default: int = 100) -> int:
    text = request.query_params.get("limit", "")
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    return max(1, min(int(text), MAX_PAGE)) if is_number else default


def read_cursor(request: Request) -> int:
    """The position to continue after; 0 at the start. Raises ``bad_cursor``."""
    text = request.query_params.get("cursor", "")
    if not text:
        return 0
    try:
        return int(signing.Signer(salt="cursor").unsign(text))
    except (signing.BadSignature, ValueError) as error:
        raise LibraryError("bad_cursor") from error


def make_cursor(position: int) -> str:
    return signing.Signer(salt="cursor").sign(str(position))


def page_by_id(
    request: Request, rows: QuerySet[Any], render: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """One page of rows in primary-key order."""
    size = page_size(request)
    found = list(rows.filter(pk__gt=read_cursor(request)).order_by("pk")[: size + 1])
    more = len(found) > size
    return {
        "results": [render(row) for row in found[:size]],
        "next": make_cursor(found[size - 1].pk) if more else None,
    }
