"""A plan from the database: made, checked, reviewed, set aside, driven and received."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from catalog.domain.items import ItemStatus
from catalog.models import Item, SourceRecord
from circulation.actions._plan_life import finish_plans
from circulation.actions.checkout import checkout
from circulation.actions.dispatch_transit import dispatch_transit
from circulation.actions.operations import Intent
from circulation.actions.plan_rebalancing import plan_rebalancing, replan
from circulation.actions.receive_transit import receive_transit
from circulation.actions.review_plan import approve_move, approve_plan, veto_move
from circulation.domain.states import MoveState, PlanState, TransitReason, TransitState
from circulation.models import ItemEvent, Loan, Move, Plan, Transit
from circulation.readers.plans import plan_for_review, recent_plans
from circulation.tasks import plan_night
from library_net.accounts.scope import Scope, scope_of
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun, JobState
from tests.world import NOW, World

pytestmark = pytest.mark.django_db

ADMIN = Scope(everywhere=True)
TONIGHT = NOW.date()


@pytest.fixture
def world() -> World:
    """Four idle copies in Jinjiang; Ziyang and Mianyang lend the title out and have none left."""
    world = World.build()
    for origin in ("JJ-MAIN", "ZY-MAIN", "MY-MAIN"):
        for destination in ("JJ-MAIN", "ZY-MAIN", "MY-MAIN"):
            if origin != destination:
                world.route(origin, destination)
    return world


@pytest.fixture
def book(world: World) -> SourceRecord:
    record = world.record("三体")
    for _ in range(4):
        world.item(record, at="JJ-MAIN")
    lend_out(world, record, at="ZY-MAIN", times=20)
    lend_out(world, record, at="MY-MAIN", times=12)
    return record


def lend_out(world: World, record: SourceRecord, *, at: str, times: int) -> None:
    """Closed loans of one copy that is lost by now, so only its readers remain."""
    branch = world.branches[at]
    copy = world.item(record, at=at, status=ItemStatus.LOST)
    for number in range(times):
        lent = NOW - timedelta(days=1 + 3 * number)
        Loan.objects.create(
            item=copy,
            owning_agency=branch.agency,
            checkout_branch=branch,
            checkout_agency=branch.agency,
            checked_out_at=lent,
            due_at=lent + timedelta(days=30),
            closed_at=lent + timedelta(days=2),
        )


def planned() -> Plan:
    return plan_rebalancing(on=TONIGHT, now=NOW)


def intent(key: str = "one", scope: Scope = ADMIN) -> Intent:
    return Intent(caller="user:1", operation_id=key, scope=scope)


def decided(plan: Plan, state: MoveState) -> list[Move]:
    return list(plan.moves.filter(state=state).order_by("pk"))


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(LibraryError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_plan_is_verified_from_raw_rows_and_each_move_says_why(world, book):
    """RB-8: objective, verifier and the moves' own sums agree; the bound certifies it."""
    plan = planned()

    assert plan.state == PlanState.PROPOSED
    assert plan.is_verified
    assert plan.verified_objective == pytest.approx(plan.objective)
    assert plan.objective > 0
    assert plan.gap == 0
    moves = decided(plan, MoveState.PROPOSED)
    assert {move.origin.code for move in moves} == {"JJ-MAIN"}
    assert {move.destination.code for move in moves} == {"ZY-MAIN", "MY-MAIN"}
    assert sum(move.gain - move.cost for move in moves) == pytest.approx(plan.objective)
    first = moves[0]
    assert first.why["demand_there"] > first.why["demand_here"]
    assert first.why["km"] == 20


def test_same_rows_give_the_same_plan(world, book):
    first = list(planned().moves.order_by("pk").values_list("item", "origin", "destination"))
    again = list(planned().moves.order_by("pk").values_list("item", "origin", "destination"))

    assert first == again


def test_a_new_plan_supersedes_what_nobody_approved(world, book):
    """RB-9."""
    old, new = planned(), planned()

    old.refresh_from_db()
    assert old.state == PlanState.REJECTED
    assert {move.state for move in old.moves.all()} == {MoveState.DROPPED}
    assert new.state == PlanState.PROPOSED


