"""What is kept about the reader: a copy of it, her history or none, and being erased."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.erase_patron import erase_patron
from circulation.actions.keep_history import keep_history as choose_history
from circulation.models import Patron
from circulation.readers.privacy import held_about, memory_days
from library_net.errors import LibraryError
from library_net.portal.doors import ACTING_FOR, find_own, for_readers, intent_of
from library_net.portal.words import explain

# What is kept as the purpose of a look, in the reader's words; else as staff wrote it.
WHY = {
    "admin": gettext_lazy("looked at your record"),
    "desk": gettext_lazy("opened your account at a desk"),
    "desk, telephone: name and date of birth": gettext_lazy("opened your account on the telephone"),
    "desk, without card: name and date of birth": gettext_lazy(
        "opened your account without a card"
    ),
    "money": gettext_lazy("looked at your fees and points"),
    "notice address": gettext_lazy("set or removed where an app reaches you"),
    "password": gettext_lazy("gave you a new password"),
}


@require_GET
@for_readers
def privacy(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: as ``held_about``."""
    held = held_about(_full(patron))
    looked = held["looked_at_by"]
    context = {
        "patron": patron,
        "days": memory_days().get(patron.registered_at_agency_id, 0),
        "looked": [{**row, "why": WHY.get(row["why"], row["why"])} for row in looked[:20]],
        "counts": {name: len(rows) for name, rows in held.items() if isinstance(rows, list)},
    }
    return render(request, "portal/privacy.html", context)


@require_POST
@for_readers
def keep_history(request: HttpRequest, patron: Patron) -> HttpResponse:
    wanted = request.POST.get("keep") == "yes"
    choose_history(patron_id=patron.pk, is_wanted=wanted)
    messages.success(
        request,
        _("Your borrowing history is kept from now on.")
        if wanted
        else _("Your borrowing history is no longer kept."),
    )
    return redirect("portal:privacy")


@require_GET
@for_readers
def copy_json(_request: HttpRequest, patron: Patron) -> HttpResponse:
    body = json.dumps(
        held_about(_full(patron)), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2
    )
    return _download(body, patron, "json", "application/json")


@require_GET
@for_readers
def copy_html(request: HttpRequest, patron: Patron) -> HttpResponse:
    """One page that can be kept and printed: no script, no style from elsewhere."""
    body = render_to_string(
        "portal/copy.html", {"held": _tables(held_about(_full(patron)))}, request
    )
    return _download(body, patron, "html", "text/html; charset=utf-8")


@require_POST
@for_readers
def erase(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Only after the number was typed; refused with every reason while something is open."""
    if str(request.POST.get("number", "")).strip().upper() != patron.number.upper():
        messages.error(request, _("Type your patron number, so that this is no slip."))
        return redirect("portal:privacy")
    own = find_own(request)
    try:
        erase_patron(
            intent=intent_of(patron, operation=""), patron_id=patron.pk, now=timezone.now()
        )
    except LibraryError as error:
        messages.error(request, explain(error))
        return redirect("portal:privacy")
    request.session.pop(ACTING_FOR, None)
    if own is not None and own.pk == patron.pk:
        logout(request)
    messages.success(request, _("Everything about this reader is erased."))
    return redirect("portal:home")


def _full(patron: Patron) -> Patron:
    rows = Patron.objects.select_related("category", "home_branch", "registered_at_agency", "phone")
    return rows.get(pk=patron.pk)


def _download(body: str, patron: Patron, ending: str, kind: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{patron.number}.{ending}"'
    return answer


def _tables(held: dict[str, Any]) -> list[dict[str, Any]]:
    """Each part as a table: its name, its columns, its rows."""
    tables = []
    for name, rows in held.items():
        listed = [rows] if isinstance(rows, dict) else rows
        columns = [_label(column) for column in listed[0]] if listed else []
        cells = [[_cell(value) for value in row.values()] for row in listed]
        tables.append({"name": _label(name), "columns": columns, "rows": cells})
    return tables


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else value


def _label(key: str) -> str:
    labels = {
        "reader": _("Reader"), "cards": _("Cards"), "loans": _("Loans"),
        "requests": _("Requests"), "money": _("Money"), "family": _("Family"),
        "looked_at_by": _("Who looked at your record"), "operations": _("What was done"),
        "number": _("number"), "name": _("name"), "born": _("born on"),
        "category": _("category"), "registered_at": _("registered at"),
        "registered": _("registered"), "preferred_branch": _("preferred branch"),
        "language": _("language"), "blocked": _("blocked by staff"),
        "block_note": _("why blocked"), "keeps_history": _("keeps her borrowing history"),
        "phone": _("Phone"), "has_log_in": _("log-in"), "kind": _("kind"),
        "status": _("status"), "issuer": _("issuer"), "added": _("added"),
        "title": _("Title"), "barcode": _("barcode"), "lent": _("lent"),
        "lent_at": _("lent at"), "due": _("due"), "returned": _("returned"),
        "returned_at": _("returned at"), "renewals": _("renewals"), "state": _("state"),
        "asked": _("placed"), "ended": _("ended"), "collect_at": _("collect at"),
        "at": _("at"), "amount": _("amount (CNY)"), "to": _("due to"),
        "guardian": _("guardian"), "child": _("Child"), "since": _("consent given"),
        "until": _("until"), "institution": _("institution"), "why": _("purpose"),
        "what": _("what"),
    }  # fmt: skip
    return labels.get(key, key)
