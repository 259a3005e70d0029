"""Report a card lost, or take it back into use when it is found (ID-23)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from circulation.actions.operations import Answer, Intent, Journal, LostRace, run_once
from circulation.models import Credential
from circulation.models.patrons import CredentialStatus
from library_net.db import claim
from library_net.errors import LibraryError


class CardEvent(StrEnum):
    LOST = "lost"
    FOUND = "found"


_BECOMES = {CardEvent.LOST: CredentialStatus.LOST, CardEvent.FOUND: CredentialStatus.ACTIVE}


def mark_credential(
    *, intent: Intent, credential_id: int, event: CardEvent, now: datetime
) -> Answer:
    """Only this card changes; the reader's others work on. The same twice is the same once.

    Lost: the reader, or staff of any institution, because every minute counts. Found: staff where
    the reader registered. Raises ``unknown_credential``, ``credential_blocked`` (it was replaced),
    ``outside_your_agency``.
    """

    def work(_journal: Journal) -> Answer:
        row = Credential.objects.select_related("patron").filter(pk=credential_id).first()
        if row is None:
            raise LibraryError("unknown_credential")
        _require(intent, row, event=event)
        if row.status == CredentialStatus.REPLACED:
            raise LibraryError("credential_blocked")
        new = _BECOMES[event]
        rows = Credential.objects.filter(pk=row.pk, status=row.status)
        if row.status != new and not claim(rows, status=new):
            raise LostRace
        return {"credential": row.pk, "kind": row.kind, "number": row.masked, "status": str(new)}

    asked = {"credential": credential_id, "event": event}
    return run_once(intent=intent, action="mark_credential", asked=asked, now=now, work=work)


def _require(intent: Intent, row: Credential, *, event: CardEvent) -> None:
    if event == CardEvent.LOST:
        is_staff = intent.scope.everywhere or bool(intent.scope.agency_ids)
        if is_staff or intent.patron_id == row.patron_id:
            return
        # Whose number this is, is nobody else's business.
        raise LibraryError("unknown_credential")
    intent.require_agency(row.patron.registered_at_agency_id)
