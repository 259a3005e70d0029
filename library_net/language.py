"""Chinese first: the reader's own choice, else Chinese, unless the API asks for English."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

COOKIE_DAYS = 365


class LanguageMiddleware:
    """Cookie first; then ``Accept-Language``, but only on the API; then Chinese.

    A browser set to English on a shared reading-room computer is no wish of the reader in front of
    it, so pages start in Chinese and keep what was chosen; programs say what they want by header.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.known = {code for code, _name in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if chosen not in self.known:
            is_api = request.path_info.startswith("/api/")
            chosen = (
                translation.get_language_from_request(request) if is_api else settings.LANGUAGE_CODE
            )
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", chosen)
            if is_template_unrendered(response):
                response.render()  # type: ignore[attr-defined] # before the override ends
        return response


def is_template_unrendered(response: HttpResponse) -> bool:
    return getattr(response, "is_rendered", True) is False
