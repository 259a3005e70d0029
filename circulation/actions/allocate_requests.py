"""Propose which free copy to pull for which waiting reader, over the whole network (RQ-15).

A proposal holds nothing and promises nothing: a copy that is lent meanwhile is lent, a reader who
was served otherwise is served. The next run proposes anew from what is there then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from circulation.domain.allocation.solve import allocate
from circulation.models import Pick
from circulation.readers.allocation import read_allocation
from library_net.db import LANE_ALLOCATE, one_at_a_time

TIME_LIMIT_S: Final = 60.0  # of a very large night; a limit that is hit is flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    picks: int
    changed: int  # proposals that are new or gone
    flags: tuple[str, ...] = ()


def allocate_requests(*, now: datetime) -> Allocated:
    """Make the proposals anew; those that stay the same keep their rows.

    Safe to run at any time and any number of times; of two at once, the later to write has its way.
    """
    found = allocate(read_allocation(now=now), time_limit_s=TIME_LIMIT_S)
    wanted = {
        (option.request, option.item): Pick(
            request_id=option.request,
            item_id=option.item,
            branch_id=option.branch,
            days=option.days,
            created_at=now,
        )
        for option in found.chosen
    }
    with transaction.atomic(durable=True), one_at_a_time(LANE_ALLOCATE):
        standing = {(pick.request_id, pick.item_id): pick.pk for pick in Pick.objects.all()}
        stale = [pk for pair, pk in standing.items() if pair not in wanted]
        fresh = [pick for pair, pick in wanted.items() if pair not in standing]
        Pick.objects.filter(pk__in=stale).delete()
        Pick.objects.bulk_create(fresh)
    return Allocated(picks=len(wanted), changed=len(stale) + len(fresh), flags=found.flags)
