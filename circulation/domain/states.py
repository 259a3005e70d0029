"""The states of a loan, a request, a transit and a rebalancing move, and what may follow what."""

from __future__ import annotations

from enum import StrEnum


class LoanState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class RequestState(StrEnum):
    WAITING = "waiting"  # in the queue, no copy assigned
    IN_TRANSIT = "in_transit"  # a copy travels to the pickup branch
    READY = "ready"  # on the hold shelf
    FILLED = "filled"  # collected
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # not collected in time


class TransitState(StrEnum):
    PENDING = "pending"  # the copy is set aside at the origin
    DISPATCHED = "dispatched"  # it left
    RECEIVED = "received"
    CANCELLED = "cancelled"


class TransitReason(StrEnum):
    TO_PICKUP = "to_pickup"
    TO_HOME = "to_home"
    REBALANCE = "rebalance"


class MoveState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    VETOED = "vetoed"
    IN_TRANSIT = "in_transit"
    DONE = "done"
    DROPPED = "dropped"  # the copy changed state first: circulation wins


class PlanState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"


class ReturnPolicy(StrEnum):
    HOME = "home"  # send it home
    FLOAT = "float"  # it stays where it was returned
    HOLD_FIRST = "hold_first"  # serve a waiting reader first, else home
