"""Crates: opened for a destination, packed by scan, closed, sent, and unpacked by scan (TR-)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from circulation.actions.intake import change_transit
from circulation.actions.operations import (
    Answer,
    Intent,
    Journal,
    LostRace,
    refused,
    run_once,
)
from circulation.domain.reasons import Reason, ReasonCode, reason
from circulation.domain.scans import clean_barcode
from circulation.domain.states import (
    CRATE_TRANSITIONS,
    OPEN_CRATE_STATES,
    OPEN_TRANSIT_STATES,
    CrateEvent,
    CrateState,
    ItemEventKind,
    TransitEvent,
    TransitState,
    advance,
)
from circulation.models import Crate, StaffException, Transit
from circulation.readers.facts import lock_item
from circulation.readers.reference import load_branch
from library_net.db import claim
from library_net.errors import LibraryError

MISSING_IN_CRATE: Final = "missing_in_crate"  # the code of the exception (TR-5)


def open_crate(
    *, intent: Intent, code: str, origin_id: int, destination_id: int, now: datetime
) -> Answer:
    """Begin a load in this crate; by staff of the origin; rule TR-1.

    Raises ``Refused`` (``crate_in_use``, ``crate_stays_here``), ``bad_crate_code``,
    ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """
    number = clean_barcode(code).upper()

    def work(journal: Journal) -> Answer:
        origin, destination = (
            load_branch(branch_id=origin_id),
            load_branch(branch_id=destination_id),
        )
        journal.intent.require_agency(origin.agency_id)
        if not (number and number.isascii() and number.isprintable() and len(number) <= 24):
            raise LibraryError("bad_crate_code", crate=number[:24])
        if origin.pk == destination.pk:
            raise refused((reason(ReasonCode.CRATE_STAYS_HERE),))
        busy = Crate.objects.filter(code=number, state__in=OPEN_CRATE_STATES)
        if load := busy.select_related("origin", "destination").first():
            where = f"{load.origin.code} → {load.destination.code}"
            raise refused((reason(ReasonCode.CRATE_IN_USE, crate=number, where=where),))
        crate = Crate.objects.create(
            code=number, origin=origin, destination=destination, created_at=now
        )
        return _answer(crate)

    asked = {"code": number, "origin": origin_id, "destination": destination_id}
    return run_once(intent=intent, action="open_crate", asked=asked, now=now, work=work)


def pack(*, intent: Intent, crate_id: int, barcode: str, owner: str = "", now: datetime) -> Answer:
    """Put a copy that is set aside for the crate's destination into it; rule TR-2.

    A copy scanned into another open crate first is moved. Raises ``Refused`` (``crate_closed``,
    ``not_set_aside``, ``goes_elsewhere``), ``unknown_crate``, ``outside_your_agency``.
    """
    text = clean_barcode(barcode)

    def work(journal: Journal) -> Answer:
        crate = _crate(crate_id, journal=journal, end="origin")
        _require(crate, CrateEvent.PACKED)
        transit = _set_aside_here(crate, barcode=text, owner=owner)
        if transit.destination_id != crate.destination_id:
            branch = transit.destination.code
            raise refused((reason(ReasonCode.GOES_ELSEWHERE, barcode=text, branch=branch),))
        still = Transit.objects.filter(pk=transit.pk, state=TransitState.PENDING)
        if not claim(still, crate=crate):
            raise LostRace
        return {**_answer(crate), "barcode": text, "transit": transit.pk}

    asked = {"crate": crate_id, "barcode": text, "owner": owner}
    return run_once(intent=intent, action="pack", asked=asked, now=now, work=work)


def close_crate(*, intent: Intent, crate_id: int, now: datetime) -> Answer:
    """Nothing more goes in; the manifest can be printed; rule TR-3."""
    return _step(intent, crate_id, CrateEvent.CLOSED, now=now, closed_at=now)


def reopen_crate(*, intent: Intent, crate_id: int, now: datetime) -> Answer:
    """Something was forgotten, and the crate is still here."""
    return _step(intent, crate_id, CrateEvent.REOPENED, now=now, closed_at=None)


def dispatch_crate(*, intent: Intent, crate_id: int, now: datetime) -> Answer:
    """The crate leaves, and every copy of its manifest with it; rule TR-3.

    A copy that was lent or taken back meanwhile is no longer on the manifest and left out.
    Raises ``Refused`` (``crate_closed``), ``unknown_crate``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        crate = _crate(crate_id, journal=journal, end="origin")
        _require(crate, CrateEvent.DISPATCHED)
        inside = Transit.objects.filter(crate=crate, state=TransitState.PENDING)
        for item_id, transit_id in inside.order_by("item_id").values_list("item_id", "pk"):
            item = lock_item(item_id)
            journal.come_after(item)
            transit = Transit.objects.get(pk=transit_id)
            if transit.state != TransitState.PENDING:  # lent or taken back before we had the lock
                continue
            change_transit(transit, TransitEvent.DISPATCHED, dispatched_at=now)
            journal.happens(item, ItemEventKind.DISPATCHED, transit_id=transit_id)
        _change(crate, CrateEvent.DISPATCHED, dispatched_at=now)
        return _answer(crate)

    asked = {"crate": crate_id}
    return run_once(intent=intent, action="dispatch_crate", asked=asked, now=now, work=work)


