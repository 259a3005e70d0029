"""Give a reader at the desk a first or new password for the portal."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from django.db import transaction

from circulation.models import AccessLog, Patron
from circulation.readers.identity import was_card_shown
from library_net.accounts.models import User
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError

# Read aloud and typed on a phone: no look-alikes; 31**8 is about 8e11.
ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH: Final = 8


def set_reader_password(
    *, patron_id: int, actor_id: int, scope: Scope, credential_id: int | None, now: datetime
) -> str:
    """A new random password, answered once and stored only hashed; the view of it is logged.

    Any desk may do it for a reader who shows a card (``credential_id``) that is neither lost nor
    another's; without one, only the institution where they registered (ID-13).
    Raises ``unknown_patron``, ``outside_your_agency``.
    """
    password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    with transaction.atomic(durable=True):
        patron = Patron.objects.select_for_update(no_key=True).filter(pk=patron_id).first()
        if patron is None:
            raise LibraryError("unknown_patron")
        if not was_card_shown(credential_id, patron_id=patron_id):
            scope.require(patron.registered_at_agency_id)
        user = patron.user or User(username=patron.number)
        if user.is_staff:
            raise LibraryError("outside_your_agency")  # staff log-ins are the administrator's
        user.set_password(password)
        user.save()
        if patron.user_id is None:
            patron.user = user
            patron.save(update_fields=["user"])
        AccessLog.objects.create(
            actor_id=actor_id,
            patron=patron,
            agency_id=scope.home_agency_id,
            purpose="password",
            at=now,
        )
    return password
