"""The open reader's money, and what institutions owe each other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.charge import lift_suspension
from circulation.actions.note_look import note_look
from circulation.actions.operations import Answer
from circulation.actions.record_payment import pay_out, pay_with_points, record_payment
from circulation.actions.settle_month import confirm_transfer, settle_month
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.desk.session import open_session
from circulation.domain.calendar import local_date
from circulation.models import Patron
from circulation.readers.money import account_of
from circulation.readers.settlements import open_months, settlement, settlements
from circulation.statement_csv import settlement_csv
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError


@staff_page
@never_cache
@require_GET
def money(request: HttpRequest) -> HttpResponse:
    """What the reader at this desk owes; without an open reader back to the scan field."""
    session, now = open_session(request), timezone.now()
    patron = (
        Patron.objects.select_related("category", "registered_at_agency")
        .filter(pk=session.patron_id or 0)
        .first()
    )
    if patron is None:
        return redirect("desk:scan")
    scope = scope_of(request.user)
    note_look(patron_id=patron.pk, actor_id=request.user.pk, scope=scope, purpose="money", now=now)
    is_ours = scope.covers(patron.registered_at_agency_id)
    account = account_of(patron, now=now)
    context = {
        **admin.site.each_context(request),
        "title": _("Fees and points"),
        "name": patron.name if is_ours else patron.masked_name,
        "patron": patron,
        "account": account,
        "debts": [(debt, scope.covers(debt.owner_id)) for debt in account.debts],
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/money.html", context)


@staff_page
@require_POST
def act_on_money(request: HttpRequest, verb: str) -> HttpResponse:
    """Pay, forgive, pay with points, pay out, lift a suspension: for the open reader."""
    session, now = open_session(request), timezone.now()
    if session.patron_id is None or session.branch_id is None:
        return redirect("desk:scan")
    patron_id, owner = session.patron_id, request.POST.get("owner", "")
    given: dict[str, Any] = {
        "intent": intent_of(request),
        "branch_id": session.branch_id,
        "patron_id": patron_id,
        "owner": owner,
        "now": now,
    }
    reason = request.POST.get("reason", "")
    verbs: dict[str, Callable[[], Answer]] = {
        "pay": lambda: record_payment(**given, amount=_amount(request)),
        "waive": lambda: record_payment(
            **given, amount=_amount(request), is_waiver=True, reason=reason
        ),
        "points": lambda: pay_with_points(**given),
        "payout": lambda: pay_out(**given),
        "lift": lambda: lift_suspension(
            intent=given["intent"], patron_id=patron_id, owner=owner, reason=reason, now=now
        ),
    }
    if verb not in verbs:
        raise Http404
    _try(request, verbs[verb], told=_told(verb))
    return redirect("desk:money")


@staff_page
@require_GET
def settlement_list(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request.user)
    today = local_date(timezone.now())
    context = {
        **admin.site.each_context(request),
        "title": _("Settlements"),
        "settlements": settlements(scope),
        "months": open_months(today=today) if scope.everywhere else (),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/settlements.html", context)


@staff_page
@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """Settle a month that is over; for network administrators."""
    text = request.POST.get("month", "")
    month = next((m for m in open_months(today=local_date(timezone.now())) if str(m) == text), None)
    if month is None:
        messages.error(request, sentence("bad_month", {}))
        return redirect("desk:settlements")

    def work() -> Answer:
        return settle_month(intent=intent_of(request), month=month, now=timezone.now())

    _try(request, work, told=_("The month is settled. Both sides see the same statement."))
    return redirect("desk:settlements")


@staff_page
@require_GET
def settlement_page(request: HttpRequest, settlement_id: int) -> HttpResponse:
    """The statement both sides see; ``?format=csv`` for a spreadsheet."""
    scope = scope_of(request.user)
    try:
        found = settlement(scope, settlement_id=settlement_id)
    except LibraryError as error:
        raise Http404 from error
    if request.GET.get("format") == "csv":
        name = f"{found.month}-{found.first.code}-{found.second.code}.csv"
        return HttpResponse(
            settlement_csv(found),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    context = {
        **admin.site.each_context(request),
        "title": _("Settlement %(month)s") % {"month": found.month},
        "settlement": found,
        "may_confirm": not found.is_paid and scope.covers(found.creditor.pk),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/settlement.html", context)


@staff_page
@require_POST
def settlement_paid(request: HttpRequest, settlement_id: int) -> HttpResponse:
    def work() -> Answer:
        return confirm_transfer(
            intent=intent_of(request), settlement_id=settlement_id, now=timezone.now()
        )

    _try(request, work, told=_("Marked as paid; both books are clear."))
    return redirect("desk:settlement", settlement_id)


def _try(request: HttpRequest, work: Callable[[], Answer], *, told: str) -> None:
    try:
        work()
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    else:
        messages.success(request, told)


def _told(verb: str) -> str:
    return {
        "pay": _("The payment is entered."),
        "waive": _("The debt is forgiven."),
        "points": _("Paid with points."),
        "payout": _("Paid out."),
        "lift": _("The suspension is lifted."),
    }[verb]


def _amount(request: HttpRequest) -> Decimal:
    """What was typed, full-width digits too; nonsense is an amount nobody owes."""
    try:
        amount = Decimal(request.POST.get("amount", "").strip().replace("¥", ""))
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() else Decimal(0)
