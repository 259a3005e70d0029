"""The first sign-in: a card, the phone registered with it, and the code that is sent there."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from circulation.actions.sign_in_codes import confirm_code, request_code
from circulation.domain.credentials import normalise
from circulation.models import Patron
from library_net import sms
from library_net.errors import LibraryError
from library_net.portal.doors import find_own, for_readers
from library_net.portal.words import explain

PENDING = "portal.sign_in_code"  # the handle of the code that was asked for
MAY_SET = "portal.may_set_password"  # until when, seconds since 1970
MAY_SET_S = 15 * 60


@never_cache
@sensitive_post_parameters("identifier", "phone")
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """What was typed is never shown again, and the answer is the same whoever asks about whom."""
    problem = "" if sms.sender() is not None else explain(LibraryError("sms_not_set_up"))
    if request.method == "POST" and not problem:
        identifier = normalise(str(request.POST.get("identifier", "")))
        try:
            code_id = request_code(
                identifier=identifier,
                phone=str(request.POST.get("phone", "")),
                address=str(request.META.get("REMOTE_ADDR", "")),
                now=timezone.now(),
            )
        except LibraryError as error:
            problem = explain(error)
        else:
            request.session[PENDING] = str(code_id)
            return redirect("portal:enter_code")
    status = 422 if problem and request.method == "POST" else 200
    return render(request, "portal/ask_code.html", {"problem": problem}, status=status)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """Six digits; then signed in, and on to a password of one's own."""
    pending = request.session.get(PENDING)
    if pending is None:
        return redirect("portal:ask_code")
    problem = ""
    if request.method == "POST":
        try:
            user = confirm_code(
                code_id=uuid.UUID(pending),
                digits=str(request.POST.get("code", "")),
                now=timezone.now(),
            )
        except LibraryError as error:
            problem = explain(error)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            request.session.pop(PENDING, None)
            request.session[MAY_SET] = timezone.now().timestamp() + MAY_SET_S
            return redirect("portal:first_password")
    status = 422 if problem else 200
    return render(request, "portal/enter_code.html", {"problem": problem}, status=status)


@never_cache
@sensitive_post_parameters()
@for_readers
def first_password(request: HttpRequest, patron: Patron) -> HttpResponse:
    """Without the old one, for a quarter of an hour after a code was typed right."""
    own = find_own(request) or patron
    if request.session.get(MAY_SET, 0) < timezone.now().timestamp():
        return redirect("portal:password")
    assert own.user is not None
    form = SetPasswordForm(own.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        request.session.pop(MAY_SET, None)
        messages.success(request, _("Your new password holds from now on."))
        return redirect("portal:loans")
    context = {"form": form, "is_first": True}
    return render(request, "portal/password.html", context, status=422 if form.errors else 200)
