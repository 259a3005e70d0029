"""Odd cases that were accepted and wait for a person: what happened, what to do, settled how."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.settle_exception import settle_exception
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.problems import exception_text
from circulation.readers.lists import open_exceptions, settled_exceptions
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

SHOWN = 200
SETTLED_SHOWN = 20


@staff_page
@require_GET
def exceptions(request: HttpRequest) -> HttpResponse:
    """The open cases, oldest first, and the last ones that were settled."""
    scope = scope_of(request.user)
    cases = open_exceptions(scope)
    context = {
        **admin.site.each_context(request),
        "title": _("Odd cases"),
        "count": cases.count(),
        "cases": [
            {"row": case, "text": exception_text(case.code, case.params)} for case in cases[:SHOWN]
        ],
        "settled": [
            {"row": case, "text": exception_text(case.code, case.params)}
            for case in settled_exceptions(scope)[:SETTLED_SHOWN]
        ],
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/exceptions.html", context)


@staff_page
@require_POST
def settle(request: HttpRequest, exception_id: int) -> HttpResponse:
    try:
        settle_exception(
            intent=intent_of(request, part=f":{exception_id}"),
            exception_id=exception_id,
            note=request.POST.get("note", ""),
            user_id=request.user.pk,
            now=timezone.now(),
        )
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    else:
        messages.success(request, _("Settled."))
    return redirect("desk:exceptions")
