"""Let a reader wait for a title, or for one copy, to be collected at a branch."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q

from catalog.models import Item, SourceRecord
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.facts import DeskFacts
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.reasons import Refused
from circulation.domain.requests import PlaceRequestFacts, decide_request
from circulation.domain.states import OPEN_REQUEST_STATES
from circulation.models import HoldRequest, Loan, Patron
from circulation.readers.facts import lendable_kinds, lock_patron, patron_facts
from circulation.readers.lists import no_shows
from circulation.readers.reference import Reference, desk_at, load_branch, load_reference
from library_net.errors import LibraryError
from library_net.queue import after_commit


def place_request(
    *,
    intent: Intent,
    patron_id: int,
    pickup_branch_id: int,
    anchor_id: int,
    item_id: int | None = None,
    needed_until: date | None = None,
    now: datetime,
) -> Answer:
    """Join the queue of a title; rules RQ-1 to RQ-6, RQ-11 and RQ-13.

    ``anchor_id`` is the source record the reader chose; with ``item_id`` only that copy will do.
    Placed by the reader, or by staff of the pickup branch. Raises ``Refused`` with every reason,
    ``unknown_record``, ``unknown_item``, ``unknown_patron``, ``unknown_branch``,
    ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=pickup_branch_id)
        intent.require_patron_or_agency(patron_id=patron_id, agency_id=branch.agency_id)
        anchor = _anchor(anchor_id, item_id=item_id)
        reference = load_reference(today=local_date(now))
        desk = desk_at(branch, reference=reference)
        patron = lock_patron(patron_id)
        decision = decide_request(
            _facts(
                patron,
                anchor=anchor,
                item_id=item_id,
                desk=desk,
                is_offered=branch.is_pickup_point,
                reference=reference,
                needed_until=needed_until,
                now=now,
            )
        )
        if isinstance(decision, Refused):
            raise refused(decision.reasons)
        request = HoldRequest.objects.create(
            patron=patron,
            anchor=anchor,
            wanted_item_id=item_id,
            pickup_branch=branch,
            requesting_agency_id=branch.agency_id,
            placed_at=journal.now,
            needed_until=needed_until,
        )
        after_commit("circulation.allocate")
        return {
            "request": request.pk,
            "state": request.state,
            "title": anchor.manifestation.title if anchor.manifestation else "",
            "patron": patron.number,
            "pickup_branch": branch.code,
            "position": _position(request),
        }

    asked: dict[str, int | str | None] = {
        "patron": patron_id,
        "pickup": pickup_branch_id,
        "anchor": anchor_id,
        "item": item_id,
    }
    if needed_until is not None:
        asked["needed_until"] = needed_until.isoformat()
    return run_once(intent=intent, action="place_request", asked=asked, now=now, work=work)


def _anchor(anchor_id: int, *, item_id: int | None) -> SourceRecord:
    anchor = SourceRecord.objects.select_related("manifestation").filter(pk=anchor_id).first()
    if anchor is None:
        raise LibraryError("unknown_record", record=anchor_id)
    if item_id is not None and not Item.objects.filter(pk=item_id, source_record=anchor).exists():
        raise LibraryError("unknown_item", barcode="")
    return anchor


def _facts(
    patron: Patron,
    *,
    anchor: SourceRecord,
    item_id: int | None,
    desk: DeskFacts,
    is_offered: bool,
    reference: Reference,
    needed_until: date | None,
    now: datetime,
) -> PlaceRequestFacts:
    facts = patron_facts(patron, reference=reference)
    open_requests = HoldRequest.objects.filter(patron=patron, state__in=OPEN_REQUEST_STATES)
    copies = lendable_kinds(
        manifestation_id=anchor.manifestation_id, source_record_id=anchor.pk, item_id=item_id
    )
    today = desk.calendar.local_date(now)

    def context(agency_id: int, material: str) -> Context:
        owner = reference.lineages[agency_id]
        place = Place(owner=owner, visited=desk.agency, branch=desk.branch, material=material)
        return Context(place=place, category=facts.category)

    lendable = sum(
        resolve(rules=reference.rules, context=context(owner, material), on=today).is_lendable
        for owner, material in copies
        if owner not in reference.suspended
    )
    here = Place(owner=desk.agency, visited=desk.agency, branch=desk.branch, material="")
    return PlaceRequestFacts(
        patron=facts,
        pickup=desk,
        pickup_is_offered=is_offered,
        terms=resolve(
            rules=reference.rules,
            context=Context(place=here, category=facts.category),
            on=today,
        ),
        open_requests=open_requests.count(),
        has_same=open_requests.filter(_same(anchor, "anchor")).exists(),
        has_it_on_loan=Loan.objects.filter(
            _same(anchor, "item__source_record"), patron=patron, closed_at=None
        ).exists(),
        lendable_copies=lendable,
        no_shows=no_shows(patron_id=patron.pk, now=now),
        needed_until=needed_until,
        now=now,
    )


def _same(anchor: SourceRecord, path: str) -> Q:
    """The same record, or another record of the same edition."""
    if anchor.manifestation_id is None:
        return Q(**{f"{path}_id": anchor.pk})
    return Q(**{f"{path}__manifestation_id": anchor.manifestation_id})


def _position(request: HoldRequest) -> int:
    """How many readers are served before this one, plus one."""
    ahead = HoldRequest.objects.filter(
        _same(request.anchor, "anchor"), state__in=OPEN_REQUEST_STATES, pk__lt=request.pk
    )
    return ahead.count() + 1
