"""My loans: days left, and renewing one or all with the reasons when refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.renew import renew as renew_loan
from circulation.models import Loan, Patron
from circulation.readers.lists import balance
from library_net.errors import LibraryError
from library_net.portal.doors import for_readers, intent_of, new_operation
from library_net.portal.mine import Outcome, loans_of
from library_net.portal.words import explain

OUTCOMES = "portal.renewals"  # kept in the session between the form and the page after it


@require_GET
@for_readers
def loans(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 3, whatever the number of loans."""
    told = {
        int(loan_id): Outcome(tone=tone, text=text)
        for loan_id, (tone, text) in request.session.pop(OUTCOMES, {}).items()
    }
    shown = loans_of(patron, now=timezone.now(), outcomes=told)
    owed = balance(patron_id=patron.pk)
    return render(
        request,
        "portal/loans.html",
        {
            "loans": shown,
            "can_renew_all": len(shown) > 1,
            "operation": new_operation(),
            "owed": _owed_text(owed) if owed > 0 else "",
        },
    )


@require_POST
@for_readers
def renew(request: HttpRequest, patron: Patron, loan_id: int) -> HttpResponse:
    """One loan; htmx gets the loan's card back, a plain form goes back to the page."""
    if not Loan.objects.filter(pk=loan_id, patron=patron).exists():
        raise Http404
    operation = str(request.POST.get("operation", ""))
    outcome = _try(patron, loan_id=loan_id, operation=operation, now=timezone.now())
    if "HX-Request" in request.headers:
        told = {loan_id: outcome}
        for loan in loans_of(patron, now=timezone.now(), outcomes=told):
            if loan.id == loan_id:
                return render(request, "portal/_loan.html", {"loan": loan})
    _tell(request, {loan_id: outcome})
    return redirect("portal:loans")


@require_POST
@for_readers
def renew_all(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Every open loan by itself: what cannot be renewed does not hold up the rest."""
    operation = str(request.POST.get("operation", "")) or new_operation()
    now = timezone.now()
    told = {
        loan.id: _try(patron, loan_id=loan.id, operation=f"{operation}.{loan.id}", now=now)
        for loan in loans_of(patron, now=now)
    }
    _tell(request, told)
    return redirect("portal:loans")


def _try(patron: Patron, *, loan_id: int, operation: str, now: datetime) -> Outcome:
    try:
        answer = renew_loan(intent=intent_of(patron, operation=operation), loan_id=loan_id, now=now)
    except LibraryError as error:
        return Outcome(tone="error", text=explain(error))
    day = date.fromisoformat(answer["due_date"])
    words = _("Renewed. Now due on %(day)s.") % {"day": formats.date_format(day, "DATE_FORMAT")}
    return Outcome(tone="success", text=words)


def _tell(request: HttpRequest, told: dict[int, Outcome]) -> None:
    kept: dict[str, Any] = {str(pk): (done.tone, done.text) for pk, done in told.items()}
    request.session[OUTCOMES] = kept


def _owed_text(owed: object) -> str:
    return _("You owe %(amount)s yuan.") % {"amount": owed}
