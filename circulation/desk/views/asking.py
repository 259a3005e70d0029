"""A request for the open reader: for the title of a copy in hand, that very copy, or a record."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from circulation.actions.place_request import place_request
from circulation.desk.access import intent_of, staff_page
from circulation.desk.session import branches_of, open_session
from circulation.domain.credentials import mask_document
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.readers.identity import copies_with_barcode
from circulation.readers.lists import anchor_for, anchor_of_copy
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

MAX_DIGITS = 16


@staff_page
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Collected at one of the librarian's own branches; a refusal says every reason."""
    session = open_session(request)
    if session.patron_id is None or session.branch_id is None:
        return redirect("desk:scan")
    allowed = {str(branch.pk): branch for branch in branches_of(scope_of(request.user))}
    pickup = allowed.get(request.POST.get("pickup", ""), allowed.get(str(session.branch_id)))
    try:
        if pickup is None:
            raise LibraryError("unknown_branch", branch="")  # noqa: TRY301 - told like any other
        anchor_id, item_id = _wanted(request, branch_id=session.branch_id)
        answer = place_request(
            intent=intent_of(request),
            patron_id=session.patron_id,
            pickup_branch_id=pickup.pk,
            anchor_id=anchor_id,
            item_id=item_id if request.POST.get("this_copy") else None,
            needed_until=_day(request.POST.get("needed_until", "")),
            now=timezone.now(),
        )
    except LibraryError as error:
        reasons = getattr(error, "reasons", None) or [(error.code, error.params)]
        for code, params in reasons:
            messages.error(request, sentence(code, params))
    else:
        told = _("Requested: %(title)s. Place in the queue: %(position)s.")
        messages.success(request, told % answer)
    return redirect("desk:reader")


def _wanted(request: HttpRequest, *, branch_id: int) -> tuple[int, int | None]:
    """The record to wait for, and the copy that was named.

    Raises ``unknown_item``, ``ambiguous_item``, ``unknown_record``.
    """
    text = clean_barcode(request.POST.get("what", ""))
    copies = copies_with_barcode(text, branch_id=branch_id)
    settled = settle_return(copies, owner=clean_barcode(request.POST.get("owner", "")))
    if isinstance(settled, Ambiguous):
        raise LibraryError("ambiguous_item", barcode=text, owners=", ".join(settled.owners))
    if not isinstance(settled, Unknown):
        return anchor_of_copy(item_id=settled), settled
    number = text[1:]
    is_number = number.isascii() and number.isdecimal() and len(number) < MAX_DIGITS
    if not copies and text[:1] in ("m", "M") and is_number:
        agency_id = scope_of(request.user).home_agency_id
        return anchor_for(manifestation_id=int(number), agency_id=agency_id).pk, None
    raise LibraryError("unknown_item", barcode=text if copies else mask_document(text))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
