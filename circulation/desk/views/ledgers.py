"""What members' own systems do not take, and the next step."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.settle_ledger_message import settle_message, tell_again
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.readers.ledger_messages import for_staff, waiting_behind
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

MOST_SHOWN = 200


@staff_page
@require_GET
def ledger_messages(request: HttpRequest) -> HttpResponse:
    """Queries: 3 beside the page's own."""
    scope = scope_of(request.user)
    rows = for_staff(scope)
    context = {
        **admin.site.each_context(request),
        "title": _("Messages to members' systems"),
        "stuck": list(rows[:MOST_SHOWN]),
        "total": rows.count(),
        "waiting": waiting_behind(scope),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/ledgers.html", context)


@staff_page
@require_POST
def act_on_message(request: HttpRequest, message_id: int, verb: str) -> HttpResponse:
    intent, now = intent_of(request, part=f":{verb}:{message_id}"), timezone.now()
    try:
        if verb == "again":
            tell_again(intent=intent, message_id=message_id, now=now)
            messages.success(request, _("It is told once more."))
        elif verb == "settle":
            settle_message(intent=intent, message_id=message_id, user_id=request.user.pk, now=now)
            messages.success(request, _("Settled."))
        else:
            raise Http404
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    return redirect("desk:ledgers")
