"""What the doors show: a reader's account, a branch's transits and shelves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from catalog.models import Item, SourceRecord
from circulation.domain.fees import NOTHING, yuan
from circulation.domain.requests import NO_SHOW_MEMORY
from circulation.domain.states import (
    OPEN_REQUEST_STATES,
    OPEN_TRANSIT_STATES,
    RequestState,
)
from circulation.models import HoldRequest, LedgerEntry, Loan, StaffException, Transit
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError


def open_loans(*, patron_id: int) -> QuerySet[Loan]:
    """A reader's loans, the next to be due first, with copy, title and places. Queries: 1."""
    return (
        Loan.objects.filter(patron_id=patron_id, closed_at=None)
        .select_related(
            "item__source_record__manifestation", "owning_agency", "checkout_branch__agency"
        )
        .order_by("due_at", "pk")
    )


def open_requests(*, patron_id: int) -> QuerySet[HoldRequest]:
    """A reader's requests, oldest first, with title, pickup branch and copy. Queries: 1."""
    return (
        HoldRequest.objects.filter(patron_id=patron_id, state__in=OPEN_REQUEST_STATES)
        .select_related("anchor__manifestation", "pickup_branch__agency", "item")
        .order_by("pk")
    )


def positions(requests: Iterable[HoldRequest]) -> dict[int, int]:
    """The place in the queue of each waiting request, from 1. Queries: 1."""
    waiting = [request for request in requests if request.state == RequestState.WAITING]
    by_edition: dict[int | None, list[int]] = {}
    rows = HoldRequest.objects.filter(
        state=RequestState.WAITING,
        anchor__manifestation_id__in={r.anchor.manifestation_id for r in waiting},
    ).order_by("pk")
    for pk, manifestation_id in rows.values_list("pk", "anchor__manifestation_id"):
        by_edition.setdefault(manifestation_id, []).append(pk)
    return {
        request.pk: by_edition.get(request.anchor.manifestation_id, [request.pk]).index(request.pk)
        + 1
        for request in waiting
    }


def no_shows(*, patron_id: int, now: datetime) -> int:
    """Requests that waited on a hold shelf for this reader in vain. Queries: 1. RQ-11."""
    return HoldRequest.objects.filter(
        patron_id=patron_id,
        state=RequestState.EXPIRED,
        ready_at__isnull=False,
        closed_at__gt=now - NO_SHOW_MEMORY,
    ).count()


def balance(*, patron_id: int) -> Decimal:
    """What a reader owes to all owners together, in CNY. Queries: 1."""
    owed = LedgerEntry.objects.filter(patron_id=patron_id).aggregate(sum=Sum("owed"))["sum"]
    return yuan(owed or NOTHING)


def debts(*, patron_id: int) -> list[tuple[str, Decimal]]:
    """What a reader owes, by owner's code. Queries: 1."""
    rows = (
        LedgerEntry.objects.filter(patron_id=patron_id)
        .values_list("owner__code")
        .annotate(sum=Sum("owed"))
        .filter(sum__gt=0)
        .order_by("owner__code")
    )
    return [(code, yuan(owed)) for code, owed in rows]


def transits_for(
    scope: Scope, *, direction: str = "", state: str = "", branch: str = ""
) -> QuerySet[Transit]:
    """Transits that leave or come to the agencies of a scope. Queries: 1.

    ``direction`` is ``out``, ``in`` or empty for both; without ``state`` the open ones.
    """
    rows = Transit.objects.select_related(
        "item__source_record__manifestation",
        "item__owning_agency",
        "origin",
        "destination",
        "request",
    )
    rows = rows.filter(state=state) if state else rows.filter(state__in=OPEN_TRANSIT_STATES)
    out, into = (
        Q(origin__agency_id__in=scope.agency_ids),
        Q(destination__agency_id__in=scope.agency_ids),
    )
    if not scope.everywhere:
        rows = rows.filter({"out": out, "in": into}.get(direction, out | into))
    if branch:
        at = {"out": Q(origin__code=branch), "in": Q(destination__code=branch)}
        rows = rows.filter(at.get(direction, at["out"] | at["in"]))
    return rows.order_by("pk")


def requests_at(scope: Scope, *, state: str = "", branch: str = "") -> QuerySet[HoldRequest]:
    """Requests to be collected at the agencies of a scope: the open ones, or as said. Queries: 1.

    ``state`` is a state or ``any``.
    """
    rows = HoldRequest.objects.select_related(
        "anchor__manifestation", "pickup_branch", "patron", "item"
    )
    if state != "any":
        rows = rows.filter(state=state) if state else rows.filter(state__in=OPEN_REQUEST_STATES)
    if not scope.everywhere:
        rows = rows.filter(pickup_branch__agency_id__in=scope.agency_ids)
    return (rows.filter(pickup_branch__code=branch) if branch else rows).order_by("pk")


def open_exceptions(scope: Scope) -> QuerySet[StaffException]:
    """Odd cases that wait for staff of a scope. Queries: 1."""
    rows = StaffException.objects.filter(closed_at=None).select_related("branch", "item")
    rows = rows if scope.everywhere else rows.filter(agency_id__in=scope.agency_ids)
    return rows.order_by("pk")


def settled_exceptions(scope: Scope) -> QuerySet[StaffException]:
    """Odd cases somebody settled, the last first. Queries: 1."""
    rows = StaffException.objects.exclude(closed_at=None).select_related("branch", "closed_by")
    rows = rows if scope.everywhere else rows.filter(agency_id__in=scope.agency_ids)
    return rows.order_by("-closed_at", "-pk")


def anchor_for(*, manifestation_id: int, agency_id: int | None = None) -> SourceRecord:
    """The record a title request is anchored on: the reader's library's own, else the oldest.

    Queries: 1. Raises ``unknown_record``.
    """
    sources = list(
        SourceRecord.objects.filter(manifestation_id=manifestation_id, deleted_at=None).order_by(
            "pk"
        )
    )
    if not sources:
        raise LibraryError("unknown_record", record=manifestation_id)
    return next((s for s in sources if s.agency_id == agency_id), sources[0])


def anchor_of_copy(*, item_id: int) -> int:
    """The record a request for this copy is anchored on: the one it came with. Queries: 1."""
    return Item.objects.values_list("source_record_id", flat=True).get(pk=item_id)


def find_loan(*, item_id: int) -> int | None:
    """The open loan of a copy. Queries: 1."""
    return Loan.objects.filter(item_id=item_id, closed_at=None).values_list("pk", flat=True).first()
