"""What the decisions are made from: plain values that the readers load and the tests write down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import ALWAYS_OPEN, Calendar
from circulation.domain.policies import Lineage, Place
from circulation.domain.states import TransitReason, TransitState


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLoan:
    """One open loan of the reader, with what limits and blocks ask about it."""

    item_id: int
    place: Place
    due_at: datetime
    price: Decimal | None = None  # of the copy, CNY


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    owner: Lineage
    amount: Decimal  # CNY


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLending:
    """Until this day (included) copies of this owner and of those below it are not lent."""

    owner: str = ""  # empty: nobody's
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronFacts:
    id: int
    category: str
    is_suspended: bool = False
    expires_on: date | None = None  # the last day the account is good
    credential_blocked: bool = False  # only the one that was presented
    loans: tuple[HeldLoan, ...] = ()
    debts: tuple[Debt, ...] = ()
    birth_date: date | None = None
    suspensions: tuple[NoLending, ...] = ()

    def with_loan(self, loan: HeldLoan) -> PatronFacts:
        return replace(self, loans=(*self.loans, loan))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFacts:
    """The branch where something happens."""

    branch_id: int
    branch: str
    agency: Lineage
    is_suspended: bool = False  # its institution is a suspended member
    calendar: Calendar = ALWAYS_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanFacts:
    """The open loan of a copy."""

    id: int
    patron_id: int
    lent_at: datetime
    due_at: datetime
    renewals: int = 0
    claimed_at: datetime | None = None  # since when the reader says it was returned
    is_recalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitFacts:
    """The open transit of a copy."""

    id: int
    state: TransitState
    reason: TransitReason
    destination_id: int
    request_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """A reader who waits for this copy or for any copy like it."""

    id: int
    patron_id: int
    pickup_id: int
    item_id: int | None = None  # only this copy will do
    pick_id: int | None = None  # the free copy it is to be served with (RQ-15), if one is


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    id: int
    barcode: str
    owner: Lineage
    status: ItemStatus
    material: str
    home_id: int
    current_id: int | None
    price: Decimal | None = None  # CNY
    is_lendable: bool = True  # the copy itself, whatever the rules say
    owner_is_suspended: bool = False
    loan: LoanFacts | None = None
    transit: TransitFacts | None = None
    assigned: RequestFacts | None = None  # the request this copy was set aside for


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """An approved move of the rebalancing plan that starts at this branch."""

    id: int
    destination_id: int
