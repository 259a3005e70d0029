"""Telling members' own systems; rows say what is left, so any run may be the first or last."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from circulation.actions.tell_ledgers import give_up_leases
from circulation.actions.tell_ledgers import tell_ledgers as tell

_RUNS = 50  # of a batch each: a system that was down for days is told in one go


@shared_task(name="circulation.tell_ledgers")
def tell_ledgers(**_ignored: Any) -> int:
    """Woken by every claim and release of a copy kept elsewhere, and by the clock; how many.

    A second run finds nothing new: a message is claimed by one worker, and bears an id.
    """
    give_up_leases(now=timezone.now())
    count = 0
    for _run in range(_RUNS):
        done = tell(now=timezone.now())
        count += done.taken
        if not done.asked:
            break
    return count
