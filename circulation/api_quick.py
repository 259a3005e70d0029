"""Lending and taking back over REST, quickly; see ``library_net.api.quick``.

Who shows a member key is checked against the keys the process remembers, and once more inside the
transaction against those in force there. Sessions, odd bodies and unknown keys take the ordinary
views, which ask the same actions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout_by_card
from circulation.actions.operations import Intent
from circulation.actions.present_card import is_plain
from circulation.api import Checkins, Checkouts
from circulation.domain.calendar import local_date
from circulation.readers.reference import latest_reference
from library_net.accounts.scope import agency_scope
from library_net.api.authentication import note_use
from library_net.api.quick import read_key, read_operation_id, read_texts, tell, tell_problem
from library_net.errors import LibraryError

_CODE, _TEXT = 40, 64  # as in the bodies of ``circulation.api``
_COPY: Final = {"branch": _CODE, "barcode": _TEXT}
_OWNER: Final = {"owner": _CODE}

_careful_checkouts = Checkouts.as_view()
_careful_checkins = Checkins.as_view()


@csrf_exempt
def checkouts(request: HttpRequest) -> HttpResponseBase:
    """Lend one copy."""
    body = read_texts(request, required={**_COPY, "card": _TEXT}, optional=_OWNER)
    intent = _intent(request) if body is not None else None
    if body is None or intent is None or not is_plain(body["card"]):
        return _careful_checkouts(request)
    given = body
    return _told(lambda: checkout_by_card(intent=intent, now=timezone.now(), **given), status=201)


@csrf_exempt
def checkins(request: HttpRequest) -> HttpResponseBase:
    """Take one copy back."""
    body = read_texts(request, required=_COPY, optional=_OWNER)
    intent = _intent(request) if body is not None else None
    if body is None or intent is None:
        return _careful_checkins(request)
    given = body
    return _told(
        lambda: checkin(
            intent=intent,
            branch_id=given["branch"],
            barcode=given["barcode"],
            owner=given["owner"],
            now=timezone.now(),
        ),
        status=200,
    )


def _told(act: Callable[[], dict[str, Any]], *, status: int) -> HttpResponse:
    try:
        return tell(act(), status=status)
    except LibraryError as error:
        return tell_problem(error)


def _intent(request: HttpRequest) -> Intent | None:
    now = timezone.now()
    operation_id = read_operation_id(request)
    known = latest_reference(today=local_date(now))
    if operation_id is None or known is None:
        return None
    shown = read_key(request, find=known.keys.get, hash_of=lambda key: key.secret_hash)
    if shown is None:
        return None
    prefix, key = shown
    note_use(key.id, now=now)
    return Intent(
        caller=f"agency:{key.agency_id}",
        operation_id=operation_id,
        scope=agency_scope(key.agency_id),
        key_prefix=prefix,
    )
