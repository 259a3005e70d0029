"""The reader's card on a phone, with the patron number only; her cards, and reporting one lost."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from circulation.actions.mark_credential import CardEvent, mark_credential
from circulation.models import Patron
from library_net.errors import LibraryError
from library_net.portal.doors import for_readers, intent_of, new_operation
from library_net.portal.mine import credentials_of
from library_net.portal.words import explain


@for_readers
def card(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: 2."""
    code = segno.make(patron.number, error="m", micro=False)
    # Attributes only, no style: the content security policy allows no inline style.
    drawn = code.svg_inline(border=2, omitsize=True, dark="#000", svgclass=None, lineclass=None)
    return render(
        request,
        "portal/card.html",
        {
            "card": {
                "name": patron.name,
                "number": patron.number,
                "category": patron.category.name,
                "home_branch": patron.home_branch.name if patron.home_branch else "",
                "qr": mark_safe(drawn),  # noqa: S308 - drawn by us from our own number
                "credentials": credentials_of(patron),
            },
            "operation": new_operation(),
        },
    )


@require_POST
@for_readers
def report_lost(request: HttpRequest, patron: Patron, credential_id: int) -> HttpResponse:
    """ID-23: this card only. Taking it back into use needs a desk."""
    operation = str(request.POST.get("operation", ""))
    try:
        mark_credential(
            intent=intent_of(patron, operation=operation),
            credential_id=credential_id,
            event=CardEvent.LOST,
            now=timezone.now(),
        )
    except LibraryError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("This card is blocked. Your other cards go on working."))
    return redirect("portal:card")
