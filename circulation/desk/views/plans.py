"""Tonight's rebalancing plan: why each move, approve or veto, then on to the vans."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.review_plan import approve_move, approve_plan, veto_move
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.models import Move, Plan
from circulation.readers.plans import plan_for_review
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError


@staff_page
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    plans = Plan.objects.order_by("-pk")[:30]
    context = {**admin.site.each_context(request), "title": _("Rebalancing plans"), "plans": plans}
    return render(request, "desk/plans.html", context)


@staff_page
@require_GET
def plan_page(request: HttpRequest, plan_id: int) -> HttpResponse:
    plan = get_object_or_404(Plan.objects.select_related("decided_by"), pk=plan_id)
    context = {
        **admin.site.each_context(request),
        "title": _("Plan for the night of %(date)s") % {"date": plan.date},
        "review": plan_for_review(plan, scope=scope_of(request.user)),
        "plan": plan,
        "operation_id": new_operation_id(),
        "veto_reasons": [
            _("Needed here for an event"),
            _("In poor condition"),
            _("Part of a set that stays together"),
            _("Readers here ask for it"),
        ],
    }
    return render(request, "desk/plan.html", context)


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
