"""Vans: what is set aside to leave, what is arriving, and which copies to pull for readers."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.dispatch_transit import dispatch_transit
from circulation.actions.receive_transit import receive_transit
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.readers.allocation import live_picks
from circulation.readers.desk import arriving, to_dispatch, van_loads
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

PULLS_SHOWN = 200
ACTIONS = {"dispatch": dispatch_transit, "receive": receive_transit}


@staff_page
@require_GET
def vans(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("Vans"),
        "pulls": list(live_picks(scope=scope)[:PULLS_SHOWN]),
        "leaving": van_loads(to_dispatch(scope=scope)),
        "arriving": van_loads(arriving(scope=scope)),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/vans.html", context)


@staff_page
@require_POST
def move_transits(request: HttpRequest, action: str) -> HttpResponse:
    """Dispatch or receive the ticked copies; one that cannot be is named, the rest go on."""
    act = ACTIONS.get(action)
    if act is None:
        raise Http404
    count = 0
    for text in request.POST.getlist("transit"):
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            continue
        try:
            act(
                intent=intent_of(request, part=f":{text}"),
                transit_id=int(text),
                now=timezone.now(),
            )
            count += 1
        except LibraryError as error:
            messages.error(request, sentence(error.code, error.params))
    if action == "dispatch":
        done = ngettext("%(n)d copy dispatched.", "%(n)d copies dispatched.", count)
    else:
        done = ngettext("%(n)d copy received.", "%(n)d copies received.", count)
    messages.success(request, done % {"n": count})
    return redirect("desk:vans")
