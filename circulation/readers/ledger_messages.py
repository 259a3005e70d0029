"""Messages to members' own systems as staff see them."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet

from circulation.models import LedgerMessage
from circulation.models.ledger_messages import LedgerMessageState as State
from library_net.accounts.scope import Scope

OPEN_STATES: Final = (State.WAITING, State.REFUSED)
STUCK_AFTER: Final = 3  # attempts: by then a minute has passed


def for_staff(scope: Scope) -> QuerySet[LedgerMessage]:
    """What a system refused or has not taken for a while, of this scope's copies. Queries: 1."""
    stuck = Q(state=State.REFUSED) | Q(state=State.WAITING, attempts__gte=STUCK_AFTER)
    rows = LedgerMessage.objects.filter(stuck, state__in=OPEN_STATES)
    if not scope.everywhere:
        rows = rows.filter(item__owning_agency_id__in=scope.agency_ids)
    return rows.select_related("item__owning_agency", "branch").order_by("pk")


def waiting_behind(scope: Scope) -> int:
    """How many are still to be told, those in doubt included. Queries: 1."""
    rows = LedgerMessage.objects.filter(state__in=(*OPEN_STATES, State.SENDING))
    if not scope.everywhere:
        rows = rows.filter(item__owning_agency_id__in=scope.agency_ids)
    return rows.count()
