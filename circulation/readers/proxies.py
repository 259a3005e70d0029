"""Who may collect for whom."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from circulation.domain.states import RequestState
from circulation.models import HoldRequest, Proxy


def live_proxies(*, today: date) -> QuerySet[Proxy]:
    """Links that hold on this day, or will. Queries: 1."""
    return Proxy.objects.filter(revoked_at=None, valid_until__gte=today)


def proxies_of(*, patron_id: int, today: date) -> QuerySet[Proxy]:
    """Whom a reader lets collect. Queries: 1."""
    rows = live_proxies(today=today).filter(patron_id=patron_id)
    return rows.select_related("proxy").order_by("pk")


def waiting_for_principals(*, proxy_id: int, branch_id: int, today: date) -> QuerySet[HoldRequest]:
    """What this reader may collect here for others. Queries: 1."""
    principals = live_proxies(today=today).filter(proxy_id=proxy_id, valid_from__lte=today)
    return (
        HoldRequest.objects.filter(
            patron_id__in=principals.values("patron_id"),
            state=RequestState.READY,
            pickup_branch_id=branch_id,
        )
        .select_related("patron", "anchor__manifestation", "item")
        .order_by("pk")
    )


def principal_of(
    *, barcode: str, owner: str, branch_id: int, proxy_id: int, today: date
) -> int | None:
    """The reader this copy waits for here, if this proxy may collect for them. Queries: 1."""
    whose = Q(item__owning_agency__code=owner) if owner else Q()
    found = waiting_for_principals(proxy_id=proxy_id, branch_id=branch_id, today=today).filter(
        whose, item__barcode=barcode
    )
    patrons = {request.patron_id for request in found}
    return patrons.pop() if len(patrons) == 1 else None
