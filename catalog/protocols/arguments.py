"""What was asked of a metadata protocol, as pairs in the order sent, from GET or POST."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.http import HttpRequest

MAX_BYTES = 64 * 1024
MAX_ARGUMENTS = 50


class BadArgumentsError(ValueError):
    """The request cannot be read as arguments at all; the text says why, in English."""


def read_arguments(request: HttpRequest) -> list[tuple[str, str]]:
    """Query string and form body together; bytes that are not UTF-8 become U+FFFD.

    Raises BadArgumentsError for too many, too long, or a body that is not a form.
    """
    queries = [request.META.get("QUERY_STRING", "")]
    if request.method == "POST":
        queries.append(_form(request))
    if sum(map(len, queries)) > MAX_BYTES:
        raise BadArgumentsError(f"the request is longer than {MAX_BYTES} bytes")
    try:
        return [
            pair
            for query in queries
            for pair in parse_qsl(
                query, keep_blank_values=True, errors="replace", max_num_fields=MAX_ARGUMENTS
            )
        ]
    except ValueError as error:
        raise BadArgumentsError(f"more than {MAX_ARGUMENTS} arguments") from error


def _form(request: HttpRequest) -> str:
    if request.content_type not in ("application/x-www-form-urlencoded", ""):
        raise BadArgumentsError("send POST as application/x-www-form-urlencoded")
    body = request.read(MAX_BYTES + 1)
    return bytes(body).decode("latin-1")