def test_an_approved_plan_travels_and_is_done(world, book, django_capture_on_commit_callbacks):
    """RB-9: approve, dispatch, receive; the copy stays where the plan wanted it."""
    plan = planned()
    count = plan.moves.count()

    answer = approve_plan(plan_id=plan.pk, intent=intent(), user_id=None, now=NOW)

    assert len(answer["set_aside"]) == count
    assert answer["dropped"] == []
    transits = list(Transit.objects.order_by("pk"))
    assert {(t.reason, t.state) for t in transits} == {
        (TransitReason.REBALANCE, TransitState.PENDING)
    }
    assert set(Item.objects.filter(transits__isnull=False).values_list("status", flat=True)) == {
        ItemStatus.IN_TRANSIT
    }
    assert ItemEvent.objects.filter(kind="set_aside").count() == count
    for transit in transits:
        dispatch_transit(intent=intent(f"d{transit.pk}"), transit_id=transit.pk, now=NOW)
        receive_transit(intent=intent(f"r{transit.pk}"), transit_id=transit.pk, now=NOW)
    finish_plans()

    plan.refresh_from_db()
    assert plan.state == PlanState.DONE
    assert {move.state for move in plan.moves.all()} == {MoveState.DONE}
    for move in plan.moves.select_related("item"):
        assert move.item.status == ItemStatus.AVAILABLE
        assert move.item.current_branch_id == move.destination_id


