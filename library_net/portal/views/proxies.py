"""Who may collect for me: named with days, revoked at once."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from circulation.actions.proxies import name_proxy, revoke_proxy
from circulation.models import Patron, Proxy
from circulation.readers.proxies import proxies_of
from library_net.errors import LibraryError
from library_net.portal.doors import for_readers, intent_of, new_operation
from library_net.portal.words import explain

USUAL_DAYS = 30


@require_http_methods(["GET", "POST"])
@for_readers
def proxies(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 1. POST names one."""
    today = timezone.localdate()
    if request.method == "POST":
        _name(request, patron, today=today)
        return redirect("portal:proxies")
    context = {
        "proxies": proxies_of(patron_id=patron.pk, today=today),
        "today": today,
        "until": today + timedelta(days=USUAL_DAYS),
        "operation": new_operation(),
    }
    return render(request, "portal/proxies.html", context)


@require_POST
@for_readers
def revoke(request: HttpRequest, patron: Patron, proxy_id: int) -> HttpResponse:
    if not Proxy.objects.filter(pk=proxy_id, patron=patron).exists():
        raise Http404
    operation = str(request.POST.get("operation", ""))
    try:
        revoke_proxy(
            intent=intent_of(patron, operation=operation), proxy_id=proxy_id, now=timezone.now()
        )
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("Revoked. From now on they collect nothing for you."))
    return redirect("portal:proxies")


def _name(request: HttpRequest, patron: Patron, *, today: date) -> None:
    try:
        until = date.fromisoformat(str(request.POST.get("until", "")))
    except ValueError:
        messages.error(request, _("Please choose the day from the calendar."))
        return
    operation = str(request.POST.get("operation", ""))
    try:
        name_proxy(
            intent=intent_of(patron, operation=operation),
            patron_id=patron.pk,
            proxy_number=str(request.POST.get("number", ""))[:24],
            valid_from=today,
            valid_until=until,
            now=timezone.now(),
        )
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("Named. At the desk their own card is enough."))
