"""Why something is refused: a code and the facts a sentence about it needs.

The words live with the doors (``circulation/wording.py``); nothing here is shown to a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Param = str | int | Decimal


class ReasonCode(StrEnum):
    # the reader
    CREDENTIAL_BLOCKED = "credential_blocked"
    PATRON_SUSPENDED = "patron_suspended"
    PATRON_EXPIRED = "patron_expired"
    OWES_TOO_MUCH = "owes_too_much"  # amount, limit
    HAS_OVERDUE = "has_overdue"  # count
    TOO_MANY_LOANS = "too_many_loans"  # limit, count, rule
    SUSPENDED_UNTIL = "suspended_until"  # until
    TOO_YOUNG = "too_young"  # age
    TOO_DEAR = "too_dear"  # limit, total, rule
    # the copy
    ON_LOAN = "on_loan"
    ALREADY_YOURS = "already_yours"
    HELD_FOR_ANOTHER = "held_for_another"
    NOT_LENDABLE = "not_lendable"  # rule
    NOT_READY_TO_LEND = "not_ready_to_lend"  # status
    NOT_HERE = "not_here"  # barcode
    # the members
    AGENCY_SUSPENDED = "agency_suspended"  # agency
    # a renewal
    LOAN_CLOSED = "loan_closed"
    NO_RENEWALS_LEFT = "no_renewals_left"  # limit
    LOAN_OVERDUE = "loan_overdue"  # due_date
    WANTED_BY_ANOTHER = "wanted_by_another"  # count
    LOAN_CLAIMED = "loan_claimed"
    LOAN_RECALLED = "loan_recalled"
    ALREADY_RECALLED = "already_recalled"
    DUE_SOON_ANYWAY = "due_soon_anyway"  # due_date
    TOO_EARLY_TO_RENEW = "too_early_to_renew"  # from_date
    # a request
    REQUEST_LIMIT = "request_limit"  # limit
    ALREADY_REQUESTED = "already_requested"
    ALREADY_BORROWED = "already_borrowed"
    PICKUP_NOT_OFFERED = "pickup_not_offered"  # branch
    NO_COPY_TO_WAIT_FOR = "no_copy_to_wait_for"
    REQUEST_CLOSED = "request_closed"  # state
    REQUEST_ON_ITS_WAY = "request_on_its_way"  # a copy was found: too late to pause
    REQUEST_READY = "request_ready"  # branch: too late to collect it elsewhere
    NOT_PAUSED = "not_paused"
    DATE_PASSED = "date_passed"  # date
    TOO_MANY_NO_SHOWS = "too_many_no_shows"  # count, limit
    # a transit
    TRANSIT_CLOSED = "transit_closed"  # state
    CRATE_IN_USE = "crate_in_use"  # crate, where
    CRATE_STAYS_HERE = "crate_stays_here"
    CRATE_CLOSED = "crate_closed"  # crate, state
    CRATE_NOT_EMPTY = "crate_not_empty"  # count
    NOT_SET_ASIDE = "not_set_aside"  # barcode
    GOES_ELSEWHERE = "goes_elsewhere"  # barcode, branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    code: ReasonCode
    params: tuple[tuple[str, Param], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    reasons: tuple[Reason, ...]  # never empty, the most useful first


def reason(code: ReasonCode, /, **params: Param) -> Reason:
    return Reason(code=code, params=tuple(params.items()))
