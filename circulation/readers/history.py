"""Do the item events add up to the state columns? Events are append-only; columns are derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.domain.states import (
    ITEM_TRANSITIONS,
    OPEN_TRANSIT_STATES,
    IllegalTransition,
    ItemEventKind,
    advance,
)
from circulation.models import ItemEvent, Loan, Transit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A copy whose history and state disagree."""

    item_id: int
    what: str  # "status", "branch", "path", "loan", "transit"
    by_events: str
    by_columns: str


def findings() -> Iterator[Finding]:
    """Every disagreement between events and columns. Queries: 4, all streamed.

    Copies without events are as they were added; there is nothing to compare.
    """
    yield from _last_events()
    yield from _paths()
    yield from _loans()
    yield from _transits()


def _last_events() -> Iterator[Finding]:
    last = ItemEvent.objects.filter(item=OuterRef("pk")).order_by("-pk")
    rows = (
        Item.objects.annotate(
            last_status=Subquery(last.values("status")[:1]),
            last_branch=Subquery(last.values("branch_id")[:1]),
        )
        .exclude(last_status=None)
        .values_list("pk", "status", "current_branch_id", "last_status", "last_branch")
    )
    for pk, status, branch, last_status, last_branch in rows.iterator():
        if status != last_status:
            yield Finding(item_id=pk, what="status", by_events=last_status, by_columns=status)
        if branch != last_branch:
            yield Finding(
                item_id=pk, what="branch", by_events=str(last_branch), by_columns=str(branch)
            )


def _paths() -> Iterator[Finding]:
    """Each event must follow from the status before it by the transition table."""
    current: dict[str, int | str] = {}
    rows = ItemEvent.objects.order_by("item_id", "pk").values_list("item_id", "kind", "status")
    for item_id, kind, status in rows.iterator():
        before = current.get("status") if current.get("item") == item_id else None
        current = {"item": item_id, "status": status}
        if before is None or kind == ItemEventKind.ADDED:
            continue
        expected = _after(str(before), kind)
        if expected != status:
            yield Finding(item_id=item_id, what="path", by_events=expected, by_columns=status)


def _after(status: str, kind: str) -> str:
    try:
        return str(advance(ITEM_TRANSITIONS, state=ItemStatus(status), event=ItemEventKind(kind)))
    except (IllegalTransition, ValueError):
        return f"nothing may follow {status} by {kind}"


def _loans() -> Iterator[Finding]:
    """On loan exactly where a loan is open (a claim or a loss keeps its loan open)."""
    lent = {ItemStatus.ON_LOAN, ItemStatus.CLAIMED_RETURNED, ItemStatus.LOST}
    open_items = set(Loan.objects.filter(closed_at=None).values_list("item_id", flat=True))
    for pk, status in _with_events(*lent):
        if pk not in open_items and status == ItemStatus.ON_LOAN:
            yield Finding(item_id=pk, what="loan", by_events="no open loan", by_columns=status)
    for pk, status in Item.objects.filter(pk__in=open_items).values_list("pk", "status"):
        if status not in lent:
            yield Finding(item_id=pk, what="loan", by_events="open loan", by_columns=status)


def _transits() -> Iterator[Finding]:
    """In transit exactly where a transit is open."""
    moving = set(
        Transit.objects.filter(state__in=OPEN_TRANSIT_STATES).values_list("item_id", flat=True)
    )
    for pk, status in _with_events(ItemStatus.IN_TRANSIT):
        if pk not in moving:
            yield Finding(item_id=pk, what="transit", by_events="none open", by_columns=status)
    for pk, status in Item.objects.filter(pk__in=moving).values_list("pk", "status"):
        if status != ItemStatus.IN_TRANSIT:
            yield Finding(item_id=pk, what="transit", by_events="open", by_columns=status)


def _with_events(*statuses: ItemStatus) -> Iterator[tuple[int, str]]:
    touched = Item.objects.filter(status__in=statuses)
    return touched.values_list("pk", "status").iterator()
