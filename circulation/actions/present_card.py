"""Whatever was shown at a door — number, card, electronic card, code of a phone — and whose it is.

Every door that takes a card asks here. A plain card costs what ``readers.identity.find_card``
costs; only a phone's code is written down, so that it works once.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from circulation.actions.cards import parsed
from circulation.actions.operations import Intent
from circulation.domain.calendar import local_date
from circulation.domain.credentials import DOCUMENT_KINDS, CredentialKind
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.device_codes import (
    LIFETIME,
    SKEW,
    CodeFault,
    DeviceCode,
    is_device_code,
    judge,
    parse_device_code,
)
from circulation.models import Device, UsedCode
from circulation.readers.identity import Card, card, find_credential
from library_net import relay, vault
from library_net.errors import LibraryError
from library_net.network.models import Branch

# So long a lost answer may be asked for again under the same operation id.
REMEMBERED: Final = timedelta(days=1)


def is_plain(text: str) -> bool:
    """Neither a phone's code nor an electronic card: found by itself, without being used up."""
    return not (is_device_code(text) or relay.is_electronic_card(text))


def present_card(*, intent: Intent, text: str, branch: Branch, now: datetime) -> Card:
    """The reader behind what was shown at this branch; rules ID-8, ID-10, ID-18 to ID-22.

    Raises ``unknown_patron``, ``ambiguous_card``; of a phone ``code_…`` (``CodeFault``); of an
    electronic card ``relay_down``, ``ecard_unknown``, ``ecard_not_accepted``.
    """
    today = local_date(now)
    if is_device_code(text):
        return _device(intent, text, branch=branch, now=now)
    if relay.is_electronic_card(text):
        found = find_credential(resolve_card(text, today=today)[0], issuer="")
        if found is None:
            raise LibraryError("unknown_patron")
        return Card(patron_id=found.patron_id, credential_id=found.pk)
    return card(text, today=today, agency_id=branch.agency_id)


def document_shown(kind: CredentialKind, number: str, *, today: date) -> tuple[CredentialKind, str]:
    """What is to be registered: an electronic card stands for the document behind it (ID-18)."""
    if not relay.is_electronic_card(number):
        return kind, number
    value, _name = resolve_card(number, today=today)
    return value.kind, value.value


def resolve_card(text: str, *, today: date) -> tuple[CredentialValue, str]:
    """The document behind an electronic card, checked like one typed, and its holder's name."""
    answer = relay.resolve(text)
    if answer.kind not in DOCUMENT_KINDS or answer.kind == CredentialKind.READER_CARD:
        raise LibraryError("relay_down")
    return parsed(CredentialKind(answer.kind), answer.number, today=today), answer.name


def _device(intent: Intent, text: str, *, branch: Branch, now: datetime) -> Card:
    code = parse_device_code(text)
    device = _device_of(code) if code is not None else None
    if code is None or device is None:
        raise LibraryError(CodeFault.UNREADABLE)
    if not vault.is_signed_by(device.public_key, message=code.message, signature=code.signature):
        raise LibraryError(CodeFault.UNREADABLE)
    shown = Card(patron_id=device.credential.patron_id, credential_id=device.credential_id)
    operation = hashlib.sha256(f"{intent.caller} {intent.operation_id}".encode()).hexdigest()
    used = UsedCode.objects.filter(device=device, nonce=code.nonce)
    if used.filter(operation=operation).exists():
        return shown  # the same request again: its answer is remembered, not done twice
    fault = judge(code, branch_id=branch.pk, agency_id=branch.agency_id, now=now)
    if fault is not None:
        raise LibraryError(fault)
    try:
        with transaction.atomic():
            UsedCode.objects.create(
                device=device,
                nonce=code.nonce,
                operation=operation,
                expires_at=code.made_at + LIFETIME + SKEW + REMEMBERED,
            )
    except IntegrityError:  # ID-22: the constraint decides between two desks
        if not used.filter(operation=operation).exists():
            raise LibraryError(CodeFault.USED) from None
    return shown


def _device_of(code: DeviceCode) -> Device | None:
    value = CredentialValue(kind=CredentialKind.DEVICE, value=code.key_id)
    found = find_credential(value, issuer="")
    return Device.objects.select_related("credential").filter(credential=found).first()
