"""What views share: who is asking, where to go afterwards, and one number for one intention."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from circulation.actions.operations import Intent
from circulation.models import Patron
from circulation.readers.guardians import may_act_for

ACTING_FOR = "portal.acting_for"  # in the session: the child a guardian acts for

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
ReaderView = Callable[Concatenate[HttpRequest, Patron, P], HttpResponse]


def find_patron(request: HttpRequest) -> Patron | None:
    """The reader these pages are about; staff without a card are nobody here. Queries: 0 to 3.

    ID-15: a guardian who chose a child sees and acts for the child, as long as the link holds.
    """
    own = find_own(request)
    ward_id = request.session.get(ACTING_FOR) if own is not None else None
    if own is None or ward_id is None:
        return own
    today = timezone.localdate()
    if not may_act_for(own.pk, ward_id=ward_id, today=today):
        del request.session[ACTING_FOR]
        return own
    ward = _readers().get(pk=ward_id)
    ward.acting_user_id = own.user_id
    return ward


def find_own(request: HttpRequest) -> Patron | None:
    """The reader who is signed in herself. Queries: 0 or 1."""
    if not request.user.is_authenticated:
        return None
    return _readers().filter(user_id=request.user.pk).first()


def _readers() -> QuerySet[Patron]:
    return Patron.objects.select_related("category", "home_branch")


def for_readers(view: ReaderView[P]) -> View[P]:
    """The view gets the reader; others are sent to sign in, staff without a card are told so."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(sign_in_url(request))
        patron = find_patron(request)
        if patron is None:
            return render(request, "portal/no_card.html", status=403)
        request.acting_for = patron if patron.acting_user_id else None  # type: ignore[attr-defined]
        return view(request, patron, *args, **kwargs)

    return never_cache(guarded)


def sign_in_url(request: HttpRequest) -> str:
    """The sign-in page, and back here afterwards; a form is not sent twice, so back to its page."""
    here = request.get_full_path() if request.method == "GET" else _referring_page(request)
    return f"{reverse('portal:sign_in')}?{urlencode({'next': here})}"


def next_page(request: HttpRequest, *, otherwise: str) -> HttpResponseRedirect:
    """To the page named by ``next`` when it is ours, else to the named view."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    return HttpResponseRedirect(wanted if _is_ours(request, wanted) else reverse(otherwise))


def intent_of(patron: Patron, *, operation: str) -> Intent:
    """The reader acts for themself; the form's own number makes a double tap act once."""
    # A form without a number (or with nonsense in it) still acts, under a number of its own.
    is_usable = 0 < len(operation) <= 64 and operation.isascii() and operation.isprintable()
    known = operation if is_usable else new_operation()
    user_id = patron.acting_user_id or patron.user_id
    return Intent(caller=f"user:{user_id}", operation_id=known, patron_id=patron.pk)


def new_operation() -> str:
    return uuid.uuid4().hex


def _is_ours(request: HttpRequest, address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _referring_page(request: HttpRequest) -> str:
    posted: Any = request.POST.get("next", "")
    return str(posted) if _is_ours(request, str(posted)) else reverse("portal:home")
