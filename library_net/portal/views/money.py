"""My fees and points: what I owe, to whom, why, and where I can pay."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from circulation.models import Patron
from circulation.readers.money import account_of
from library_net.portal.doors import for_readers


@require_GET
@for_readers
def money(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Queries: at most 9, whatever was charged."""
    account = account_of(patron, now=timezone.now())
    return render(request, "portal/money.html", {"account": account})
