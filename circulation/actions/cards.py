"""Steps that the actions of identity share: checking a number, sealing it, finding its reader."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Final

from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import (
    CredentialKind,
    CredentialProblem,
    mask_credential,
    mask_phone,
    normalise_phone,
    parse_credential,
)
from circulation.models import Credential, Patron, Phone
from circulation.models.identity import PHONE_PURPOSE
from circulation.models.patrons import CredentialStatus, credential_index
from circulation.readers.identity import find_credential
from library_net import vault
from library_net.errors import LibraryError

LONGEST_REASON: Final = 200
SHORTEST_REASON: Final = 4


def parsed(kind: CredentialKind, number: str, *, today: date) -> CredentialValue:
    """Raises ``credential_…``, one code for each ``CredentialIssue``."""
    value = parse_credential(kind=kind, text=number, today=today)
    if isinstance(value, CredentialProblem):
        raise LibraryError(f"credential_{value.issue}", kind=str(kind))
    if kind == CredentialKind.READER_CARD and _is_patron_number(value):
        raise LibraryError("credential_reserved_form", kind=str(kind))
    return value


def attach(
    value: CredentialValue, *, patron: Patron, now: datetime, issuer: str | None = None
) -> Credential:
    """Seal a checked credential for a reader. A second one of the same number is impossible.

    A reader card is issued by ``issuer``, else where the reader registered (ID-10).
    """
    seal_id = uuid.uuid4()
    is_card = value.kind == CredentialKind.READER_CARD
    issued_by = (issuer or patron.registered_at_agency.code) if is_card else ""
    text, purpose = credential_index(kind=str(value.kind), value=value.value, issuer=issued_by)
    return Credential.objects.create(
        patron=patron,
        kind=str(value.kind),
        seal_id=seal_id,
        sealed=vault.seal(value.value, bound_to=str(seal_id)),
        key_version=vault.key_versions()[0],
        **vault.index_columns(text, purpose=purpose),
        masked=mask_credential(value.value),
        issuer=issued_by,
        created_at=now,
    )


def attach_new(
    value: CredentialValue, *, patron: Patron, issuer: str, now: datetime
) -> tuple[Credential, bool]:
    """As ``attach``; the same card again is the same credential (and works again).

    Raises ``credential_taken`` when it is another reader's.
    """
    known = find_credential(value, issuer=issuer)
    if known is None:
        return attach(value, patron=patron, now=now, issuer=issuer), True
    if known.patron_id != patron.pk:
        raise LibraryError("credential_taken")
    if known.status != CredentialStatus.ACTIVE:
        raise LibraryError("credential_blocked")
    return known, False


def keep_phone(text: str, *, patron: Patron, confirmed_at: datetime | None) -> Phone:
    """Seal the reader's phone number in place of any before. Raises ``phone_wrong_form``."""
    number = checked_phone(text)
    seal_id = uuid.uuid4()
    phone, _is_new = Phone.objects.update_or_create(
        patron=patron,
        defaults={
            "seal_id": seal_id,
            "sealed": vault.seal(number, bound_to=str(seal_id)),
            "key_version": vault.key_versions()[0],
            **vault.index_columns(number, purpose=PHONE_PURPOSE),
            "masked": mask_phone(number),
            "confirmed_at": confirmed_at,
        },
    )
    return phone


def checked_phone(text: str) -> str:
    """Raises ``phone_wrong_form``."""
    number = normalise_phone(text)
    if number is None:
        raise LibraryError("phone_wrong_form")
    return number


def checked_reason(text: str) -> str:
    """ID-24: why something is done to a reader's data. Raises ``reason_missing``."""
    reason = " ".join(text.split())[:LONGEST_REASON]
    if len(reason) < SHORTEST_REASON:
        raise LibraryError("reason_missing")
    return reason


def _is_patron_number(value: CredentialValue) -> bool:
    """ID-11: such a card would open another reader's account, or none."""
    return Patron.objects.filter(number=value.value).exists()
