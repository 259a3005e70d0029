"""Plans as people review them: what each move would bring, why, and how full the vans get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from circulation.domain.states import MoveState, PlanState
from circulation.models import Move, Plan
from circulation.readers.night import COPIES_PER_CRATE
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from library_net.network.models import Branch, Route

UNDECIDED: Final = (MoveState.PROPOSED, MoveState.APPROVED)
TRAVELS: Final = (*UNDECIDED, MoveState.IN_TRANSIT, MoveState.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """One move on the reviewing screen; `why` holds the numbers of `Reason` (RB-8)."""

    id: int
    state: str
    item_id: int
    barcode: str
    title: str
    call_number: str
    owner: str
    origin: Branch
    destination: Branch
    gain: float
    cost: float
    why: Mapping[str, Any]
    veto_reason: str
    decided_by: str
    may_decide: bool  # by whoever is looking, now
    transit_id: int | None

    @property
    def benefit(self) -> float:
        return self.gain - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One van leg of the plan: its load against its capacity in copies."""

    origin: Branch
    destination: Branch
    copies: int
    capacity: int
    km: float

    @property
    def crates(self) -> int:
        return -(-self.copies // COPIES_PER_CRATE)

    @property
    def share(self) -> float:
        return self.copies / self.capacity if self.capacity else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReview:
    plan: Plan
    moves: Sequence[MoveLine]
    legs: Sequence[Leg]
    counts: Mapping[str, int]  # moves by state, over the whole plan
    gain: float  # over the moves that travel or still may
    cost: float
    readers_served: float  # expected readers who find a copy because of them
    is_open: bool  # something can still be decided
    may_approve: bool  # … by whoever is looking
    may_replan: bool


def plan_for_review(*, plan_id: int | None, scope: Scope) -> PlanReview:
    """A plan (None: the newest) as this person may see it. Queries: 4.

    Staff see the moves that leave or reach their institution's branches and decide about those
    that leave; the network administrator sees all. Raises ``unknown_plan``.
    """
    plans = Plan.objects.select_related("decided_by")
    plan = plans.filter(pk=plan_id).first() if plan_id else plans.order_by("-date", "-pk").first()
    if plan is None:
        raise LibraryError("unknown_plan", plan=plan_id or 0)
    is_open = plan.is_verified and plan.state in (PlanState.PROPOSED, PlanState.APPROVED)
    lines = [_line(move, scope=scope, is_open=is_open) for move in _visible(plan, scope)]
    going = [line for line in lines if line.state in TRAVELS]
    value = float(plan.parameters.get("terms", {}).get("loan_value", 0)) or 1.0
    return PlanReview(
        plan=plan,
        moves=lines,
        legs=_legs(going),
        counts=dict(plan.moves.values_list("state").annotate(Count("pk")).order_by()),
        gain=sum(line.gain for line in going),
        cost=sum(line.cost for line in going),
        readers_served=sum(line.gain for line in going) / value,
        is_open=is_open,
        may_approve=any(line.may_decide and line.state in UNDECIDED for line in lines),
        may_replan=is_open and plan.state == PlanState.PROPOSED and scope.everywhere,
    )


def recent_plans(*, limit: int = 30) -> QuerySet[Plan]:
    """The newest plans first, each with `move_count` and `vetoed_count`. Queries: 1."""
    return Plan.objects.annotate(
        move_count=Count("moves"),
        vetoed_count=Count("moves", filter=Q(moves__state=MoveState.VETOED)),
    ).order_by("-date", "-pk")[:limit]


def _visible(plan: Plan, scope: Scope) -> QuerySet[Move]:
    rows = _moves(plan.moves.all())
    if not scope.everywhere:
        mine = scope.agency_ids
        rows = rows.filter(Q(origin__agency_id__in=mine) | Q(destination__agency_id__in=mine))
    return rows.order_by("origin__code", "destination__code", "pk")


def _moves(rows: QuerySet[Move]) -> QuerySet[Move]:
    return rows.select_related(
        "item__source_record__manifestation",
        "item__owning_agency",
        "origin",
        "destination",
        "decided_by",
    )


def _line(move: Move, *, scope: Scope, is_open: bool) -> MoveLine:
    manifestation = move.item.source_record.manifestation
    decidable = (*UNDECIDED, MoveState.VETOED)
    return MoveLine(
        id=move.pk,
        state=move.state,
        item_id=move.item_id,
        barcode=move.item.barcode,
        title=manifestation.title if manifestation else "",
        call_number=move.item.call_number,
        owner=move.item.owning_agency.name,
        origin=move.origin,
        destination=move.destination,
        gain=move.gain,
        cost=move.cost,
        why=move.why,
        veto_reason=move.veto_reason,
        decided_by=str(move.decided_by) if move.decided_by else "",
        may_decide=is_open and move.state in decidable and scope.covers(move.origin.agency_id),
        transit_id=move.transit_id,
    )


def _legs(lines: Sequence[MoveLine]) -> list[Leg]:
    ends = {(line.origin.pk, line.destination.pk): line for line in lines}
    loads = Counter((line.origin.pk, line.destination.pk) for line in lines)
    routes = Route.objects.filter(origin_id__in={origin for origin, _ in ends})
    known = {(row.origin_id, row.destination_id): row for row in routes}
    return [
        Leg(
            origin=ends[pair].origin,
            destination=ends[pair].destination,
            copies=count,
            capacity=known[pair].capacity_crates * COPIES_PER_CRATE if pair in known else 0,
            km=known[pair].distance_km if pair in known else 0.0,
        )
        for pair, count in sorted(loads.items(), key=lambda entry: -entry[1])
    ]
