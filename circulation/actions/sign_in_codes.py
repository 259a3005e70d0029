"""First sign-in by a code sent to the reader's phone; never by digits of an ID (ID-17).

The six digits are kept nowhere: they follow from the row's random id and our key. Asking about
somebody unknown is answered and counted like any other question, and nothing is sent.
"""

from __future__ import annotations

import hmac
import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from circulation.actions.cards import checked_phone
from circulation.domain.calendar import local_date
from circulation.models import Credential, Patron, Phone, SignInCode
from circulation.models.identity import PHONE_PURPOSE
from circulation.models.patrons import CredentialStatus
from circulation.readers.identity import find_card
from library_net import sms, vault
from library_net.accounts.models import User
from library_net.db import claim, one_at_a_time
from library_net.errors import LibraryError
from library_net.queue import after_commit

CODE_PURPOSE: Final = "sign_in_code"
LIFETIME: Final = timedelta(minutes=5)
MOST_TRIES: Final = 5
PAUSE: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(hours=1)
MOST_FOR_A_PHONE: Final = 5
MOST_FROM_AN_ADDRESS: Final = 30
LANE_CODES: Final = 7010  # counting and adding must not interleave (library_net.db, Lanes)


def request_code(*, identifier: str, phone: str, address: str, now: datetime) -> uuid.UUID:
    """Send a code to the reader with this card whose phone this is; answers the code's handle.

    Raises ``phone_wrong_form``, ``sms_not_set_up``, ``sign_in_code_soon``,
    ``sign_in_code_too_many``; never tells whether card and phone fit together.
    """
    number = checked_phone(phone)
    if sms.sender() is None:
        raise LibraryError("sms_not_set_up")
    phone_index = vault.fingerprint(number, purpose=CODE_PURPOSE)
    address_index = vault.fingerprint(address, purpose=CODE_PURPOSE)
    with one_at_a_time(LANE_CODES):
        _refuse_too_many(phone_index, address_index, now=now)
        patron = _whose(identifier, number, now=now)
        row = SignInCode.objects.create(
            patron=patron,
            phone_index=phone_index,
            address_index=address_index,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        # The message to the worker holds the handle only; known or not, one is sent.
        after_commit("circulation.send_code", code_id=str(row.pk))
    return row.pk


def send_code(*, code_id: uuid.UUID, now: datetime) -> bool:
    """Send it once; whether anything was sent. Raises ``sms_failed``."""
    rows = SignInCode.objects.filter(pk=code_id, sent_at=None, expires_at__gt=now)
    row = rows.select_related("patron").filter(patron__isnull=False).first()
    channel = sms.sender()
    if row is None or channel is None or not claim(rows, sent_at=now):
        return False
    assert row.patron is not None
    phone = Phone.objects.get(patron=row.patron)
    with translation.override(row.patron.language):
        text = _("Your Library Net code is %(code)s. It holds for five minutes. Tell nobody.") % {
            "code": vault.short_code(str(code_id), purpose=CODE_PURPOSE)
        }
    number = vault.unseal(phone.sealed, bound_to=str(phone.seal_id))
    channel.send(message_id=str(code_id), phone=number, text=text)
    return True


def confirm_code(*, code_id: uuid.UUID, digits: str, now: datetime) -> User:
    """The log-in behind a code that was typed right, made at the first time.

    Each try is counted before it is compared. Raises ``sign_in_code_wrong``,
    ``sign_in_code_over``.
    """
    rows = SignInCode.objects.filter(pk=code_id, used_at=None, expires_at__gt=now)
    if not claim(rows.filter(tries__lt=MOST_TRIES), tries=F("tries") + 1):
        raise LibraryError("sign_in_code_over")
    right = vault.short_code(str(code_id), purpose=CODE_PURPOSE)
    is_right = hmac.compare_digest(digits.strip().encode(), right.encode())
    with transaction.atomic(durable=True):
        row = rows.select_related("patron").filter(patron__isnull=False).first()
        if not is_right or row is None or row.patron_id is None:
            raise LibraryError("sign_in_code_wrong")
        if not claim(rows, used_at=now):
            raise LibraryError("sign_in_code_over")
        patron = Patron.objects.select_for_update(no_key=True).get(pk=row.patron_id)
        Phone.objects.filter(patron=patron, confirmed_at=None).update(confirmed_at=now)
        return _log_in_of(patron)


def _log_in_of(patron: Patron) -> User:
    if patron.user_id is not None:
        return User.objects.get(pk=patron.user_id)
    user = User(username=patron.number)
    user.set_unusable_password()
    user.save()
    patron.user = user
    patron.save(update_fields=["user"])
    return user


def _refuse_too_many(phone_index: str, address_index: str, *, now: datetime) -> None:
    recent = SignInCode.objects.filter(created_at__gt=now - WINDOW)
    of_phone = recent.filter(phone_index=phone_index)
    if of_phone.filter(created_at__gt=now - PAUSE).exists():
        raise LibraryError("sign_in_code_soon")
    if (
        of_phone.count() >= MOST_FOR_A_PHONE
        or recent.filter(address_index=address_index).count() >= MOST_FROM_AN_ADDRESS
    ):
        raise LibraryError("sign_in_code_too_many")


def _whose(identifier: str, number: str, *, now: datetime) -> Patron | None:
    """The reader, when the card works and the phone is hers; staff log-ins are never opened so."""
    try:
        card = find_card(identifier, today=local_date(now))
    except LibraryError:
        return None
    if card is None:
        return None
    is_blocked = card.credential_id is not None and not Credential.objects.filter(
        pk=card.credential_id, status=CredentialStatus.ACTIVE
    )
    wanted = vault.blind_indexes(number, purpose=PHONE_PURPOSE)
    hers = Phone.objects.filter(
        Q(blind_index__in=wanted) | Q(next_blind_index__in=wanted), patron_id=card.patron_id
    )
    if is_blocked or not hers.exists():
        return None
    patron = Patron.objects.select_related("user").get(pk=card.patron_id)
    may = patron.user is None or (patron.user.is_active and not patron.user.is_staff)
    return patron if may else None
