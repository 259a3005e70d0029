"""Tonight's rebalancing plan: why each move, approve or veto, then on to the vans."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.plan_rebalancing import replan
from circulation.actions.review_plan import approve_move, approve_plan, veto_move
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.domain.states import MoveState
from circulation.models import Move
from circulation.models.rebalancing import MOVE_STATES
from circulation.readers.plans import Leg, MoveLine, PlanReview, plan_for_review, recent_plans
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError


@staff_page
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Rebalancing plans"),
        "plans": recent_plans(),
    }
    return render(request, "desk/plans.html", context)


@staff_page
@require_GET
def plan_page(request: HttpRequest, plan_id: int) -> HttpResponse:
    try:
        review = plan_for_review(plan_id=plan_id, scope=scope_of(request.user))
    except LibraryError as error:
        raise Http404 from error
    context = {
        **admin.site.each_context(request),
        "title": _("Plan for the night of %(date)s") % {"date": review.plan.date},
        "review": review,
        "plan": review.plan,
        "legs": _by_leg(review),
        "operation_id": new_operation_id(),
        "veto_reasons": [
            _("Needed here for an event"),
            _("In poor condition"),
            _("Part of a set that stays together"),
            _("Readers here ask for it"),
        ],
    }
    return render(request, "desk/plan.html", context)


def _by_leg(review: PlanReview) -> list[tuple[Leg | None, list[tuple[MoveLine, Any]]]]:
    """The moves under their van leg, fullest van first; legs only of vetoed moves come last."""
    names = dict(MOVE_STATES)
    legs = {(leg.origin.pk, leg.destination.pk): leg for leg in review.legs}
    lines: dict[tuple[int, int], list[tuple[MoveLine, Any]]] = {pair: [] for pair in legs}
    for move in review.moves:
        pair = (move.origin.pk, move.destination.pk)
        lines.setdefault(pair, []).append((move, names[MoveState(move.state)]))
    return [(legs.get(pair), moves) for pair, moves in lines.items()]


@staff_page
@require_POST
def decide_move(request: HttpRequest, move_id: int, verb: str) -> HttpResponse:
    move = get_object_or_404(Move, pk=move_id)
    scope, user_id, now = scope_of(request.user), request.user.pk, timezone.now()
    try:
        if verb == "approve":
            approve_move(move_id=move_id, scope=scope, user_id=user_id, now=now)
        elif verb == "veto":
            reason = request.POST.get("other", "").strip() or request.POST.get("reason", "")
            veto_move(move_id=move_id, reason=reason, scope=scope, user_id=user_id, now=now)
        else:
            raise Http404
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    return redirect(reverse("desk:plan", args=[move.plan_id]) + f"#move-{move_id}")


@staff_page
@require_POST
def approve(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Everything of mine that was not vetoed is set aside for the vans."""
    try:
        answer = approve_plan(
            plan_id=plan_id,
            intent=intent_of(request),
            user_id=request.user.pk,
            now=timezone.now(),
        )
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
        return redirect("desk:plan", plan_id)
    count, dropped = len(answer["set_aside"]), len(answer["dropped"])
    text = ngettext(
        "%(n)d copy set aside for the vans.", "%(n)d copies set aside for the vans.", count
    )
    messages.success(request, text % {"n": count})
    if dropped:
        text = ngettext(
            "%(n)d copy was lent or moved meanwhile: its move is dropped.",
            "%(n)d copies were lent or moved meanwhile: their moves are dropped.",
            dropped,
        )
        messages.info(request, text % {"n": dropped})
    return redirect("desk:plan", plan_id)


@staff_page
@require_POST
def plan_again(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Work the plan out anew around what was vetoed."""
    try:
        replan(plan_id=plan_id, scope=scope_of(request.user), now=timezone.now())
        messages.success(request, _("The plan was worked out anew around the vetoes."))
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    return redirect("desk:plan", plan_id)
