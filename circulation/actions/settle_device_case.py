"""A person has looked at an off-line conflict, or at a notice nobody knows to have arrived."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.models import Notice, OfflineConflict
from circulation.readers.notices import FOR_STAFF
from library_net.db import claim
from library_net.errors import LibraryError


def settle_conflict(
    *, intent: Intent, conflict_id: int, user_id: int | None, now: datetime
) -> Answer:
    """By staff of the institution where it happened. Raises ``unknown_case``."""

    def work(journal: Journal) -> Answer:
        row = OfflineConflict.objects.filter(pk=conflict_id).first()
        if row is None:
            raise LibraryError("unknown_case")
        journal.intent.require_agency(row.agency_id)
        still_open = OfflineConflict.objects.filter(pk=conflict_id, closed_at=None)
        if not claim(still_open, closed_at=now, closed_by_id=user_id):
            raise LibraryError("unknown_case")
        return {"conflict": conflict_id, "code": row.code}

    return run_once(
        intent=intent,
        action="settle_conflict",
        asked={"conflict": conflict_id},
        now=now,
        work=work,
    )


def settle_notice(*, intent: Intent, notice_id: int, user_id: int | None, now: datetime) -> Answer:
    """By staff of the reader's institution; it never goes out again. Raises ``unknown_case``."""

    def work(journal: Journal) -> Answer:
        row = Notice.objects.select_related("patron").filter(pk=notice_id).first()
        if row is None:
            raise LibraryError("unknown_case")
        journal.intent.require_agency(row.patron.registered_at_agency_id)
        still_open = Notice.objects.filter(pk=notice_id, state__in=FOR_STAFF, settled_at=None)
        if not claim(still_open, settled_at=now, settled_by_id=user_id):
            raise LibraryError("unknown_case")
        return {"notice": notice_id, "kind": row.kind}

    return run_once(
        intent=intent, action="settle_notice", asked={"notice": notice_id}, now=now, work=work
    )
