"""The reader says a copy was returned (LO-1), or is lost (LO-3)."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from circulation.actions.loan_troubles import claim_returned, report_lost
from circulation.models import Loan, Patron
from library_net.errors import LibraryError
from library_net.portal.doors import for_readers, intent_of
from library_net.portal.words import explain


@require_POST
@for_readers
def claim(request: HttpRequest, patron: Patron, loan_id: int) -> HttpResponse:
    """Once a loan; the page says what happens next."""
    if not Loan.objects.filter(pk=loan_id, patron=patron).exists():
        raise Http404
    operation = str(request.POST.get("operation", ""))
    try:
        claim_returned(
            intent=intent_of(patron, operation=operation), loan_id=loan_id, now=timezone.now()
        )
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("Noted. The library looks for it; no fee runs meanwhile."))
    return redirect("portal:loans")


@require_POST
@for_readers
def lost(request: HttpRequest, patron: Patron, loan_id: int) -> HttpResponse:
    """The loan ends and its owner's tariff says what the copy costs; only when it was confirmed."""
    if not Loan.objects.filter(pk=loan_id, patron=patron).exists():
        raise Http404
    if not request.POST.get("sure"):
        messages.error(request, _("Please confirm that the copy is lost."))
        return redirect("portal:loans")
    operation = str(request.POST.get("operation", ""))
    try:
        done = report_lost(
            intent=intent_of(patron, operation=operation), loan_id=loan_id, now=timezone.now()
        )
    except LibraryError as error:
        messages.error(request, explain(error))
        return redirect("portal:loans")
    costs = Decimal(done["compensation"]) + Decimal(done["processing"]) + Decimal(done["fee"])
    told = _("Noted as lost. ¥%(amount)s is owed; the page about fees says where to pay.")
    messages.success(request, told % {"amount": f"{costs:.2f}"})
    return redirect("portal:money")
