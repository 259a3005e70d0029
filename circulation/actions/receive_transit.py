"""A copy comes out of a crate at its destination; the same decision as a return (CI-11)."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.intake import take_in
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.reasons import ReasonCode, reason
from circulation.domain.states import OPEN_TRANSIT_STATES
from circulation.models import Transit
from circulation.readers.facts import lock_item
from circulation.readers.reference import desk_at, load_reference
from library_net.errors import LibraryError


def receive_transit(*, intent: Intent, transit_id: int, now: datetime) -> Answer:
    """Scan a copy in where it was sent; by staff of the destination. The answer of ``checkin``.

    A copy that turns up anywhere else is simply checked in there. Raises ``Refused``
    (``transit_closed``), ``unknown_transit``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        seen = Transit.objects.filter(pk=transit_id).values("item_id").first()
        if seen is None:
            raise LibraryError("unknown_transit")
        lock_item(seen["item_id"])
        transit = Transit.objects.select_related("destination__agency").get(pk=transit_id)
        intent.require_agency(transit.destination.agency_id)
        if transit.state not in OPEN_TRANSIT_STATES:
            raise refused((reason(ReasonCode.TRANSIT_CLOSED, state=transit.state),))
        reference = load_reference(today=local_date(now))
        desk = desk_at(transit.destination, reference=reference)
        answer = take_in(
            journal,
            item_id=transit.item_id,
            branch=transit.destination,
            desk=desk,
            reference=reference,
        )
        return {"transit": transit.pk, **answer}

    asked = {"transit": transit_id}
    return run_once(intent=intent, action="receive_transit", asked=asked, now=now, work=work)
