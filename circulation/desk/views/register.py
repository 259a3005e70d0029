"""Register a reader at the desk by an identity document, and set their first password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from circulation.actions.operations import Answer
from circulation.actions.present_card import document_shown, present_card
from circulation.actions.register_patron import register_patron
from circulation.actions.set_reader_password import set_reader_password
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.desk.session import LEND, keep_session, open_session
from circulation.domain.credentials import CredentialKind
from circulation.models import Patron
from circulation.readers.reference import load_branch
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

KINDS = [
    (CredentialKind.RESIDENT_ID, _("Resident ID card, residence permit, permanent resident card")),
    (CredentialKind.SOCIAL_SECURITY, _("Social security card")),
    (CredentialKind.READER_CARD, _("Reader card")),
    (CredentialKind.PASSPORT, _("Passport")),
    (CredentialKind.HK_MACAO_PERMIT, _("Hong Kong or Macao travel permit")),
    (CredentialKind.TAIWAN_PERMIT, _("Taiwan travel permit")),
    (CredentialKind.FOREIGN_RESIDENT, _("Foreign permanent resident card (old)")),
]
SECRET = {"autocomplete": "off", "spellcheck": "false"}


class RegisterForm(forms.Form):
    """The document number is never shown again: not after an error either."""

    kind = forms.ChoiceField(label=_("Document"), choices=KINDS)
    number = forms.CharField(
        label=_("Document number"),
        max_length=400,
        widget=forms.PasswordInput(attrs={**SECRET, "autofocus": True}),
    )
    name = forms.CharField(label=_("Name"), max_length=80)
    born_on = forms.DateField(
        label=_("Born on"),
        required=False,
        help_text=_("Only for documents that do not say it. Year-month-day."),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=24,
        required=False,
        help_text=_("For the first sign-in and notices; kept sealed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    guardian = forms.CharField(
        label=_("Guardian's card"),
        max_length=400,
        required=False,
        help_text=_("For a child under fourteen: scan the card of the guardian who is present."),
        widget=forms.PasswordInput(attrs=SECRET),
    )


@staff_page
@sensitive_post_parameters("number", "guardian", "phone")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A new reader, or the one this document already opens; then the desk with the panel open."""
    form = RegisterForm(request.POST or None)
    session = open_session(request)
    if request.method == "POST" and form.is_valid() and session.branch_id is not None:
        try:
            answer = _register(request, form.cleaned_data, branch_id=session.branch_id)
        except LibraryError as error:
            form.add_error(None, sentence(error.code, error.params))
        else:
            session.mode = LEND
            session.patron_id = _patron_id(answer)
            session.credential_id = None
            keep_session(request, session)
            return redirect("desk:scan")
    context = {
        **admin.site.each_context(request),
        "title": gettext("Register a reader"),
        "form": form,
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/register.html", context)


def _register(request: HttpRequest, given: dict[str, Any], *, branch_id: int) -> Answer:
    now = timezone.now()
    guardian_id = None
    if given["guardian"]:
        branch = load_branch(branch_id=branch_id)
        text = given["guardian"]
        shown = present_card(
            intent=intent_of(request, part=".guardian"), text=text, branch=branch, now=now
        )
        guardian_id = shown.patron_id
    kind, number = document_shown(
        CredentialKind(given["kind"]), given["number"], today=timezone.localdate(now)
    )
    return register_patron(
        intent=intent_of(request),
        branch_id=branch_id,
        name=given["name"],
        number=number,
        kind=kind,
        born_on=given["born_on"],
        phone=given["phone"],
        guardian_id=guardian_id,
        now=now,
    )


def _patron_id(answer: dict[str, Any]) -> int:
    return int(Patron.objects.values_list("pk", flat=True).get(number=answer["patron"]))


@staff_page
@never_cache
@require_POST
def new_password(request: HttpRequest) -> HttpResponse:
    """Shown on this page once: it is neither stored in clear nor kept in the session."""
    session = open_session(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("A new password for the reader"),
    }
    try:
        context["password"] = set_reader_password(
            patron_id=session.patron_id or 0,
            actor_id=request.user.pk or 0,
            scope=scope_of(request.user),
            credential_id=session.credential_id,
            now=timezone.now(),
        )
    except LibraryError as error:
        context["problem"] = sentence(error.code, error.params)
    return render(request, "desk/password.html", context)
