"""Tonight's plan: read the evening, forecast, solve, verify, and propose moves with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from circulation.actions._plan_life import supersede_open_plans
from circulation.domain.rebalancing.prepare import prepare
from circulation.domain.rebalancing.problem import Plan as Proposal
from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import ItemRow, MoveRow, Night
from circulation.domain.rebalancing.solve import solve
from circulation.domain.rebalancing.verify import Verdict, verify
from circulation.domain.states import MoveState, PlanState
from circulation.models import Move, Plan
from circulation.readers.night import read_night
from library_net.accounts.scope import Scope
from library_net.db import LANE_PLAN, one_at_a_time
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun

ITERATIONS: Final = 200
SOLVER_SECONDS: Final = 45.0  # under a job's lease; reaching it is flagged on the plan
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What was worked out outside any transaction, ready to be written."""

    proposal: Proposal
    verdict: Verdict
    objective: float
    bound: float

    @property
    def flags(self) -> list[str]:
        broken = sorted({f"violates_{one.code}" for one in self.verdict.violations})
        return [*self.proposal.flags, *broken]


def plan_rebalancing(
    *,
    on: date,
    now: datetime,
    seed: int | None = None,
    terms: Terms | None = None,
    job: JobRun | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Plan:
    """Propose the moves of the night of `on`; open proposals of earlier plans are superseded.

    `seed` defaults to the date, so a night planned twice from the same rows gives the same plan.
    Reading and solving happen outside a transaction: nothing is locked while HiGHS works, and a
    copy that changes meanwhile is dropped at approval. A plan the verifier rejects is kept for
    people to look at and cannot be approved (RB-8).
    """
    terms = terms or Terms()
    seed = on.toordinal() if seed is None else seed
    night = read_night(on=on, terms=terms)
    progress(1, 3)
    planned = _work_out(night, [], seed=seed)
    progress(2, 3)
    with one_at_a_time(LANE_PLAN):
        supersede_open_plans(now=now)
        plan = Plan.objects.create(
            date=on,
            job=job,
            seed=seed,
            parameters={"terms": asdict(terms), "iterations": ITERATIONS},
            as_of=now,
            created_at=now,
            **_figures(planned),
        )
        _propose(plan, planned.proposal)
    progress(3, 3)
    return plan


def replan(*, plan_id: int, scope: Scope, now: datetime) -> Plan:
    """Work the plan out anew around its vetoes and approvals (RB-9).

    Vetoed copies stay, and their titles do not travel the vetoed legs; approved moves are kept;
    what was only proposed is proposed afresh. Raises ``unknown_plan``, ``outside_your_agency``
    (the whole network's plan is the network administrator's to redo), ``plan_not_open``, and
    ``plan_changed`` when somebody decided on a move while this was working.
    """
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise LibraryError("unknown_plan", plan=plan_id)
    if not scope.everywhere:
        raise LibraryError("outside_your_agency")
    seen = _standing_of(plan)
    night = read_night(on=plan.date, terms=_terms_of(plan.parameters))
    kept, night = _around_decisions(night, seen.values())
    planned = _work_out(night, kept, seed=plan.seed)
    with one_at_a_time(LANE_PLAN):
        fresh = Plan.objects.select_for_update().get(pk=plan.pk)
        if fresh.state != PlanState.PROPOSED:
            raise LibraryError("plan_not_open", plan=plan.pk, state=fresh.state)
        if _standing_of(fresh).keys() != seen.keys():
            raise LibraryError("plan_changed", plan=plan.pk)
        fresh.moves.filter(state=MoveState.PROPOSED).delete()
        for name, value in _figures(planned).items():
            setattr(fresh, name, value)
        fresh.as_of = now
        fresh.save()
        _propose(fresh, planned.proposal)
    return fresh


def _work_out(night: Night, kept: list[MoveRow], *, seed: int) -> _Planned:
    """Solve on top of the kept moves; verify all of them together on the rows as they are."""
    proposal = solve(
        problem=prepare(night=_with_kept(night, kept)),
        seed=seed,
        iterations=ITERATIONS,
        time_limit_s=SOLVER_SECONDS,
    )
    base = verify(night=replace(night, blocked=frozenset()), moves=kept).objective if kept else 0.0
    fresh = [MoveRow(move.item, move.origin, move.destination) for move in proposal.moves]
    objective, bound = base + proposal.objective, base + proposal.bound
    verdict = verify(night=night, moves=[*kept, *fresh], objective=objective, bound=bound)
    return _Planned(proposal=proposal, verdict=verdict, objective=objective, bound=bound)


def _figures(planned: _Planned) -> dict[str, Any]:
    bound = planned.bound
    return {
        "objective": planned.objective,
        "bound": bound,
        "gap": max(0.0, bound - planned.objective) / bound if bound > 0 else 0.0,
        "is_verified": planned.verdict.ok,
        "verified_objective": planned.verdict.objective,
        "flags": planned.flags,
    }


def _propose(plan: Plan, proposal: Proposal) -> None:
    Move.objects.bulk_create(
        Move(
            plan=plan,
            item_id=move.item,
            origin_id=move.origin,
            destination_id=move.destination,
            gain=move.reason.gain - move.reason.loss,
            cost=move.reason.cost,
            why=asdict(move.reason),
        )
        for move in proposal.moves
    )


def _terms_of(parameters: Mapping[str, Any]) -> Terms:
    """The terms a plan was made by, from its row."""
    default = Terms()
    stored = dict(parameters["terms"])
    smoothing = replace(default.smoothing, **stored.pop("smoothing"))
    return replace(default, **stored, smoothing=smoothing)


def _standing_of(plan: Plan) -> dict[tuple[int, str], Move]:
    """Decided moves by copy and state: what a re-plan goes around."""
    decided = plan.moves.filter(state__in=(MoveState.VETOED, MoveState.APPROVED))
    return {(move.item_id, move.state): move for move in decided.order_by("pk")}


def _around_decisions(night: Night, decided: Iterable[Move]) -> tuple[list[MoveRow], Night]:
    """The approved moves that still can be made, and the night with the vetoes in it."""
    items = {row.item: row for row in night.items}
    vetoed, kept, blocked = set(), [], set()
    for move in decided:
        row = items.get(move.item_id)
        if row is None:
            continue
        if move.state == MoveState.VETOED:
            vetoed.add(move.item_id)
            blocked.add((row.title, move.origin_id, move.destination_id))
        else:
            kept.append(MoveRow(move.item_id, move.origin_id, move.destination_id))
    blocked -= {(items[move.item].title, move.origin, move.destination) for move in kept}
    return kept, replace(
        night,
        items=[row._replace(is_pinned=True) if row.item in vetoed else row for row in night.items],
        blocked=frozenset(blocked),
    )


def _with_kept(night: Night, kept: list[MoveRow]) -> Night:
    """The night as it will be once the kept moves are made: their copies, room and legs taken."""
    if not kept:
        return night
    going = {move.item: move for move in kept}
    items = {row.item: row for row in night.items}
    agency = {row.branch: row.agency for row in night.branches}
    out = [move.origin for move in kept]
    into = [move.destination for move in kept]
    legs = [(move.origin, move.destination) for move in kept]
    leaving = [
        items[move.item].owner
        for move in kept
        if agency[move.origin] == items[move.item].owner != agency[move.destination]
    ]
    return replace(
        night,
        items=[_gone(row, going) for row in night.items],
        branches=[
            row._replace(
                outbound_cap=max(0, row.outbound_cap - out.count(row.branch)),
                inbound_cap=max(0, row.inbound_cap - into.count(row.branch)),
            )
            for row in night.branches
        ],
        routes=[
            row._replace(booked=row.booked + legs.count((row.origin, row.destination)))
            for row in night.routes
        ],
        owners=[
            row
            if row.outgoing_cap is None
            else row._replace(outgoing_cap=max(0, row.outgoing_cap - leaving.count(row.owner)))
            for row in night.owners
        ],
        blocked=night.blocked | _one_way(night, kept, items),
    )


def _gone(row: ItemRow, going: Mapping[int, MoveRow]) -> ItemRow:
    move = going.get(row.item)
    return row if move is None else row._replace(bound_for=move.destination)


def _one_way(
    night: Night, kept: list[MoveRow], items: Mapping[int, ItemRow]
) -> set[tuple[int, int, int]]:
    """RB-7 across kept and new moves: a sender takes in none of the title, a taker sends none."""
    everywhere = [row.branch for row in night.branches]
    titles = [(items[move.item].title, move) for move in kept]
    sends = {(title, move.destination, end) for title, move in titles for end in everywhere}
    return sends | {(title, start, move.origin) for title, move in titles for start in everywhere}
