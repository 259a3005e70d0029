"""When requests will be ready: the queue, the copies and the habits the estimate is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import Q

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.calendar import EVERY_DAY, Calendar, local_date
from circulation.domain.outlook import FIRST_HABITS, Habits, InQueue, Outlook, Supply, look_ahead
from circulation.domain.states import OPEN_TRANSIT_STATES, RequestState
from circulation.models import HoldRequest, Loan, Transit
from circulation.readers.allocation import load_timetable
from circulation.readers.night import title_of
from library_net.network.models import Branch

FEW: Final = 50  # fewer returns than this say little about habits
MANY: Final = 2_000
REMEMBERED: Final = timedelta(weeks=26)
HABITS_KEPT_S: Final = 3600
_LENT_OR_FREE: Final = (
    ItemStatus.AVAILABLE,
    ItemStatus.ON_LOAN,
    ItemStatus.RESHELVING,
    ItemStatus.IN_TRANSIT,
)


def outlooks(requests: Iterable[HoldRequest], *, now: datetime) -> dict[int, Outlook]:
    """For each waiting request its place and the days it may be ready; others are left out.

    Queries: 6, and 2 more once an hour. Needs ``anchor`` loaded.
    """
    asked = [row for row in requests if row.state == RequestState.WAITING]
    if not asked:
        return {}
    titles = {title_of(row.anchor.manifestation_id, row.anchor_id) for row in asked}
    queues, copies = _queues(titles), _copies(titles)
    timetable, habits, today = load_timetable(), known_habits(now=now), local_date(now)
    found: dict[int, Outlook] = {}
    for title in titles:
        found |= look_ahead(
            queue=queues[title],
            copies=copies[title],
            timetable=timetable,
            habits=habits,
            today=today,
            seed=abs(title),
        )
    return {row.pk: found[row.pk] for row in asked if row.pk in found}


def known_habits(*, now: datetime) -> Habits:
    """How copies came back in the last half-year; worked out once an hour. Queries: 0 or 2."""
    habits: Habits | None = cache.get("circulation.habits")
    if habits is None:
        habits = _habits(now)
        cache.set("circulation.habits", habits, HABITS_KEPT_S)
    return habits


def _habits(now: datetime) -> Habits:
    since = now - REMEMBERED
    loans = list(
        Loan.objects.filter(closed_at__gte=since, lost_at=None)
        .order_by("-closed_at")
        .values_list("checked_out_at", "due_at", "closed_at")[:MANY]
    )
    if len(loans) < FEW:
        return FIRST_HABITS
    fetched = list(
        HoldRequest.objects.filter(state=RequestState.FILLED, closed_at__gte=since)
        .exclude(ready_at=None)
        .order_by("-closed_at")
        .values_list("ready_at", "closed_at")[:MANY]
    )
    collected = [_days(ready, closed) for ready, closed in fetched if ready and closed]
    return Habits(
        lateness=[_days(due, back) for _out, due, back in loans if back],
        held=[max(1, _days(out, back)) for out, _due, back in loans if back],
        collected=collected if len(collected) >= FEW else FIRST_HABITS.collected,
        handling=FIRST_HABITS.handling,
    )


def _days(start: datetime, end: datetime) -> int:
    return (local_date(end) - local_date(start)).days


def _queues(titles: set[int]) -> Mapping[int, Sequence[InQueue]]:
    """Who waits for each title, in order. Queries: 2. A paused reader is passed over (RQ-12)."""
    rows = (
        HoldRequest.objects.filter(_of("anchor__", "anchor_id", titles), state=RequestState.WAITING)
        .order_by("pk")
        .values_list("pk", "anchor__manifestation_id", "anchor_id", "pickup_branch_id")
    )
    calendars = _calendars({pickup for _pk, _edition, _record, pickup in rows})
    queues: dict[int, list[InQueue]] = defaultdict(list)
    for pk, edition, record, pickup in rows:
        entry = InQueue(request=pk, pickup=pickup, calendar=calendars[pickup])
        queues[title_of(edition, record)].append(entry)
    return queues


def _calendars(branch_ids: set[int]) -> dict[int, Calendar]:
    branches = Branch.objects.filter(pk__in=branch_ids).prefetch_related("closed_days")
    return {
        branch.pk: Calendar(
            open_weekdays=frozenset(int(day) - 1 for day in branch.opening_hours) or EVERY_DAY,
            closed_dates=frozenset(day.date for day in branch.closed_days.all()),
        )
        for branch in branches
    }


def _copies(titles: set[int]) -> Mapping[int, Sequence[Supply]]:
    """The copies of each title that will be free for somebody who waits. Queries: 3."""
    items = list(
        Item.objects.filter(
            _of("source_record__", "source_record_id", titles),
            status__in=_LENT_OR_FREE,
            is_lendable=True,
        )
        .order_by("pk")
        .values_list(
            "pk", "source_record__manifestation_id", "source_record_id", "current_branch_id"
        )
    )
    ids = [pk for pk, _edition, _record, _branch in items]
    due: dict[int, tuple[int, date]] = {
        item: (branch, local_date(at))
        for item, branch, at in Loan.objects.filter(
            item_id__in=ids, closed_at=None, claimed_at=None
        ).values_list("item_id", "checkout_branch_id", "due_at")
    }
    # A copy that travels to a reader is theirs; one that goes elsewhere is free where it arrives.
    travels = {
        item: (to, request)
        for item, to, request in Transit.objects.filter(
            item_id__in=ids, state__in=OPEN_TRANSIT_STATES
        ).values_list("item_id", "destination_id", "request_id")
    }
    supplies: dict[int, list[Supply]] = defaultdict(list)
    for pk, edition, record, branch in items:
        to, request = travels.get(pk, (branch, None))
        if request is not None or to is None:
            continue
        lent_at, until = due.get(pk, (to, None))
        supplies[title_of(edition, record)].append(Supply(branch=lent_at, due=until))
    return supplies


def _of(path: str, own: str, titles: set[int]) -> Q:
    editions = [title for title in titles if title > 0]
    records = [-title for title in titles if title < 0]
    return Q(**{f"{path}manifestation_id__in": editions}) | Q(**{f"{own}__in": records})
