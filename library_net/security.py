"""At the outermost door: nothing from outside, no inline script, no NUL in an address."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from library_net.api.problems import document
from library_net.errors import LibraryError

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
# What the middleware puts on an answer to a program, for answers given in front of it.
HEADERS = (
    ("Content-Language", settings.LANGUAGE_CODE),
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
    ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", settings.X_FRAME_OPTIONS),
)


class ContentSecurityPolicyMiddleware:
    """Sets the policy on every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class NoNulMiddleware:
    """Refuses an address with a NUL: no text of ours has one, and PostgreSQL cannot hold it.

    OAI-PMH and SRU refuse it themselves, in the words of their protocol.
    """

    protocols = ("/oai", "/sru")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and not request.path_info.startswith(self.protocols):
            return _refusal(request)
        return self.get_response(request)


def _refusal(request: HttpRequest) -> HttpResponse:
    body = document(LibraryError("malformed_address"))
    if request.path_info.startswith("/api/"):
        return JsonResponse(body, status=body["status"], content_type="application/problem+json")
    return HttpResponse(body["title"], status=body["status"], content_type="text/plain")
