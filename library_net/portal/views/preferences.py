"""Choices that stay with the browser: language and size of type."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from library_net.language import COOKIE_DAYS
from library_net.portal.doors import next_page

COOKIE_SECONDS = COOKIE_DAYS * 24 * 60 * 60
TYPE_SIZE_COOKIE = "type_size"
TYPE_SIZES = ("normal", "large")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Set the language and stay on the page."""
    chosen = str(request.POST.get("language", ""))
    known = {code for code, _name in settings.LANGUAGES}
    response = next_page(request, otherwise="portal:home")
    if chosen in known:
        _remember(request, response, settings.LANGUAGE_COOKIE_NAME, chosen)
    return response


@require_POST
def type_size(request: HttpRequest) -> HttpResponse:
    """Large or normal type, and stay on the page."""
    chosen = str(request.POST.get("size", ""))
    response = next_page(request, otherwise="portal:home")
    if chosen in TYPE_SIZES:
        _remember(request, response, TYPE_SIZE_COOKIE, chosen)
    return response


def _remember(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=request.is_secure(),
    )
