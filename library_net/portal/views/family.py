"""The children a guardian answers for, seen and acted for under the guardian's own log-in."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.link_guardian import end_guardianship
from circulation.models import Patron
from circulation.readers.guardians import guardians_of, may_act_for, wards_of
from library_net.errors import LibraryError
from library_net.portal.doors import ACTING_FOR, find_own, for_readers, intent_of, new_operation
from library_net.portal.words import explain


@require_GET
@for_readers
def family(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 4."""
    own, now = find_own(request) or patron, timezone.now()
    today = timezone.localdate(now)
    wards = wards_of(own.pk, today=today)
    counts = {
        row["pk"]: row
        for row in Patron.objects.filter(pk__in=[link.ward_id for link in wards])
        .annotate(
            on_loan=Count("loans", filter=Q(loans__closed_at=None)),
            late=Count("loans", filter=Q(loans__closed_at=None, loans__due_at__lt=now)),
        )
        .values("pk", "on_loan", "late")
    }
    context = {
        "wards": [{"link": link, **counts[link.ward_id]} for link in wards],
        "guardians": guardians_of(own.pk, today=today),
        "operation": new_operation(),
    }
    return render(request, "portal/family.html", context)


@require_POST
@for_readers
def act_for(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Choose a child, or come back to oneself."""
    own, wanted = find_own(request) or patron, str(request.POST.get("ward", ""))
    request.session.pop(ACTING_FOR, None)
    if wanted.isdecimal() and may_act_for(own.pk, ward_id=int(wanted), today=timezone.localdate()):
        request.session[ACTING_FOR] = int(wanted)
    return redirect("portal:loans")


@require_POST
@for_readers
def end(request: HttpRequest, patron: Patron, link_id: int) -> HttpResponse:
    """The guardian, or the ward from fourteen on, ends the link."""
    own = find_own(request) or patron
    operation = str(request.POST.get("operation", ""))
    try:
        intent = intent_of(own, operation=operation)
        end_guardianship(intent=intent, link_id=link_id, now=timezone.now())
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("The link has ended."))
    return redirect("portal:family")
