"""A copy that was set aside leaves for its destination."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.intake import change_transit, item_answer
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.reasons import ReasonCode, reason
from circulation.domain.states import (
    TRANSIT_TRANSITIONS,
    ItemEventKind,
    TransitEvent,
    TransitState,
)
from circulation.models import Transit
from circulation.readers.facts import lock_item
from circulation.readers.reference import load_reference
from library_net.errors import LibraryError


def dispatch_transit(*, intent: Intent, transit_id: int, now: datetime) -> Answer:
    """Scan a copy out; by staff of the branch it leaves.

    Raises ``Refused`` (``transit_closed``), ``unknown_transit``, ``outside_your_agency``,
    ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        seen = Transit.objects.filter(pk=transit_id).values("item_id").first()
        if seen is None:
            raise LibraryError("unknown_transit")
        item = lock_item(seen["item_id"])
        journal.come_after(item)
        transit = Transit.objects.select_related("origin", "destination").get(pk=transit_id)
        intent.require_agency(transit.origin.agency_id)
        state = TransitState(transit.state)
        if (state, TransitEvent.DISPATCHED) not in TRANSIT_TRANSITIONS:
            raise refused((reason(ReasonCode.TRANSIT_CLOSED, state=str(state)),))
        change_transit(transit, TransitEvent.DISPATCHED, dispatched_at=now)
        journal.happens(item, ItemEventKind.DISPATCHED, transit_id=transit.pk)
        reference = load_reference(today=local_date(now))
        return {
            "transit": transit.pk,
            "state": str(TransitState.DISPATCHED),
            "reason": transit.reason,
            "item": item_answer(item, reference=reference),
            "origin": transit.origin.code,
            "destination": transit.destination.code,
        }

    asked = {"transit": transit_id}
    return run_once(intent=intent, action="dispatch_transit", asked=asked, now=now, work=work)
