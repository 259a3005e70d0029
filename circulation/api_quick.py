"""Lending and taking back over REST, quickly: the doors of ``library_net.api.quick``.

Who shows a member key is checked against the keys the process remembers, and once more inside the
transaction against those in force there. Sessions, odd bodies, unknown keys and whatever is out of
the ordinary take the views of ``circulation.api``, which ask the same actions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone, translation

from circulation.actions.checkin import checkin_if_ordinary
from circulation.actions.checkout import checkout_if_ordinary
from circulation.actions.operations import Intent
from circulation.actions.present_card import is_plain
from circulation.domain.calendar import local_date
from circulation.readers.reference import latest_reference
from library_net.accounts.scope import agency_scope
from library_net.api.authentication import is_use_noted
from library_net.api.quick import (
    Environ,
    Told,
    read_key,
    read_operation_id,
    read_texts,
    tell,
    tell_problem,
)
from library_net.errors import LibraryError

_CODE, _TEXT = 40, 64  # as in the bodies of ``circulation.api``
_COPY: Final = {"branch": _CODE, "barcode": _TEXT}
_OWNER: Final = {"owner": _CODE}


def lend(environ: Environ, body: bytes) -> Told | None:
    """``POST checkouts/``."""
    given, now = (
        read_texts(body, required={**_COPY, "card": _TEXT}, optional=_OWNER),
        timezone.now(),
    )
    intent = _intent(environ, now=now) if given is not None else None
    if given is None or intent is None or not is_plain(given["card"]):
        return None
    try:
        answer = checkout_if_ordinary(intent=intent, now=now, **given)
    except LibraryError as error:
        return _refused(error)
    return tell(answer, status=201) if answer is not None else None


def take(environ: Environ, body: bytes) -> Told | None:
    """``POST checkins/``."""
    given, now = read_texts(body, required=_COPY, optional=_OWNER), timezone.now()
    intent = _intent(environ, now=now) if given is not None else None
    if given is None or intent is None:
        return None
    try:
        answer = checkin_if_ordinary(intent=intent, now=now, **given)
    except LibraryError as error:
        return _refused(error)
    return tell(answer, status=200) if answer is not None else None


DOORS: Final = {"/api/v1/checkouts/": lend, "/api/v1/checkins/": take}


def _refused(error: LibraryError) -> Told:
    with translation.override(settings.LANGUAGE_CODE):  # who asks for another comes by no door
        return tell_problem(error)


def _intent(environ: Environ, *, now: datetime) -> Intent | None:
    operation_id = read_operation_id(environ)
    known = latest_reference(today=local_date(now))
    if operation_id is None or known is None:
        return None
    shown = read_key(environ, find=known.keys.get, hash_of=lambda key: key.secret_hash)
    if shown is None:
        return None
    prefix, key = shown
    if not is_use_noted(key.id, now=now):  # the ordinary door notes it
        return None
    return Intent(
        caller=f"agency:{key.agency_id}",
        operation_id=operation_id,
        scope=agency_scope(key.agency_id),
        key_prefix=prefix,
    )
