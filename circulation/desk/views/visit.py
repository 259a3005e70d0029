"""Who stands at the desk, with a card or without: a family, a caller, a receipt on paper."""

from __future__ import annotations

from datetime import date

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from circulation.actions.note_look import note_look
from circulation.desk.access import staff_page
from circulation.desk.session import keep_session, open_session
from circulation.domain.credentials import CredentialKind, guess_kinds
from circulation.models import Patron
from circulation.readers.by_name import find_by_name
from circulation.readers.receipts import due_slip, hold_slip, receipt, transit_slips
from library_net.accounts.scope import scope_of

BY_TELEPHONE, WITHOUT_CARD = "telephone", "without card"


@staff_page
@require_POST
def family(request: HttpRequest) -> HttpResponse:
    """Keep the open reader while more cards are scanned, or stop doing so (PX-4)."""
    session = open_session(request)
    session.is_family = request.POST.get("family") == "on" and session.patron_id is not None
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """The next books go to this one of the family."""
    session = open_session(request)
    wanted = request.POST.get("reader", "")
    for one in session.family:
        if str(one["patron_id"]) == wanted:
            session.patron_id, session.credential_id = one["patron_id"], one["credential_id"]
            session.verdict = None
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_http_methods(["GET", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Open a reader who has no card at hand, by name and date of birth; it is logged (PX-3)."""
    if request.method == "POST":
        session = open_session(request)
        reader = _told(request)
        if reader is not None:
            by = BY_TELEPHONE if request.POST.get("how") == "telephone" else WITHOUT_CARD
            note_look(
                patron_id=reader.pk,
                actor_id=request.user.pk,
                scope=scope_of(request.user),
                purpose=f"desk, {by}: name and date of birth",
                now=timezone.now(),
            )
            session.open_patron(patron_id=reader.pk, credential_id=None)
            session.verdict = None
            keep_session(request, session)
            return redirect("desk:scan")
        text = _("No single reader has this name and date of birth. Ask for a card or number.")
        messages.error(request, text)
    context = {**admin.site.each_context(request), "title": _("A reader without a card")}
    return render(request, "desk/find.html", context)


@staff_page
@require_GET
def print_receipt(request: HttpRequest) -> HttpResponse:
    """What was lent in this visit, by reader: one sheet for the whole family (PX-4)."""
    session = open_session(request)
    context = {
        "title": _("Receipt"),
        "parts": receipt(session.loans),
        "printed_at": timezone.localtime(),
    }
    return render(request, "desk/print_receipt.html", context)


@staff_page
@require_GET
def print_due_slip(request: HttpRequest) -> HttpResponse:
    """Everything the open reader has, with the days it is due (PX-6)."""
    session = open_session(request)
    context = {
        "title": _("Due dates"),
        "parts": due_slip([one["patron_id"] for one in session.family]),
        "printed_at": timezone.localtime(),
    }
    return render(request, "desk/print_receipt.html", context)


@staff_page
@require_GET
def print_slips(request: HttpRequest) -> HttpResponse:
    """A slip for each copy: where it goes, or for whom it waits, with its barcode (TR-6)."""
    scope = scope_of(request.user)
    transits = transit_slips(_numbers(request, "transit"), scope=scope)
    holds = hold_slip(_numbers(request, "request"), scope=scope)
    context = {"title": _("Slips"), "slips": [*transits, *holds]}
    return render(request, "desk/print_slips.html", context)


def _told(request: HttpRequest) -> Patron | None:
    """The reader meant by what the form says; an ID number in the name field is not looked up."""
    name = request.POST.get("name", "").strip()
    try:
        born_on = date.fromisoformat(request.POST.get("born_on", ""))
    except ValueError:
        return None
    if not name or CredentialKind.RESIDENT_ID in guess_kinds(name):
        return None
    return find_by_name(name=name, born_on=born_on)


def _numbers(request: HttpRequest, name: str) -> list[int]:
    texts = request.GET.getlist(name)[:500]
    return [int(t) for t in texts if t.isascii() and t.isdigit() and len(t) < 16]
