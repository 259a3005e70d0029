"""A librarian's word on a plan: approve or veto a move, then send what was approved on its way.

Staff decide about moves that leave their own institution's branches; the network administrator
about all. What is approved becomes transits by the same claim of the copy as every circulation
action; a copy that is no longer where and as it was makes its move `dropped`, a normal outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions._plan_life import change_move, finish_plans
from circulation.actions.operations import Answer, Intent, Journal, LostRace, run_once
from circulation.domain.states import (
    MOVE_TRANSITIONS,
    OPEN_TRANSIT_STATES,
    PLAN_TRANSITIONS,
    ItemEventKind,
    MoveEvent,
    MoveState,
    PlanEvent,
    PlanState,
    RequestState,
    TransitReason,
    advance,
)
from circulation.models import HoldRequest, Move, Plan, Transit
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError

OPEN_PLANS: Final = (PlanState.PROPOSED, PlanState.APPROVED)


def approve_move(*, move_id: int, scope: Scope, user_id: int | None, now: datetime) -> Move:
    """Say yes to one move, also to one vetoed before (RB-9); `approve_plan` sets it aside.

    Raises ``unknown_move``, ``outside_your_agency``, ``plan_not_open``, ``plan_not_verified``,
    ``move_not_open``.
    """
    return _decide(
        move_id=move_id,
        event=MoveEvent.APPROVED,
        scope=scope,
        user_id=user_id,
        now=now,
        reason="",
    )


def veto_move(
    *, move_id: int, reason: str, scope: Scope, user_id: int | None, now: datetime
) -> Move:
    """Say no to one move and why; `replan` then goes around it (RB-9).

    Raises ``veto_needs_reason`` and what `approve_move` raises.
    """
    if not reason.strip():
        raise LibraryError("veto_needs_reason", move=move_id)
    return _decide(
        move_id=move_id,
        event=MoveEvent.VETOED,
        scope=scope,
        user_id=user_id,
        now=now,
        reason=reason.strip()[:200],
    )


def approve_plan(
    *,
    plan_id: int,
    intent: Intent,
    user_id: int | None,
    now: datetime,
    only_approved: bool = False,
) -> Answer:
    """Set aside what was not vetoed among the moves that are the caller's to decide.

    With `only_approved` only moves said yes to one by one. Answers {"plan", "state",
    "set_aside": [move ids], "dropped": [move ids]}; other institutions' moves stay proposed.
    Idempotent by operation. Raises ``unknown_plan``, ``plan_not_open``, ``plan_not_verified``,
    ``outside_your_agency`` when no move of the plan is the caller's.
    """

    def work(journal: Journal) -> Answer:
        plan = _open_plan(plan_id)
        moves = list(_mine(plan, intent.scope, only_approved=only_approved))
        items = _lock_items(move.item_id for move in moves)
        taken = _taken(items)
        set_aside: list[int] = []
        dropped: list[int] = []
        for move in moves:
            item = items[move.item_id]
            if move.state == MoveState.PROPOSED:
                _yes(move, user_id=user_id, now=now)
            if _is_free(item, move) and item.pk not in taken:
                _set_aside(journal, move=move, item=item)
                set_aside.append(move.pk)
            elif change_move(move, MoveEvent.DROPPED):
                dropped.append(move.pk)
        plan.state = advance(
            PLAN_TRANSITIONS, state=PlanState(plan.state), event=PlanEvent.APPROVED
        )
        plan.decided_at, plan.decided_by_id = now, user_id
        plan.save(update_fields=["state", "decided_at", "decided_by"])
        finish_plans()
        plan.refresh_from_db(fields=["state"])
        return {
            "plan": plan.pk,
            "state": plan.state,
            "set_aside": set_aside,
            "dropped": dropped,
        }

    asked = {"plan": plan_id, "only_approved": only_approved}
    return run_once(intent=intent, action="approve_plan", asked=asked, now=now, work=work)


def _decide(
    *,
    move_id: int,
    event: MoveEvent,
    scope: Scope,
    user_id: int | None,
    now: datetime,
    reason: str,
) -> Move:
    with transaction.atomic(durable=True):
        move = Move.objects.select_related("plan", "origin", "item").filter(pk=move_id).first()
        if move is None:
            raise LibraryError("unknown_move", move=move_id)
        scope.require(move.origin.agency_id)
        _require_open(move.plan)
        if (MoveState(move.state), event) not in MOVE_TRANSITIONS:
            raise LibraryError("move_not_open", move=move_id, state=move.state)
        said = {"decided_by_id": user_id, "decided_at": now, "veto_reason": reason}
        if not change_move(move, event, **said):
            raise LibraryError("move_not_open", move=move_id, state=move.state)
    return move


def _yes(move: Move, *, user_id: int | None, now: datetime) -> None:
    if not change_move(move, MoveEvent.APPROVED, decided_by_id=user_id, decided_at=now):
        raise LostRace


def _open_plan(plan_id: int) -> Plan:
    plan = Plan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise LibraryError("unknown_plan", plan=plan_id)
    _require_open(plan)
    return plan


def _require_open(plan: Plan) -> None:
    if plan.state not in OPEN_PLANS:
        raise LibraryError("plan_not_open", plan=plan.pk, state=plan.state)
    if not plan.is_verified:
        raise LibraryError("plan_not_verified", plan=plan.pk)


def _mine(plan: Plan, scope: Scope, *, only_approved: bool) -> QuerySet[Move]:
    mine = Q() if scope.everywhere else Q(origin__agency_id__in=scope.agency_ids)
    if not scope.everywhere and not plan.moves.filter(mine).exists():
        raise LibraryError("outside_your_agency")
    states = [MoveState.APPROVED] if only_approved else [MoveState.APPROVED, MoveState.PROPOSED]
    return plan.moves.filter(mine, state__in=states).order_by("pk")


def _lock_items(ids: Iterable[int]) -> dict[int, Item]:
    """The copies with their titles, locked in the order of their ids. Queries: 1."""
    rows = (
        Item.objects.select_for_update(no_key=True, of=("self",))
        .select_related("source_record__manifestation")
        .filter(pk__in=list(ids))
        .order_by("pk")
    )
    return {item.pk: item for item in rows}


def _taken(items: Iterable[int]) -> set[int]:
    """Copies a transit or a request has meanwhile. Queries: 2."""
    ids = list(items)
    served = Q(state__in=(RequestState.IN_TRANSIT, RequestState.READY), item_id__in=ids)
    wanted = Q(state=RequestState.WAITING, wanted_item_id__in=ids)
    travelling = Transit.objects.filter(item_id__in=ids, state__in=OPEN_TRANSIT_STATES)
    asked = HoldRequest.objects.filter(served | wanted).values_list("item_id", "wanted_item_id")
    return set(travelling.values_list("item_id", flat=True)) | {
        pk for pair in asked for pk in pair if pk is not None
    }


def _is_free(item: Item, move: Move) -> bool:
    """RB-4 once more, on the locked row."""
    return (
        item.status == ItemStatus.AVAILABLE
        and item.is_lendable
        and item.current_branch_id == move.origin_id
    )


def _set_aside(journal: Journal, *, move: Move, item: Item) -> None:
    transit = Transit.objects.create(
        item=item,
        origin_id=move.origin_id,
        destination_id=move.destination_id,
        reason=str(TransitReason.REBALANCE),
        created_at=journal.now,
    )
    if not change_move(move, MoveEvent.SET_ASIDE, transit=transit):
        raise LostRace
    journal.happens(item, ItemEventKind.SET_ASIDE, transit_id=transit.pk)
