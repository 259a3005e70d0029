"""RFC 9457 problem documents, and the one table from error code to words and HTTP status.

Each app registers its codes at start (`register`); a house test proves that no code is left out.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from library_net.errors import LibraryError, Refused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """How one code is told: HTTP status, and a sentence that says what, why and what next."""

    status: int
    text: Promise | str


_TABLE: dict[str, Problem] = {}


def register(problems: dict[str, tuple[int, Any]]) -> None:
    """Add an app's codes: ``{code: (http status, lazy sentence with %(name)s parameters)}``."""
    _TABLE.update({str(code): Problem(http, text) for code, (http, text) in problems.items()})


def known_codes() -> frozenset[str]:
    return frozenset(_TABLE)


def sentence(code: str, params: dict[str, Any]) -> str:
    """The code in the reader's language; an unknown code shows itself rather than nothing."""
    problem = _TABLE.get(str(code))
    if problem is None:
        log.error("no text for error code %s", code)
        return str(code)
    try:
        return str(problem.text) % params
    except (KeyError, TypeError, ValueError):
        log.exception("text of %s does not fit its parameters", code)
        return str(problem.text)


def code_text(code: str) -> str:
    """What a code means in general: its sentence with an ellipsis for each parameter."""
    problem = _TABLE.get(str(code))
    return re.sub(r"%\(\w+\)s", "…", str(problem.text)) if problem else str(code)


def document(error: LibraryError) -> dict[str, Any]:
    """The problem document of an anticipated failure, with every reason in words."""
    problem = _TABLE.get(error.code)
    reasons = error.reasons if isinstance(error, Refused) else [(error.code, error.params)]
    return {
        "type": f"/problems/{error.code}",
        "title": sentence(error.code, error.params),
        "status": problem.status if problem else status.HTTP_400_BAD_REQUEST,
        "code": error.code,
        "reasons": [
            {"code": code, "detail": sentence(code, params), "params": params}
            for code, params in reasons
        ],
    }


def respond(body: dict[str, Any]) -> Response:
    return Response(body, status=body["status"], content_type="application/problem+json")


_FRAMEWORK_CODES: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NotAuthenticated, "not_authenticated"),
    (exceptions.AuthenticationFailed, "bad_member_key"),
    (exceptions.PermissionDenied, "not_allowed"),
    (PermissionDenied, "not_allowed"),
    (exceptions.NotFound, "not_found"),
    (Http404, "not_found"),
    (exceptions.MethodNotAllowed, "method_not_allowed"),
    (exceptions.UnsupportedMediaType, "unsupported_media_type"),
    (exceptions.NotAcceptable, "not_acceptable"),
    (exceptions.ParseError, "malformed_body"),
    (exceptions.Throttled, "too_many_requests"),
)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001
    """DRF's hook: every anticipated failure leaves as application/problem+json."""
    if isinstance(exc, LibraryError):
        return respond(document(exc))
    if isinstance(exc, exceptions.ValidationError):
        body = document(LibraryError("invalid_fields"))
        body["fields"] = exc.get_full_details()
        return respond(body)
    for kind, code in _FRAMEWORK_CODES:
        if isinstance(exc, kind):
            response = respond(document(LibraryError(code)))
            if header := getattr(exc, "auth_header", None):
                response["WWW-Authenticate"] = header
            return response
    return None  # a defect: let it be seen and logged


register(
    {
        "not_authenticated": (401, _("Sign in, or send a member key with the request.")),
        "bad_member_key": (
            401,
            _("The member key is not known or was revoked. Ask the network for a new one."),
        ),
        "not_allowed": (403, _("Your role does not allow this.")),
        "outside_your_agency": (
            403,
            _("This belongs to another institution; your role covers your own only."),
        ),
        "not_found": (404, _("There is nothing here under this number.")),
        "method_not_allowed": (405, _("This address does not take that method.")),
        "not_acceptable": (406, _("None of the formats asked for can be given.")),
        "unsupported_media_type": (415, _("Send this as application/json.")),
        "malformed_address": (400, _("The address holds a NUL character. Send it without.")),
        "malformed_body": (400, _("The body could not be read as JSON. Check it and send again.")),
        "invalid_fields": (422, _("Some fields are missing or wrong; see the list of fields.")),
        "too_many_requests": (429, _("Too many requests. Wait a little and try again.")),
        "bad_cursor": (400, _("The cursor is not one of ours. Start again without it.")),
        "missing_operation_id": (
            400,
            _("Send an Idempotency-Key header, so that a repeat cannot act twice."),
        ),
        "operation_reused": (
            422,
            _("This Idempotency-Key was used for a different request. Use a new one."),
        ),
        "vault_key_missing": (
            500,
            _("The key that sealed this value (version %(version)s) is not configured."),
        ),
    }
)
