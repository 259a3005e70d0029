"""What plans and moves go through, shared by the actions that make them and decide on them."""

from __future__ import annotations

from datetime import datetime

from circulation.domain.states import (
    MOVE_TRANSITIONS,
    OPEN_MOVE_STATES,
    PLAN_TRANSITIONS,
    MoveEvent,
    MoveState,
    PlanEvent,
    PlanState,
    advance,
)
from circulation.models import Move, Plan
from library_net.db import claim


def change_move(move: Move, event: MoveEvent, **new: object) -> bool:
    """Change one move by the table and in memory; ``False`` when somebody was faster."""
    old = MoveState(move.state)
    state = str(advance(MOVE_TRANSITIONS, state=old, event=event))
    if not claim(Move.objects.filter(pk=move.pk, state=old), state=state, **new):
        return False
    move.state = state
    for name, value in new.items():
        setattr(move, name, value)
    return True


def supersede_open_plans(*, now: datetime) -> None:
    """A new night: what nobody approved is dropped, what nobody set aside stays where it is."""
    for state in (MoveState.PROPOSED, MoveState.APPROVED):
        Move.objects.filter(state=state).update(
            state=advance(MOVE_TRANSITIONS, state=state, event=MoveEvent.DROPPED)
        )
    Plan.objects.filter(state=PlanState.PROPOSED).update(
        state=advance(PLAN_TRANSITIONS, state=PlanState.PROPOSED, event=PlanEvent.SUPERSEDED),
        decided_at=now,
    )
    finish_plans()


def finish_plans() -> int:
    """Close approved plans without an open move; says how many. Safe to repeat."""
    open_moves = Move.objects.filter(state__in=OPEN_MOVE_STATES)
    finished = Plan.objects.filter(state=PlanState.APPROVED).exclude(
        pk__in=open_moves.values("plan_id")
    )
    done = advance(PLAN_TRANSITIONS, state=PlanState.APPROVED, event=PlanEvent.FINISHED)
    return finished.update(state=done)
