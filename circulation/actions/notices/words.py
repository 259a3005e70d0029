"""The words of a notice, made from rows as they are at the moment of sending.

A notice that is no longer true (the copy came back, the request was collected) says nothing. No
words hold a document number, a card number or a full name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import translation

from circulation.domain.calendar import SHANGHAI
from circulation.domain.states import RequestState
from circulation.models import HoldRequest, Loan, Notice, Patron
from circulation.models.notices import NoticeKind

SHOWN_TITLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is told."""

    title: str
    branch: str
    at: datetime | None = None  # local time
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    subject: str
    text: str


def still_true(notices: Sequence[Notice], *, language: str) -> dict[int, Line]:
    """What of these notices holds now, by notice. Queries: 1 or 2."""
    with translation.override(language):
        return {notice.pk: line for notice in notices if (line := _line(notice)) is not None}


def words(
    *, patron: Patron, kind: str, lines: Sequence[Line], now: datetime, language: str
) -> Words:
    """One message for everything of one kind: subject on the first line of the template."""
    folder = "en" if language.startswith("en") else "zh"
    context = {
        "name": patron.masked_name,
        "lines": lines[:SHOWN_TITLES],
        "more": max(0, len(lines) - SHOWN_TITLES),
        "count": len(lines),
        "first": lines[0],
        "now": now.astimezone(SHANGHAI),
    }
    with translation.override(language):
        whole = render_to_string(f"notices/{folder}/{kind}.txt", context).strip()
    subject, _line_end, text = whole.partition("\n")
    return Words(subject=subject.strip(), text=text.strip())


def _line(notice: Notice) -> Line | None:
    if notice.kind in (NoticeKind.READY, NoticeKind.EXPIRING):
        return _request_line(notice)
    return _loan_line(notice)


def _loan_line(notice: Notice) -> Line | None:
    loan = (
        Loan.objects.select_related(
            "item__source_record__manifestation", "checkin_branch", "checkout_branch"
        )
        .filter(pk=notice.loan_id or 0, patron_id=notice.patron_id)
        .first()
    )
    if loan is None:
        return None
    is_back = loan.closed_at is not None
    if (notice.kind == NoticeKind.RETURNED) != is_back:
        return None
    due_date = loan.due_at.astimezone(SHANGHAI).date().isoformat()
    if not is_back and due_date not in notice.fact:
        return None  # renewed meanwhile
    branch = loan.checkin_branch if is_back else loan.checkout_branch
    manifestation = loan.item.source_record.manifestation
    return Line(
        title=manifestation.title if manifestation else loan.item.barcode,
        branch=branch.name if branch else "",
        at=loan.closed_at.astimezone(SHANGHAI) if loan.closed_at else None,
        until=loan.due_at.astimezone(SHANGHAI),
    )


def _request_line(notice: Notice) -> Line | None:
    request = (
        HoldRequest.objects.select_related("anchor__manifestation", "pickup_branch")
        .filter(pk=notice.request_id or 0, state=RequestState.READY)
        .first()
    )
    if request is None:
        return None
    manifestation = request.anchor.manifestation
    return Line(
        title=manifestation.title if manifestation else "",
        branch=request.pickup_branch.name,
        until=request.expires_at.astimezone(SHANGHAI) if request.expires_at else None,
    )
