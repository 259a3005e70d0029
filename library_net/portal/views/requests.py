"""My requests: asking for a title, seeing where it is, giving up the place in the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from catalog.models import Item, Manifestation
from circulation.actions.adjust_request import move_request, pause_request, resume_request
from circulation.actions.cancel_request import cancel_request
from circulation.actions.place_request import place_request
from circulation.models import HoldRequest, Patron
from circulation.readers.lists import anchor_for
from library_net.errors import LibraryError
from library_net.network.models import Branch
from library_net.portal import places
from library_net.portal.doors import for_readers, intent_of
from library_net.portal.mine import requests_of
from library_net.portal.places import pickups
from library_net.portal.views.record import record_page
from library_net.portal.words import explain

MAX_DIGITS = 16


@require_GET
@for_readers
def requests(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 7, and 6 to 8 more when some of them wait for a copy."""
    holds = requests_of(patron, now=timezone.now())
    can_move = any(hold.can_move for hold in holds)
    home = patron.home_branch.code if patron.home_branch else ""
    context = {
        "holds": holds,
        "pickups": pickups(places.cities(), home=home) if can_move else [],
        "today": timezone.localdate(),
    }
    return render(request, "portal/requests.html", context)


@require_POST
@for_readers
def place(request: HttpRequest, patron: Patron, work_id: int) -> HttpResponse:
    """Ask for an edition, or one copy, at a branch; a refusal is shown where it was asked."""
    pickup = get_object_or_404(Branch, code=_code(request.POST.get("pickup")), is_active=True)
    edition = str(request.POST.get("edition", ""))
    operation = str(request.POST.get("operation", ""))
    try:
        needed_until = _date(request.POST.get("needed_until"))
    except ValueError:
        needed_until = None
    try:
        copy = _copy(request.POST.get("copy"), work_id=work_id)
        anchor_id = (
            copy.source_record_id
            if copy is not None
            else _anchor_of(edition, work_id=work_id, patron=patron)
        )
        place_request(
            intent=intent_of(patron, operation=operation),
            patron_id=patron.pk,
            pickup_branch_id=pickup.pk,
            anchor_id=anchor_id,
            item_id=copy.pk if copy is not None else None,
            needed_until=needed_until,
            now=timezone.now(),
        )
    except LibraryError as error:
        return record_page(request, public_id=f"w{work_id}", refusal=explain(error), status=409)
    messages.success(request, _("Requested. We tell you here when it is ready to collect."))
    return redirect("portal:requests")


@require_POST
@for_readers
def cancel(request: HttpRequest, patron: Patron, request_id: int) -> HttpResponse:
    """Give up the place."""
    return _change(request, patron, request_id, cancel_request, _("The request was cancelled."))


@require_POST
@for_readers
def pause(request: HttpRequest, patron: Patron, request_id: int) -> HttpResponse:
    """Be passed over until a day, or until the reader goes on."""
    try:
        until = _date(request.POST.get("until"))
    except ValueError:
        messages.error(request, _("Please choose the day from the calendar."))
        return redirect("portal:requests")
    action = partial(pause_request, until=until)
    done = _("Paused. Your place in the queue is kept.")
    return _change(request, patron, request_id, action, done)


@require_POST
@for_readers
def resume(request: HttpRequest, patron: Patron, request_id: int) -> HttpResponse:
    done = _("You are back in the queue, at your old place.")
    return _change(request, patron, request_id, resume_request, done)


@require_POST
@for_readers
def move(request: HttpRequest, patron: Patron, request_id: int) -> HttpResponse:
    """Collect it at another branch."""
    pickup = get_object_or_404(Branch, code=_code(request.POST.get("pickup")), is_active=True)
    action = partial(move_request, pickup_branch_id=pickup.pk)
    done = _("It will be brought to %(branch)s.") % {"branch": pickup.name}
    return _change(request, patron, request_id, action, done)


def _change(
    request: HttpRequest, patron: Patron, request_id: int, action: Callable[..., Any], done: str
) -> HttpResponse:
    """One change of the reader's own request; the page says what became of it."""
    if not HoldRequest.objects.filter(pk=request_id, patron=patron).exists():
        raise Http404
    operation = str(request.POST.get("operation", ""))
    intent = intent_of(patron, operation=operation)
    try:
        action(intent=intent, request_id=request_id, now=timezone.now())
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, done)
    return redirect("portal:requests")


def _date(text: object) -> date | None:
    """A day as the browser's calendar sends it. Raises ``ValueError``."""
    return date.fromisoformat(str(text)) if text else None


def _anchor_of(edition: str, *, work_id: int, patron: Patron) -> int:
    """The member record that stands for the edition. Queries: 2."""
    number = edition[1:]
    is_number = number.isascii() and number.isdecimal() and len(number) < MAX_DIGITS
    wanted = int(number) if edition[:1] == "m" and is_number else 0
    found = get_object_or_404(Manifestation, pk=wanted, work_id=work_id)
    return anchor_for(manifestation_id=found.pk, agency_id=patron.registered_at_agency_id).pk


def _copy(text: object, *, work_id: int) -> Item | None:
    """The copy that was chosen, if one was. Queries: 0 or 1."""
    number = str(text or "")
    if not number:
        return None
    is_number = number.isascii() and number.isdecimal() and len(number) < MAX_DIGITS
    rows = Item.objects.filter(source_record__manifestation__work_id=work_id)
    return get_object_or_404(rows, pk=int(number) if is_number else 0)


def _code(text: object) -> str:
    """A code as typed; what cannot be one becomes nobody's."""
    code = str(text or "")
    return code if code.isprintable() else ""
