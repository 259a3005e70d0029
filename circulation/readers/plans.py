"""A rebalancing plan as its reviewers see it: by van leg, move by move, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from circulation.domain.states import MoveState
from circulation.models import Move, Plan
from library_net.accounts.scope import Scope
from library_net.network.models import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    pk: int
    title: str
    barcode: str
    call_number: str
    owner: str
    state: str
    state_name: str
    gain: float
    cost: float
    why: dict[str, Any]
    veto_reason: str
    is_mine: bool  # the viewer may decide about it
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    origin: str
    destination: str
    km: float
    moves: tuple[MoveLine, ...]

    @property
    def net(self) -> float:
        return sum(move.gain - move.cost for move in self.moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    plan: Plan
    legs: tuple[Leg, ...]
    counts: dict[str, int]
    mine_open: int


def plan_for_review(plan: Plan, *, scope: Scope) -> Review:
    """Queries: 2. A librarian sees the legs that touch her agencies; deciding is for the origin."""
    rows = (
        Move.objects.filter(plan=plan)
        .select_related(
            "item__source_record__manifestation", "item__owning_agency", "origin", "destination"
        )
        .order_by("origin__code", "destination__code", "item__call_number", "pk")
    )
    distances = {
        (origin, destination): km
        for origin, destination, km in Route.objects.values_list(
            "origin_id", "destination_id", "distance_km"
        )
    }
    by_leg: dict[tuple[int, int], list[Move]] = {}
    counts: dict[str, int] = {}
    for move in rows:
        counts[move.state] = counts.get(move.state, 0) + 1
        if scope.covers(move.origin.agency_id) or scope.covers(move.destination.agency_id):
            by_leg.setdefault((move.origin_id, move.destination_id), []).append(move)
    legs = tuple(
        Leg(
            origin=moves[0].origin.name,
            destination=moves[0].destination.name,
            km=distances.get(leg, 0.0),
            moves=tuple(_line(move, scope) for move in moves),
        )
        for leg, moves in by_leg.items()
    )
    mine_open = sum(m.is_mine and m.is_open for leg in legs for m in leg.moves)
    return Review(plan=plan, legs=legs, counts=counts, mine_open=mine_open)


def _line(move: Move, scope: Scope) -> MoveLine:
    manifestation = move.item.source_record.manifestation
    return MoveLine(
        pk=move.pk,
        title=manifestation.title if manifestation else "",
        barcode=move.item.barcode,
        call_number=move.item.call_number,
        owner=move.item.owning_agency.name,
        state=move.state,
        state_name=str(move.get_state_display()),  # type: ignore[attr-defined,unused-ignore]
        gain=move.gain,
        cost=move.cost,
        why=move.why,
        veto_reason=move.veto_reason,
        is_mine=scope.covers(move.origin.agency_id),
        is_open=move.state in (MoveState.PROPOSED, MoveState.APPROVED, MoveState.VETOED),
    )
