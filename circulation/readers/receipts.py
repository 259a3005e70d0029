"""What is printed for a reader, and for a copy that travels or waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from circulation.domain.states import OPEN_TRANSIT_STATES, RequestState
from circulation.models import HoldRequest, Loan, Transit
from library_net.accounts.scope import Scope
from library_net.barcodes import code_128, qr


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    title: str
    barcode: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One reader's lines; the name is masked, the sheet may lie about."""

    reader: str
    number: str
    lines: tuple[Lent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One copy's slip."""

    where: str
    why: str  # a code: to_pickup, to_home, rebalance, hold
    title: str
    barcode: str
    bars: SafeString | None  # None: nothing a Code 128 can say
    square: SafeString
    since: str = ""  # from where
    reader: str = ""
    until: datetime | None = None


def receipt(loan_ids: Sequence[int]) -> tuple[Part, ...]:
    """The open loans of a visit, by reader in the order they were made. Queries: 1."""
    return _parts(_open().filter(pk__in=loan_ids).order_by("pk"))


def due_slip(patron_ids: Sequence[int]) -> tuple[Part, ...]:
    """All open loans of these readers, the next due first. Queries: 1."""
    return _parts(_open().filter(patron_id__in=patron_ids).order_by("due_at", "pk"))


def transit_slips(transit_ids: Sequence[int], *, scope: Scope) -> list[Slip]:
    """Slips of open transits from or to the scope's branches. Queries: 1."""
    rows = Transit.objects.filter(pk__in=transit_ids, state__in=OPEN_TRANSIT_STATES).select_related(
        "item__source_record__manifestation", "origin", "destination"
    )
    return [
        Slip(
            where=row.destination.name,
            why=row.reason,
            title=_title(row.item.source_record),
            barcode=row.item.barcode,
            bars=_bars(row.item.barcode),
            square=qr(row.item.barcode),
            since=row.origin.name,
        )
        for row in rows.order_by("destination__code", "item__call_number", "pk")
        if scope.covers(row.origin.agency_id) or scope.covers(row.destination.agency_id)
    ]


def hold_slip(request_ids: Sequence[int], *, scope: Scope) -> list[Slip]:
    """Slips of copies on the scope's hold shelves: for whom, masked, and until when. Queries: 1."""
    rows = HoldRequest.objects.filter(pk__in=request_ids, state=RequestState.READY).select_related(
        "item__source_record__manifestation", "patron", "pickup_branch"
    )
    return [
        Slip(
            where=row.pickup_branch.name,
            why="hold",
            title=_title(row.item.source_record),
            barcode=row.item.barcode,
            bars=_bars(row.item.barcode),
            square=qr(row.item.barcode),
            reader=f"{row.patron.masked_name} {row.patron.number[-4:]}",
            until=row.expires_at,
        )
        for row in rows.order_by("pk")
        if row.item is not None and scope.covers(row.pickup_branch.agency_id)
    ]


def _open() -> QuerySet[Loan]:
    return Loan.objects.filter(closed_at=None).select_related(
        "patron", "item__source_record__manifestation", "owning_agency"
    )


def _parts(loans: Iterable[Loan]) -> tuple[Part, ...]:
    by_reader: dict[int, list[Loan]] = {}
    for loan in loans:
        if loan.patron_id is not None:
            by_reader.setdefault(loan.patron_id, []).append(loan)
    return tuple(
        Part(
            reader=rows[0].patron.masked_name if rows[0].patron else "",
            number=rows[0].patron.number if rows[0].patron else "",
            lines=tuple(
                Lent(
                    title=_title(loan.item.source_record),
                    barcode=loan.item.barcode,
                    owner=loan.owning_agency.name,
                    due_at=loan.due_at,
                )
                for loan in rows
            ),
        )
        for rows in by_reader.values()
    )


def _bars(text: str) -> SafeString | None:
    try:
        return code_128(text)
    except ValueError:
        return None


def _title(record: object) -> str:
    manifestation = getattr(record, "manifestation", None)
    return manifestation.title if manifestation else ""
