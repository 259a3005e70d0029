"""Register the public half of a key that a reader's phone has made for itself (ID-20)."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from typing import Final

from circulation.actions.cards import attach
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.credentials import Credential as CredentialValue
from circulation.domain.credentials import CredentialKind
from circulation.models import Device, Patron
from circulation.models.patrons import CredentialStatus
from library_net import vault
from library_net.errors import LibraryError

MOST_DEVICES: Final = 5
KEY_ID_BYTES: Final = 10


def enrol_device(
    *, intent: Intent, patron_id: int, public_key: bytes, name: str, now: datetime
) -> Answer:
    """From now on codes signed by this key open the reader's account; only she may do this.

    The device is a credential: reported lost, it is blocked and nothing else is. Raises
    ``device_key_bad``, ``too_many_devices``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        if intent.patron_id != patron_id:
            raise LibraryError("outside_your_agency")
        if not vault.is_public_key(public_key):
            raise LibraryError("device_key_bad")
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        active = Device.objects.filter(
            credential__patron=patron, credential__status=CredentialStatus.ACTIVE
        )
        if active.count() >= MOST_DEVICES:
            raise LibraryError("too_many_devices", limit=MOST_DEVICES)
        key_id = base64.b32encode(secrets.token_bytes(KEY_ID_BYTES)).decode()
        value = CredentialValue(kind=CredentialKind.DEVICE, value=key_id)
        credential = attach(value, patron=patron, now=journal.now)
        Device.objects.create(credential=credential, public_key=public_key, name=name.strip()[:60])
        return {"key": key_id, "credential": credential.pk}

    asked = {"patron": patron_id, "key": base64.b64encode(public_key).decode(), "name": name}
    return run_once(intent=intent, action="enrol_device", asked=asked, now=now, work=work)
