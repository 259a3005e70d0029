"""Notices and off-line events must not remember who had a book once the loan itself forgot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from circulation.models import Loan, Notice, OfflineEvent
from circulation.models.notices import NoticeState

KEPT: Final = timedelta(days=30)
OVER: Final = (NoticeState.SENT, NoticeState.DROPPED)


def forget_told(*, now: datetime) -> int:
    """Cut what the loan has cut (ID-30), and drop what was told a month ago; how many rows."""
    parted = Loan.objects.filter(patron=None)
    events = OfflineEvent.objects.filter(loan__in=parted).exclude(patron=None)
    count = events.update(patron=None, credential=None)
    of_parted = Notice.objects.filter(loan_id__in=parted.values("pk"))
    count += of_parted.delete()[0]
    return count + Notice.objects.filter(state__in=OVER, created_at__lt=now - KEPT).delete()[0]
