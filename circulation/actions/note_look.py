"""Keep that somebody looked at a reader (ID-28)."""

from __future__ import annotations

from datetime import datetime

from circulation.models import AccessLog
from library_net.accounts.scope import Scope


def note_look(
    *, patron_id: int, actor_id: int | None, scope: Scope, purpose: str, now: datetime
) -> None:
    """Who, whom, where and why; ``actor_id`` is None for an institution's own software.

    Not idempotent: every look is a row.
    """
    AccessLog.objects.create(
        actor_id=actor_id,
        patron_id=patron_id,
        agency_id=scope.home_agency_id,
        purpose=purpose,
        at=now,
    )
