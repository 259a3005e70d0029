"""The reader's card on a phone: a code for the scanner with the patron number, nothing else."""

from __future__ import annotations

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from circulation.models import Patron
from library_net.portal.doors import for_readers
from library_net.portal.mine import credentials_of


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
            }
        },
    )
