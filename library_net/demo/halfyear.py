"""What half a year leaves behind: places, copies, readers and all that happened, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import Calendar
from circulation.domain.policies import Terms
from circulation.domain.states import (
    ItemEventKind,
    RequestState,
    TransitReason,
    TransitState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    id: int
    code: str
    agency_id: int
    city: str
    calendar: Calendar
    draw: float  # visits, against other places


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    id: int
    title: int  # copies of one title satisfy the same wish
    record_id: int
    owner_id: int
    home_id: int
    appeal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    id: int
    place_id: int
    city: str
    category: str


@dataclass(slots=True, kw_only=True)
class Loan:
    copy: Copy
    reader: Reader
    place: Place
    terms: Terms
    out_at: datetime
    due_at: datetime
    renewals: int = 0
    back_place: Place | None = None
    back_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Request:
    reader: Reader
    copy: Copy  # whose record is asked for
    pickup: Place
    placed_at: datetime
    state: RequestState = RequestState.WAITING
    has_copy: bool = False
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Transit:
    copy: Copy
    origin: Place
    destination: Place
    reason: TransitReason
    created_at: datetime
    request: Request | None = None
    state: TransitState = TransitState.PENDING
    dispatched_at: datetime | None = None
    received_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Event:
    copy: Copy
    kind: ItemEventKind
    at: datetime
    place_id: int
    status: ItemStatus
    loan: Loan | None = None
    request: Request | None = None
    transit: Transit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    loan: Loan
    amount: Decimal
    collector_id: int
    at: datetime
    is_payment: bool


@dataclass(slots=True)
class Half:
    """What half a year leaves behind."""

    loans: list[Loan] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    transits: list[Transit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    # copy id -> (status, branch id, since): what the columns must say
    standing: dict[int, tuple[ItemStatus, int, datetime]] = field(default_factory=dict)
    # copy id -> where the thing itself lies: ("shelf", branch id) …
    whereabouts: dict[int, tuple[str, int]] = field(default_factory=dict)
