"""Whom a request acts for, and its body as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from library_net.accounts.scope import Scope, scope_of
from library_net.errors import LibraryError
from library_net.network.models import Agency

PIECE = 64 * 1024


class StreamParser(BaseParser):
    """Leaves the body unread, whatever it is called: the view streams it."""

    media_type = "*/*"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Any = None,  # noqa: ARG002
    ) -> Any:
        return stream


class JsonOnly(BaseContentNegotiation):
    """Answers JSON, so that ``?format=`` can name the MARC dialect and not a renderer."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's signature
        renderers: Any,
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> Any:
        return renderers[0], renderers[0].media_type


def agency_of(request: Request) -> Agency:
    """The institution the caller acts for: the key's own, or ``?agency=`` within the role."""
    scope = scope_of(request.user)
    if code := request.query_params.get("agency", ""):
        found = Agency.objects.filter(code=code).first()
        if found is None or not scope.covers(found.pk):
            raise LibraryError("outside_your_agency")
        return found
    found = Agency.objects.filter(pk=scope.home_agency_id or 0).first()
    if found is None:
        raise LibraryError("no_agency")
    return found


def agency_ids(scope: Scope) -> Iterable[int] | None:
    return None if scope.everywhere else scope.agency_ids


def pieces(body: Any) -> Iterator[bytes]:
    while piece := body.read(PIECE):
        yield piece


def limited(content: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same pieces. Raises ``batch_too_large`` as soon as they are more than ``limit`` bytes."""
    size = 0
    for piece in content:
        size += len(piece)
        if size > limit:
            raise LibraryError("batch_too_large", limit_mb=limit // 2**20)
        yield piece
