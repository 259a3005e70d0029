"""An odd case is settled: by whom, when, and how."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.models import StaffException
from library_net.db import claim
from library_net.errors import LibraryError

LONGEST_NOTE: Final = 300


def settle_exception(
    *, intent: Intent, exception_id: int, note: str, user_id: int | None = None, now: datetime
) -> Answer:
    """Close it with a note on what was done; by staff of its institution; rule LO-7.

    Raises ``note_missing``, ``unknown_exception`` (also: settled already),
    ``outside_your_agency``, ``operation_reused``.
    """
    text = " ".join(note.split())[:LONGEST_NOTE]

    def work(journal: Journal) -> Answer:
        case = StaffException.objects.filter(pk=exception_id).first()
        if case is None:
            raise LibraryError("unknown_exception")
        journal.intent.require_agency(case.agency_id)
        if not text:
            raise LibraryError("note_missing")
        still_open = StaffException.objects.filter(pk=exception_id, closed_at=None)
        if not claim(still_open, closed_at=now, closed_by_id=user_id, note=text):
            raise LibraryError("unknown_exception")
        return {"exception": exception_id, "code": case.code}

    asked = {"exception": exception_id, "note": text}
    return run_once(intent=intent, action="settle_exception", asked=asked, now=now, work=work)