def test_approving_twice_under_one_operation_acts_once(world, book):
    plan = planned()

    answers = [
        approve_plan(plan_id=plan.pk, intent=intent("same"), user_id=None, now=NOW)
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert Transit.objects.count() == len(answers[0]["set_aside"])


def test_a_vetoed_move_does_not_travel(world, book):
    """RB-9."""
    plan = planned()
    vetoed = decided(plan, MoveState.PROPOSED)[0]

    veto_move(move_id=vetoed.pk, reason="读者活动要用", scope=ADMIN, user_id=None, now=NOW)
    answer = approve_plan(plan_id=plan.pk, intent=intent(), user_id=None, now=NOW)

    vetoed.refresh_from_db()
    assert vetoed.state == MoveState.VETOED
    assert vetoed.veto_reason == "读者活动要用"
    assert vetoed.pk not in answer["set_aside"] + answer["dropped"]
    assert not Transit.objects.filter(item=vetoed.item).exists()


def test_a_veto_needs_a_reason_and_can_be_taken_back(world, book):
    """RB-9."""
    move = decided(planned(), MoveState.PROPOSED)[0]
    who = {"move_id": move.pk, "scope": ADMIN, "user_id": None, "now": NOW}

    assert refusal(veto_move, reason="  ", **who) == "veto_needs_reason"
    veto_move(reason="破损", **who)
    assert approve_move(**who).state == MoveState.APPROVED
    assert refusal(approve_move, **who) == "move_not_open"


def test_replan_goes_around_vetoes_and_keeps_approvals(world, book):
    """RB-9: the vetoed title does not travel that leg, the approved move stays, all is verified."""
    plan = planned()
    to_ziyang = plan.moves.filter(destination__code="ZY-MAIN").order_by("pk").first()
    to_mianyang = plan.moves.filter(destination__code="MY-MAIN").order_by("pk").first()
    before = plan.objective
    veto_move(move_id=to_ziyang.pk, reason="破损", scope=ADMIN, user_id=None, now=NOW)
    approve_move(move_id=to_mianyang.pk, scope=ADMIN, user_id=None, now=NOW)

    fresh = replan(plan_id=plan.pk, scope=ADMIN, now=NOW)

    assert fresh.pk == plan.pk
    assert fresh.is_verified, fresh.flags
    assert 0 < fresh.objective < before
    assert fresh.verified_objective == pytest.approx(fresh.objective)
    to_mianyang.refresh_from_db()
    assert to_mianyang.state == MoveState.APPROVED
    proposed = decided(fresh, MoveState.PROPOSED)
    assert {move.destination.code for move in proposed} <= {"MY-MAIN"}
    assert to_ziyang.item_id not in {move.item_id for move in proposed}
    assert to_mianyang.item_id not in {move.item_id for move in proposed}


def test_only_the_network_administrator_replans(world, book):
    librarian = scope_of(world.librarian("JJ"))

    assert refusal(replan, plan_id=planned().pk, scope=librarian, now=NOW) == "outside_your_agency"


def test_librarians_decide_about_what_leaves_their_own_branches(world, book):
    """RB-9."""
    plan = planned()
    move = decided(plan, MoveState.PROPOSED)[0]
    home, foreign = scope_of(world.librarian("JJ")), scope_of(world.librarian("ZY"))
    who = {"user_id": None, "now": NOW}

    assert (
        refusal(veto_move, move_id=move.pk, reason="不行", scope=foreign, **who)
        == refusal(approve_plan, plan_id=plan.pk, intent=intent("zy", foreign), **who)
        == "outside_your_agency"
    )
    assert veto_move(move_id=move.pk, reason="不行", scope=home, **who).state == MoveState.VETOED
    answer = approve_plan(plan_id=plan.pk, intent=intent("jj", home), **who)
    assert len(answer["set_aside"]) == plan.moves.count() - 1


def test_another_institutions_moves_stay_proposed(world, book):
    """RB-9: Ziyang's copy of another title waits for Ziyang's librarian."""
    other = world.record("围城", agency="ZY")
    world.item(other, at="ZY-MAIN", owner="ZY")
    world.item(other, at="ZY-MAIN", owner="ZY")
    lend_out(world, other, at="MY-MAIN", times=20)
    plan = planned()
    home = scope_of(world.librarian("JJ"))

    approve_plan(plan_id=plan.pk, intent=intent("jj", home), user_id=None, now=NOW)

    plan.refresh_from_db()
    assert plan.state == PlanState.APPROVED
    waiting = decided(plan, MoveState.PROPOSED)
    assert {move.origin.code for move in waiting} == {"ZY-MAIN"}
    answer = approve_plan(plan_id=plan.pk, intent=intent("all"), user_id=None, now=NOW)
    assert len(answer["set_aside"]) == len(waiting)


def test_only_approved_leaves_the_undecided_alone(world, book):
    plan = planned()
    yes = decided(plan, MoveState.PROPOSED)[0]
    approve_move(move_id=yes.pk, scope=ADMIN, user_id=None, now=NOW)

    answer = approve_plan(
        plan_id=plan.pk, intent=intent(), user_id=None, now=NOW, only_approved=True
    )

    assert answer["set_aside"] == [yes.pk]
    assert decided(plan, MoveState.PROPOSED)


def test_a_copy_that_was_lent_meanwhile_drops_its_move(world, book):
    """RB-4, RB-9: circulation wins; the rest of the plan goes on."""
    plan = planned()
    lent = decided(plan, MoveState.PROPOSED)[0]
    checkout(
        intent=intent("lend"),
        branch_id=world.branches["JJ-MAIN"].pk,
        patron_id=world.patrons["雪"].pk,
        barcode=lent.item.barcode,
        now=NOW,
    )

    answer = approve_plan(plan_id=plan.pk, intent=intent(), user_id=None, now=NOW)

    assert answer["dropped"] == [lent.pk]
    assert len(answer["set_aside"]) == plan.moves.count() - 1
    lent.refresh_from_db()
    assert lent.state == MoveState.DROPPED


def test_a_newcomer_sends_nothing_away(world, book):
    """RB-6: the cap is inherited from the parent institution where it has none of its own."""
    center = world.agencies["CD"]
    center.max_nightly_outgoing = 0
    center.save()

    assert planned().moves.count() == 0

    world.agencies["JJ"].max_nightly_outgoing = 1
    world.agencies["JJ"].save()
    assert planned().moves.count() == 1


@pytest.mark.parametrize("which", ["JJ", "ZY"])
def test_suspended_members_take_no_part(world, book, which):
    """RB-4, RB-5."""
    world.agencies[which].is_suspended = True
    world.agencies[which].save()

    moves = planned().moves.all()

    assert all(which not in (m.origin.agency.code, m.destination.agency.code) for m in moves)


def test_closed_branches_and_vans_that_do_not_run_take_no_part(world, book):
    """RB-5."""
    world.branches["ZY-MAIN"].closed_days.create(date=TONIGHT)
    world.branches["MY-MAIN"].routes_in.update(weekdays="67")

    assert planned().moves.count() == 0


def test_copies_set_aside_take_room_on_their_leg(world, book):
    """RB-5: forty copies a crate; what already waits for the van is counted."""
    for route in (
        *world.branches["ZY-MAIN"].routes_in.all(),
        *world.branches["MY-MAIN"].routes_in.all(),
    ):
        route.capacity_crates = 1
        route.save()
    for number in range(39):
        Transit.objects.create(
            item=world.item(f"旧书{number}", at="JJ-MAIN", status=ItemStatus.IN_TRANSIT),
            origin=world.branches["JJ-MAIN"],
            destination=world.branches["ZY-MAIN"],
            reason=TransitReason.TO_HOME,
            created_at=NOW,
        )

    plan = planned()

    assert plan.is_verified
    assert plan.moves.filter(destination__code="ZY-MAIN").count() <= 1


def test_a_plan_the_verifier_rejects_cannot_be_approved(world, book):
    """RB-8."""
    plan = planned()
    plan.is_verified = False
    plan.save()
    move = decided(plan, MoveState.PROPOSED)[0]
    who = {"user_id": None, "now": NOW}

    assert (
        refusal(approve_plan, plan_id=plan.pk, intent=intent(), **who)
        == refusal(approve_move, move_id=move.pk, scope=ADMIN, **who)
        == "plan_not_verified"
    )


def test_unknown_plans_and_moves_are_named(world):
    who = {"user_id": None, "now": NOW}

    assert refusal(approve_plan, plan_id=9, intent=intent(), **who) == "unknown_plan"
    assert refusal(approve_move, move_id=9, scope=ADMIN, **who) == "unknown_move"
    assert refusal(replan, plan_id=9, scope=ADMIN, now=NOW) == "unknown_plan"
    assert refusal(plan_for_review, plan_id=None, scope=ADMIN) == "unknown_plan"


def test_reviewing_shows_moves_legs_and_what_one_may_do(world, book, django_assert_num_queries):
    plan = planned()
    home, foreign = scope_of(world.librarian("JJ")), scope_of(world.librarian("ZY"))

    with django_assert_num_queries(4):
        review = plan_for_review(plan_id=None, scope=ADMIN)
        [line.origin.name for line in review.moves]

    assert review.plan.pk == plan.pk
    assert review.counts == {MoveState.PROPOSED: plan.moves.count()}
    assert review.gain - review.cost == pytest.approx(plan.objective)
    assert sum(leg.copies for leg in review.legs) == plan.moves.count()
    assert all(leg.capacity == 80 and leg.crates == 1 for leg in review.legs)
    assert review.may_approve
    assert review.may_replan
    assert plan_for_review(plan_id=plan.pk, scope=home).may_approve
    theirs = plan_for_review(plan_id=plan.pk, scope=foreign)
    assert {line.destination.code for line in theirs.moves} == {"ZY-MAIN"}
    assert not theirs.may_approve
    assert recent_plans()[0].move_count == plan.moves.count()


def test_the_nightly_task_records_a_job_and_makes_the_plan(
    world, book, django_capture_on_commit_callbacks
):
    assert plan_night() is None
    job = JobRun.objects.get()

    plan_id = plan_night(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert Plan.objects.get(pk=plan_id).job_id == job.pk
    assert plan_night(job_id=job.pk) is None
    assert Plan.objects.count() == 1


def test_the_command_prints_what_the_plan_brings(world, book):
    out, told = StringIO(), StringIO()

    call_command("plan_rebalancing", "--json", f"--date={TONIGHT}", stdout=out)
    call_command("plan_rebalancing", f"--date={TONIGHT}", stdout=told)

    figures = json.loads(out.getvalue())
    assert figures["is_verified"]
    assert figures["verified_objective"] == pytest.approx(figures["objective"])
    assert "confirmed" in told.getvalue()
