"""Find what readers should be told, from committed rows; each fact becomes one notice, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from circulation.domain.calendar import SHANGHAI
from circulation.domain.states import ItemEventKind, RequestState
from circulation.models import HoldRequest, ItemEvent, Loan, Notice, NoticeCursor
from circulation.models.notices import NoticeKind

TRANSACTIONS_OVER = timedelta(minutes=2)  # none runs longer
FRESH = timedelta(days=1)  # older facts are history, not news
SOON = timedelta(days=2)
OVERDUE_STAGES = (1, 7, 21)  # days
BATCH = 2000


def collect_news(*, now: datetime) -> int:
    """Returns, requests that became ready, recalls (LO-8): within seconds.

    Returns how many are new (NT-1).
    """
    return _add([*_returned(now), *_ready(now), *_recalled(now)])


def collect_due(*, now: datetime) -> int:
    """What is due soon, overdue or about to expire: looked for once an hour."""
    return _add([*_due_soon(now), *_overdue(now), *_expiring(now)])


def _add(notices: Iterable[Notice]) -> int:
    """The unique fact decides; a second run adds nothing."""
    rows = list(notices)
    known = set(
        Notice.objects.filter(fact__in=[row.fact for row in rows]).values_list("fact", flat=True)
    )
    new = [row for row in rows if row.fact not in known]
    Notice.objects.bulk_create(new, ignore_conflicts=True, batch_size=500)
    return len(new)


def _returned(now: datetime) -> list[Notice]:
    """Returns since the cursor. It follows two minutes behind: rows commit out of order."""
    with transaction.atomic():
        cursor, _is_new = NoticeCursor.objects.select_for_update().get_or_create(
            pk=1, defaults={"position": 0, "marks": []}
        )
        last = ItemEvent.objects.aggregate(last=Max("pk"))["last"] or 0
        seconds = now.timestamp()
        over = [mark[1] for mark in cursor.marks if seconds - mark[0] > TRANSACTIONS_OVER.seconds]
        position = max(over, default=cursor.position)
        marks = [mark for mark in cursor.marks if mark[1] > position or mark[0] >= seconds - 120]
        cursor.marks = [*marks[-60:], [seconds, last]]
        cursor.position = max(position, cursor.position)
        cursor.save()
        start = cursor.position
    events = ItemEvent.objects.filter(
        pk__gt=start, kind__in=(ItemEventKind.CHECKED_IN, ItemEventKind.RECEIVED)
    ).exclude(loan_id=None)
    ids = {pk for pk in events.values_list("loan_id", flat=True) if pk is not None}
    loans = Loan.objects.filter(pk__in=ids, closed_at__gte=now - FRESH).exclude(patron=None)
    return [
        _notice(
            NoticeKind.RETURNED,
            f"returned:loan:{loan.pk}",
            patron_id=loan.patron_id,
            loan_id=loan.pk,
            now=now,
        )
        for loan in loans
    ]


def _ready(now: datetime) -> list[Notice]:
    rows = HoldRequest.objects.filter(state=RequestState.READY, ready_at__gte=now - FRESH)
    return [
        _notice(
            NoticeKind.READY,
            f"ready:request:{row.pk}:{row.ready_at:%Y%m%d%H%M%S}",
            patron_id=row.patron_id,
            request_id=row.pk,
            now=now,
        )
        for row in rows
    ]


def _recalled(now: datetime) -> list[Notice]:
    rows = Loan.objects.filter(closed_at=None, recalled_at__gte=now - FRESH).exclude(patron=None)
    return [_loan_notice(NoticeKind.RECALLED, loan, now=now) for loan in rows]


def _expiring(now: datetime) -> list[Notice]:
    rows = HoldRequest.objects.filter(
        state=RequestState.READY, expires_at__range=(now, now + SOON), ready_at__lt=now - FRESH
    )
    return [
        _notice(
            NoticeKind.EXPIRING,
            f"expiring:request:{row.pk}:{row.expires_at:%Y%m%d}",
            patron_id=row.patron_id,
            request_id=row.pk,
            now=now,
        )
        for row in rows
    ]


def _due_soon(now: datetime) -> list[Notice]:
    rows = Loan.objects.filter(closed_at=None, due_at__range=(now, now + SOON))
    return [
        _loan_notice(NoticeKind.DUE_SOON, loan, now=now)
        for loan in rows.exclude(patron=None).order_by("pk")
        if loan.due_at - loan.checked_out_at > SOON  # a loan of a day needs no reminder
    ]


def _overdue(now: datetime) -> list[Notice]:
    found = []
    for days in OVERDUE_STAGES:
        day = timedelta(days=days)
        rows = Loan.objects.filter(
            closed_at=None, due_at__range=(now - day - FRESH, now - day + timedelta(hours=12))
        )
        found += [
            _loan_notice(NoticeKind.OVERDUE, loan, now=now, stage=f":{days}")
            for loan in rows.exclude(patron=None)
        ]
    return found


def _loan_notice(kind: NoticeKind, loan: Loan, *, now: datetime, stage: str = "") -> Notice:
    due_date = loan.due_at.astimezone(SHANGHAI).date()
    return _notice(
        kind,
        f"{kind}:loan:{loan.pk}:{due_date}{stage}",
        patron_id=loan.patron_id,
        loan_id=loan.pk,
        now=now,
    )


def _notice(
    kind: NoticeKind,
    fact: str,
    *,
    patron_id: int | None,
    now: datetime,
    loan_id: int | None = None,
    request_id: int | None = None,
) -> Notice:
    return Notice(
        kind=kind,
        fact=fact,
        patron_id=patron_id or 0,  # never empty: such rows are not looked for
        loan_id=loan_id,
        request_id=request_id,
        created_at=now,
        not_before=now,
    )
