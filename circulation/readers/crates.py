"""Crates and what is in them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from circulation.domain.states import OPEN_CRATE_STATES, TransitState
from circulation.models import Crate, Transit
from library_net.accounts.scope import Scope


def crates_for(scope: Scope, *, state: str = "") -> QuerySet[Crate]:
    """Crates from or to the agencies of a scope: those under way, or ``any``. Queries: 1."""
    rows = Crate.objects.select_related("origin", "destination")
    if state != "any":
        rows = rows.filter(state__in=OPEN_CRATE_STATES)
    if not scope.everywhere:
        mine = scope.agency_ids
        rows = rows.filter(Q(origin__agency_id__in=mine) | Q(destination__agency_id__in=mine))
    return rows.order_by("pk")


def manifest(crate: Crate) -> QuerySet[Transit]:
    """The copies of one load, as they are to be found on the shelf. Queries: 1."""
    return (
        Transit.objects.filter(crate=crate)
        .exclude(state=TransitState.CANCELLED)
        .select_related("item__source_record__manifestation", "item__owning_agency")
        .order_by("item__call_number", "pk")
    )
