"""When a reader may be disturbed, and by which way: RULES.md, NT-."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from circulation.domain.calendar import SHANGHAI

USUAL_ORDER = ("app", "wechat", "sms", "email")
QUIET_FROM, QUIET_TO = time(21, 30), time(8, 0)


def may_be_sent_at(
    now: datetime, *, quiet_from: time, quiet_to: time, zone: ZoneInfo = SHANGHAI
) -> datetime:
    """NT-5: now, or the end of the reader's quiet hours; equal times mean no quiet hours.

    >>> from datetime import UTC
    >>> night = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Chengdu
    >>> may_be_sent_at(night, quiet_from=QUIET_FROM, quiet_to=QUIET_TO).isoformat()
    '2026-11-23T08:00:00+08:00'
    """
    local = now.astimezone(zone)
    clock = local.time()
    if quiet_from <= quiet_to:
        is_quiet = quiet_from <= clock < quiet_to
    else:
        is_quiet = clock >= quiet_from or clock < quiet_to
    if not is_quiet:
        return now
    end = datetime.combine(local.date(), quiet_to, tzinfo=zone)
    return end if end > local else end + timedelta(days=1)


def channel_for(*, chosen: Sequence[str], reachable: Collection[str]) -> str:
    """NT-4: the first way the reader wants that reaches her; empty when none does."""
    order = [kind for kind in chosen if kind in USUAL_ORDER] or list(USUAL_ORDER)
    return next((kind for kind in order if kind in reachable), "")


def retry_after(attempts: int) -> timedelta:
    """What a gateway did not take is offered again: after 1, 4, 16 … minutes, at most 6 hours."""
    return min(timedelta(minutes=4**attempts), timedelta(hours=6))
