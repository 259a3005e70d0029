"""Signing in with any registered card, and out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from circulation.domain.credentials import normalise
from circulation.models import Patron
from circulation.models.patrons import Credential, CredentialStatus
from circulation.readers.identity import find_card
from library_net.accounts.models import User
from library_net.errors import LibraryError
from library_net.portal import throttle
from library_net.portal.doors import find_own, for_readers, next_page

NOBODY = "\N{NO-BREAK SPACE}"  # a user name nobody can have


@never_cache
@sensitive_post_parameters("identifier", "password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; on success to ``next``. What was typed is never shown again."""
    if request.method == "GET":
        if request.user.is_authenticated:
            return next_page(request, otherwise="portal:home")
        return _form(request)
    identifier = normalise(str(request.POST.get("identifier", "")))
    password = str(request.POST.get("password", ""))
    if not identifier or not password:
        return _form(request, problem=_("Please fill in both fields."), status=422)
    now_s = timezone.now().timestamp()
    if wait_s := throttle.seconds_to_wait(identifier, now_s=now_s):
        return _form(request, problem=_wait_text(wait_s), status=429)
    user = authenticate(request, username=_username(identifier), password=password)
    if user is None:
        throttle.note_failure(identifier, now_s=now_s)
        return _form(request, problem=_wrong_text(), status=422)
    throttle.forget(identifier)
    login(request, user)
    return next_page(request, otherwise="portal:loans")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    answer = redirect("portal:home")
    # ID-20: the phone's key and the page kept for it go too; others may use this device next.
    answer["Clear-Site-Data"] = '"storage"'
    return answer


@never_cache
@sensitive_post_parameters()
@for_readers
def password(request: HttpRequest, patron: Patron) -> HttpResponse:
    """The reader chooses a new password; other devices are signed out."""
    own = find_own(request) or patron  # a guardian who acts for a child changes her own
    assert own.user is not None
    form = PasswordChangeForm(own.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your new password holds from now on."))
        return redirect("portal:card")
    status = 422 if form.errors else 200
    return render(request, "portal/password.html", {"form": form}, status=status)


def _username(identifier: str) -> str:
    """The log-in behind a card, document or patron number; nobody's for a blocked card.

    Nobody's either for a number on cards of different readers (ID-8).

    An unknown number goes on to the password check like any other, so that the time it takes does
    not tell who is registered. Queries: 1 to 5.
    """
    try:
        card = find_card(identifier, today=timezone.localdate())
    except LibraryError:
        return NOBODY
    if card is None:
        return NOBODY
    if card.credential_id is not None:
        credential = Credential.objects.filter(pk=card.credential_id)
        if not credential.filter(status=CredentialStatus.ACTIVE).exists():
            return NOBODY
    user_id = Patron.objects.filter(pk=card.patron_id).values_list("user_id", flat=True).first()
    if user_id is None:
        return NOBODY
    return User.objects.get(pk=user_id).get_username()


def _wrong_text() -> str:
    return _(
        "This number and password do not fit together. Check both and try again; at any desk "
        "you can have a new password set."
    )


def _wait_text(wait_s: int) -> str:
    minutes = max(1, round(wait_s / 60))
    return ngettext(
        "Too many wrong tries. For your safety, wait %(n)s minute and then try again.",
        "Too many wrong tries. For your safety, wait %(n)s minutes and then try again.",
        minutes,
    ) % {"n": minutes}


def _form(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    return render(
        request, "portal/sign_in.html", {"problem": problem, "next": wanted}, status=status
    )
