"""What machines and gateways leave to people: off-line conflicts, and notices in doubt."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.settle_device_case import settle_conflict, settle_notice
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.readers.notices import for_staff
from circulation.readers.offline import open_conflicts
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

MOST_SHOWN = 200


@staff_page
@require_GET
def conflicts(request: HttpRequest) -> HttpResponse:
    """Queries: 2 beside the page's own."""
    rows = open_conflicts(scope_of(request.user))
    cases = [
        {
            "pk": row.pk,
            "what": sentence(row.code, row.params),
            "event": row.event,
            "is_soft": row.code in ("offline_over_limit", "offline_clock"),
        }
        for row in rows[:MOST_SHOWN]
    ]
    context = {
        **admin.site.each_context(request),
        "title": _("Lent and returned off line"),
        "cases": cases,
        "total": rows.count(),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/conflicts.html", context)


@staff_page
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """Queries: 2 beside the page's own."""
    rows = for_staff(scope_of(request.user))
    context = {
        **admin.site.each_context(request),
        "title": _("Notices in doubt"),
        "notices": list(rows[:MOST_SHOWN]),
        "total": rows.count(),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/notices.html", context)


@staff_page
@require_POST
def settle(request: HttpRequest, what: str, pk: int) -> HttpResponse:
    intent = intent_of(request, part=f":{what}:{pk}")
    user_id, now = request.user.pk, timezone.now()
    try:
        if what == "conflict":
            settle_conflict(intent=intent, conflict_id=pk, user_id=user_id, now=now)
        elif what == "notice":
            settle_notice(intent=intent, notice_id=pk, user_id=user_id, now=now)
        else:
            raise Http404
        messages.success(request, _("Settled."))
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    return redirect("desk:conflicts" if what == "conflict" else "desk:notices")
