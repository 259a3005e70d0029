"""Tonight's plan: made by the nightly job, checked, reviewed by a librarian, carried out."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from circulation.domain.calendar import local_date
from circulation.domain.rebalancing.problem import Terms
from circulation.domain.rebalancing.rows import MoveRow
from circulation.domain.rebalancing.verify import Verdict, verify
from circulation.domain.states import MoveState, TransitReason, TransitState
from circulation.models import Move, Plan, Transit
from circulation.readers.night import read_night
from library_net.demo.doors import Person, wait_until
from library_net.demo.stage import Stage
from library_net.demo.steps.story import Story
from library_net.jobs.models import JobRun, JobState

CARRIED = 12  # moves the demo carries through to the shelf; the rest wait for the vans
MIN_MOVES = 2  # one to veto, one to carry out
MONDAY = 0  # when the main buildings rest


def rebalance(stage: Stage, story: Story, *, password: str, is_sample: bool) -> None:
    """Plan, verify, veto one, approve the rest, dispatch and receive.

    In a folder of few records it may be that no move pays; then there is nothing to review.
    """
    plan = _plan(stage, must_move=is_sample)
    if plan is None or plan.moves.count() < MIN_MOVES:
        return
    _review(stage, story, plan, password=password)
    _carry_out(stage, story, plan)


def _planned_night() -> date:
    """Tonight; on a Monday, when the main buildings rest, the next one."""
    today = local_date(timezone.now())
    return today + timedelta(days=1) if today.weekday() == MONDAY else today


def _plan(stage: Stage, *, must_move: bool) -> Plan | None:
    with stage.step("plan", _("The nightly job plans which copies should move")) as step:
        night = _planned_night()
        job = JobRun.start(
            task="circulation.plan_rebalancing",
            now=timezone.now(),
            subject=f"{night}",
            on=night.isoformat(),
        )

        def finished() -> JobRun | None:
            job.refresh_from_db()
            return job if job.state in (JobState.DONE, JobState.FAILED) else None

        stage.promise(wait_until(finished) is not None, "the plan was not made in time")
        plan = Plan.objects.filter(job=job).first()
        if plan is None:
            stage.promise(False, f"no plan: {job.message}")
            return None
        verdict = _recompute(plan)
        moves = plan.moves.count()
        stage.promise(moves >= MIN_MOVES or not must_move, f"the plan has {moves} moves")
        stage.promise(plan.is_verified, "the verifier did not confirm the plan")
        stage.promise(verdict.ok, f"recomputed from raw rows: {verdict.violations}")
        stage.promise(
            abs(verdict.objective - plan.objective) <= 1e-6 * max(1.0, abs(plan.objective)),
            "the objective recomputed from raw rows differs",
        )
        step.facts.update(
            moves=moves,
            objective=round(plan.objective, 2),
            recomputed=round(verdict.objective, 2),
            bound=round(plan.bound, 2),
            gap=plan.gap,
        )
        stage.say(
            _(
                "%(moves)d moves worth ¥%(objective).2f; the verifier finds ¥%(recomputed).2f from "
                "raw rows, at most ¥%(bound).2f is possible."
            ),
            **step.facts,
        )
        _show(stage, plan)
        return plan


def _recompute(plan: Plan) -> Verdict:
    """The plan's worth once more, from rows read anew, by the code that did not make it."""
    night = read_night(on=plan.date, terms=Terms())
    moves = [
        MoveRow(item, origin, destination)
        for item, origin, destination in plan.moves.values_list(
            "item_id", "origin_id", "destination_id"
        )
    ]
    return verify(night=night, moves=moves, objective=plan.objective, bound=plan.bound)


def _show(stage: Stage, plan: Plan) -> None:
    best = plan.moves.select_related(
        "item__source_record__manifestation", "origin", "destination"
    ).order_by("-gain")[:5]
    rows = [
        (
            str(move.item.source_record.manifestation or ""),
            move.origin.name_zh,
            move.destination.name_zh,
            f"{move.why.get('demand_here', 0):.1f} / {move.why.get('stock_here', 0)}",
            f"{move.why.get('demand_there', 0):.1f} / {move.why.get('stock_there', 0)}",
        )
        for move in best
    ]
    columns = (_("title"), _("from"), _("to"), _("readers/copies here"), _("readers/copies there"))
    stage.table(columns, rows)


def _review(stage: Stage, story: Story, plan: Plan, *, password: str) -> None:
    with stage.step("review", _("A librarian reviews the plan in the admin")) as step:
        staff = Person(url=story.url)
        staff.sign_in_staff(username="network", password=password)
        page = f"/desk/plans/{plan.pk}/"
        vetoed = plan.moves.order_by("gain").first()
        assert vetoed is not None
        staff.submit(f"/desk/moves/{vetoed.pk}/veto/", form=page, other="本馆周末活动要用")
        staff.submit(f"/desk/plans/{plan.pk}/approve/", form=page)
        states = {
            state: plan.moves.filter(state=state).count()
            for state in plan.moves.values_list("state", flat=True).distinct()
        }
        vetoed.refresh_from_db()
        stage.promise(vetoed.state == MoveState.VETOED, f"the vetoed move is {vetoed.state}")
        stage.promise(states.get(MoveState.IN_TRANSIT, 0) > 0, f"nothing was set aside: {states}")
        step.facts["states"] = states
        _set_aside(story, plan)
        stage.say(
            _("One move vetoed (“%(reason)s”), %(n)d set aside for the vans."),
            reason=vetoed.veto_reason,
            n=states.get(MoveState.IN_TRANSIT, 0),
        )


def _set_aside(story: Story, plan: Plan) -> None:
    """Staff put the picked copies into crates where they stood."""
    picked = plan.moves.filter(state=MoveState.IN_TRANSIT)
    rows = picked.values_list("item_id", "origin_id")
    story.world.put([(item, "outgoing crate", origin) for item, origin in rows])


def _carry_out(stage: Stage, story: Story, plan: Plan) -> None:
    with stage.step("vans", _("Vans take them where they are wanted")) as step:
        moves = list(
            Move.objects.filter(plan=plan, state=MoveState.IN_TRANSIT)
            .select_related("transit", "origin__agency", "destination__agency")
            .order_by("-gain")[:CARRIED]
        )
        for move in moves:
            _carry(story, move)
        done = plan.moves.filter(state=MoveState.DONE).count()
        stage.promise(done == len(moves), "a copy did not reach its shelf")
        waiting = Transit.objects.filter(
            reason=TransitReason.REBALANCE, state=TransitState.PENDING
        ).count()
        step.facts.update(received=done, waiting=waiting)
        stage.say(
            _("%(received)d copies dispatched, received and shelved; %(waiting)d await a van."),
            **step.facts,
        )


def _carry(story: Story, move: Move) -> None:
    """One copy through the vans, to whatever its new branch has for it."""
    assert move.transit is not None
    number = move.transit.pk
    story.member(move.origin.agency.code).act(f"transits/{number}/dispatch/")
    story.world.put([(move.item_id, "van", move.origin_id)])
    answer = story.member(move.destination.agency.code).act(f"transits/{number}/receive/")
    kind = str(answer["next"]["kind"])
    story.world.put([(move.item_id, _WHERE_IT_LIES[kind], move.destination_id)])


# A reader may have been waiting: then it is held, or goes on to where they collect it.
_WHERE_IT_LIES = {"shelf": "shelf", "hold_shelf": "hold shelf", "transit": "outgoing crate"}
