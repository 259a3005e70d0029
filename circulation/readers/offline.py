"""Everything known about one copy, on line and off, as happenings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet

from catalog.models import Item
from catalog.models.items import BarcodeAlias
from circulation.domain.offline import Act, Happening
from circulation.domain.states import ItemEventKind
from circulation.models import ItemEvent, Loan, OfflineConflict, OfflineEvent
from circulation.models.offline import OfflineEventKind
from library_net.accounts.scope import Scope

# The copy lay in a library's hands at that moment, whatever it was on the way to.
IN_HAND = (ItemEventKind.CHECKED_IN, ItemEventKind.RECEIVED, ItemEventKind.DISPATCHED)
ACTION = "record_offline"  # what on-line history leaves out: it would be told twice


def happenings(item_id: int) -> Iterator[Happening]:
    """Queries: 4."""
    yield from _offline(item_id)
    ended_offline = set(
        OfflineEvent.objects.filter(ends__item_id=item_id).values_list("ends_id", flat=True)
    )
    begun_offline = set(
        OfflineEvent.objects.filter(loan__item_id=item_id, began=True).values_list(
            "loan_id", flat=True
        )
    )
    for loan in Loan.objects.filter(item_id=item_id):
        if loan.lost_at is not None:
            yield Happening(
                key=f"lost:{loan.pk:012d}",
                at=loan.lost_at,
                act=Act.TAKEN_IN,
                branch_id=loan.checkout_branch_id,
                lost_loan_id=loan.pk,
            )
        if loan.pk in begun_offline:
            continue
        yield Happening(
            key=f"loan:{loan.pk:012d}",
            at=loan.checked_out_at,
            act=Act.LENT,
            branch_id=loan.checkout_branch_id,
            patron_id=loan.patron_id,
            loan_id=loan.pk,
        )
        if loan.lost_at is not None or loan.pk in ended_offline:
            continue
        if loan.closed_at is not None:
            yield Happening(
                key=f"back:{loan.pk:012d}",
                at=loan.closed_at,
                act=Act.TAKEN_IN,
                branch_id=loan.checkin_branch_id or loan.checkout_branch_id,
            )
    events = ItemEvent.objects.filter(item_id=item_id, kind__in=IN_HAND).exclude(
        operation__action=ACTION
    )
    for event in events:
        yield Happening(
            key=f"event:{event.pk:012d}",
            at=event.at,
            act=Act.TAKEN_IN,
            branch_id=event.branch_id,
        )


def _offline(item_id: int) -> Iterator[Happening]:
    for row in OfflineEvent.objects.filter(item_id=item_id):
        is_loan = row.kind == OfflineEventKind.CHECKOUT
        if is_loan and row.patron_id is None:
            continue  # nobody knows who has it: a person asks, the story waits
        yield Happening(
            key=f"offline:{row.caller}:{row.operation_id}",
            at=row.happened_at,
            act=Act.LENT if is_loan else Act.TAKEN_IN,
            branch_id=row.branch_id,
            patron_id=row.patron_id if is_loan else None,
            event_id=row.pk,
            began_loan_id=row.loan_id if row.began else None,
        )


def copies_by_barcode(barcode: str, *, owner: str) -> list[tuple[int, str]]:
    """Copies that bear or bore this barcode, with their owners' codes. Queries: 1.

    Without a look at where they are now: what an off-line act means must not depend on when we
    heard of it (OF-5).
    """
    former = BarcodeAlias.objects.filter(barcode=barcode).values("item_id")
    rows = Item.objects.filter(Q(barcode=barcode) | Q(pk__in=former)).order_by("pk")
    found = list(rows.values_list("pk", "owning_agency__code"))
    return [row for row in found if not owner or row[1] == owner]


def offline_loans(patron_id: int) -> list[Loan]:
    """A reader's loans that only an off-line act began, in the order of time. Queries: 1."""
    begun = OfflineEvent.objects.filter(patron_id=patron_id, began=True).values("loan_id")
    rows = Loan.objects.filter(pk__in=begun, patron_id=patron_id).select_related(
        "item__owning_agency", "checkout_branch"
    )
    return list(rows.order_by("checked_out_at", "item_id"))


def loans_beside(patron_id: int, *, since: Loan) -> Sequence[Loan]:
    """Every loan of the reader that was open at or after this one began. Queries: 1."""
    rows = Loan.objects.filter(patron_id=patron_id).filter(
        Q(closed_at=None) | Q(closed_at__gt=since.checked_out_at)
    )
    return list(rows.select_related("item", "checkout_branch"))


def open_conflicts(scope: Scope) -> QuerySet[OfflineConflict]:
    """What people of a scope should settle, newest last. Queries: 1."""
    rows = OfflineConflict.objects.filter(closed_at=None).select_related(
        "event__branch", "event__item__source_record__manifestation", "event__patron", "agency"
    )
    rows = rows if scope.everywhere else rows.filter(agency_id__in=scope.agency_ids)
    return rows.order_by("pk")