def receive_crate(*, intent: Intent, crate_id: int, now: datetime) -> Answer:
    """The crate is here; its copies are scanned out one by one; by staff of the destination.

    Rule TR-4. Raises ``Refused`` (``crate_closed``), ``unknown_crate``, ``outside_your_agency``.
    """
    return _step(intent, crate_id, CrateEvent.ARRIVED, now=now, arrived_at=now)


def empty_crate(*, intent: Intent, crate_id: int, now: datetime) -> Answer:
    """Every copy of the manifest is accounted for; the crate is free for its next load (TR-4).

    Raises ``Refused`` (``crate_not_empty``) while one is neither received nor known to be missing.
    """

    def work(journal: Journal) -> Answer:
        crate = _crate(crate_id, journal=journal, end="destination")
        _require(crate, CrateEvent.EMPTIED)
        left = Transit.objects.filter(
            crate=crate, state__in=OPEN_TRANSIT_STATES, missed_at=None
        ).count()
        if left:
            raise refused((reason(ReasonCode.CRATE_NOT_EMPTY, count=left),))
        _change(crate, CrateEvent.EMPTIED, emptied_at=now)
        return _answer(crate)

    asked = {"crate": crate_id}
    return run_once(intent=intent, action="empty_crate", asked=asked, now=now, work=work)


def report_missing(*, intent: Intent, transit_id: int, now: datetime) -> Answer:
    """A copy of the manifest did not come out of its crate: staff are told what to do (TR-5).

    Its transit stays open, so the copy is known by it wherever it turns up. Raises
    ``unknown_transit``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        rows = Transit.objects.select_related("crate__origin", "destination", "item")
        transit = rows.filter(pk=transit_id).exclude(crate=None).first()
        if transit is None or transit.crate is None:
            raise LibraryError("unknown_transit")
        journal.intent.require_agency(transit.destination.agency_id)
        missing = Transit.objects.filter(
            pk=transit_id, state__in=OPEN_TRANSIT_STATES, missed_at=None
        )
        if not claim(missing, missed_at=now):
            return {"transit": transit_id, "exception": None}
        barcode = transit.item.barcode
        exception = journal.ask_staff(
            StaffException(
                branch=transit.destination,
                agency_id=transit.destination.agency_id,
                code=MISSING_IN_CRATE,
                params={
                    "barcode": barcode,
                    "crate": transit.crate.code,
                    "origin": transit.crate.origin.code,
                },
                item=transit.item,
                barcode=barcode,
                created_at=now,
            )
        )
        return {"transit": transit_id, "exception": exception.pk}

    asked = {"transit": transit_id}
    return run_once(intent=intent, action="report_missing", asked=asked, now=now, work=work)


def _step(intent: Intent, crate_id: int, event: CrateEvent, *, now: datetime, **new: Any) -> Answer:
    end = "destination" if event == CrateEvent.ARRIVED else "origin"

    def work(journal: Journal) -> Answer:
        crate = _crate(crate_id, journal=journal, end=end)
        _require(crate, event)
        _change(crate, event, **new)
        return _answer(crate)

    asked = {"crate": crate_id}
    return run_once(intent=intent, action=f"crate_{event}", asked=asked, now=now, work=work)


def _crate(crate_id: int, *, journal: Journal, end: str) -> Crate:
    """The crate, locked before any copy in it: two desks may scan the same crate."""
    crate = (
        Crate.objects.select_for_update(no_key=True, of=("self",))
        .select_related("origin", "destination")
        .filter(pk=crate_id)
        .first()
    )
    if crate is None:
        raise LibraryError("unknown_crate")
    journal.intent.require_agency(getattr(crate, end).agency_id)
    return crate


def _require(crate: Crate, event: CrateEvent) -> None:
    state = CrateState(crate.state)
    if (state, event) not in CRATE_TRANSITIONS:
        raise refused((reason(ReasonCode.CRATE_CLOSED, crate=crate.code, state=str(state)),))


def _change(crate: Crate, event: CrateEvent, **new: Any) -> None:
    old = CrateState(crate.state)
    state = advance(CRATE_TRANSITIONS, state=old, event=event)
    if not claim(Crate.objects.filter(pk=crate.pk, state=old), state=str(state), **new):
        raise LostRace
    crate.state = state


def _set_aside_here(crate: Crate, *, barcode: str, owner: str) -> Transit:
    """The copy's transit from the crate's origin; by owner where two bear the same barcode."""
    whose = Q(item__owning_agency__code=owner) if owner else Q()
    found = list(
        Transit.objects.select_related("destination")
        .filter(whose, item__barcode=barcode, origin_id=crate.origin_id, state=TransitState.PENDING)
        .order_by("pk")
    )
    here = [transit for transit in found if transit.destination_id == crate.destination_id]
    if not found:
        raise refused((_not_set_aside(barcode),))
    return (here or found)[0]


def _not_set_aside(barcode: str) -> Reason:
    return reason(ReasonCode.NOT_SET_ASIDE, barcode=barcode)


def _answer(crate: Crate) -> Answer:
    inside = Transit.objects.filter(crate=crate).exclude(state=TransitState.CANCELLED)
    return {
        "crate": crate.pk,
        "code": crate.code,
        "state": str(crate.state),
        "origin": crate.origin.code,
        "destination": crate.destination.code,
        "copies": inside.count(),
    }
