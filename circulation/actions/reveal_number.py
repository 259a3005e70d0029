"""Show a number in clear to one member of staff, for a reason that is kept (ID-24)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from circulation.actions.cards import checked_reason
from circulation.domain.credentials import CredentialKind
from circulation.models import AccessLog, Credential
from library_net import vault
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError

PURPOSE = "reveal"


def reveal_number(
    *, credential_id: int, reason: str, actor_id: int, scope: Scope, now: datetime
) -> str:
    """The number. It is answered once and kept nowhere, so this is no ``Operation``.

    The trace is written first: a number that was shown without one cannot be. Raises
    ``reason_missing``, ``unknown_credential``, ``outside_your_agency``.
    """
    why = checked_reason(reason)
    with transaction.atomic(durable=True):
        row = Credential.objects.select_related("patron").filter(pk=credential_id).first()
        if row is None or row.kind == CredentialKind.DEVICE:
            raise LibraryError("unknown_credential")
        scope.require(row.patron.registered_at_agency_id)
        AccessLog.objects.create(
            actor_id=actor_id,
            patron=row.patron,
            agency_id=scope.home_agency_id,
            purpose=PURPOSE,
            credential=row,
            reason=why,
            at=now,
        )
    return vault.unseal(row.sealed, bound_to=str(row.seal_id))
