"""The open reader's cards, guardians and phone; every number masked until asked for with a reason.

The reader is the one whose panel is open at this desk: no page of ours has a reader in its address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from circulation.actions.add_credential import add_credential
from circulation.actions.link_guardian import end_guardianship, link_guardian
from circulation.actions.mark_credential import CardEvent, mark_credential
from circulation.actions.merge_patrons import merge_patrons, undo_merge
from circulation.actions.present_card import document_shown, present_card
from circulation.actions.reveal_number import reveal_number
from circulation.actions.set_phone import set_phone as keep_phone
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.desk.session import DeskSession, branches_of, open_session
from circulation.desk.views.register import KINDS, SECRET
from circulation.domain.credentials import CredentialKind
from circulation.readers.account import account_page
from circulation.readers.identity import Card
from circulation.readers.reference import load_branch
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError


class CardForm(forms.Form):
    """The number is never shown again: not after an error either."""

    kind = forms.ChoiceField(label=gettext_lazy("Document"), choices=KINDS)
    number = forms.CharField(
        label=gettext_lazy("Document number"),
        max_length=400,
        widget=forms.PasswordInput(attrs=SECRET),
    )


@staff_page
@never_cache
@require_GET
def reader(request: HttpRequest) -> HttpResponse:
    """The page; without an open reader back to the scan field."""
    return _page(request)


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    session = open_session(request)
    found = account_page(
        session.patron_id or 0, scope=scope_of(request.user), today=timezone.localdate()
    )
    if found is None:
        return redirect("desk:scan")
    context = {
        **admin.site.each_context(request),
        "title": _("Cards, guardians, phone"),
        "reader": found,
        "form": CardForm(),
        "branches": branches_of(scope_of(request.user)),
        "branch_id": session.branch_id,
        "operation_id": new_operation_id(),
        **more,
    }
    return render(request, "desk/reader.html", context)


def _act(request: HttpRequest, act: Callable[[DeskSession], Any], *, told: str) -> HttpResponse:
    """Do it for the open reader, say how it went, and show the page again."""
    session = open_session(request)
    if session.patron_id is None or session.branch_id is None:
        return redirect("desk:scan")
    try:
        act(session)
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    else:
        messages.success(request, told)
    return redirect("desk:reader")


def _shown(request: HttpRequest, session: DeskSession, field: str) -> Card:
    """The other person's card, scanned into a field of the form."""
    branch = load_branch(branch_id=session.branch_id or 0)
    text = request.POST.get(field, "")
    intent = intent_of(request, part=f".{field}")
    return present_card(intent=intent, text=text, branch=branch, now=timezone.now())


@staff_page
@sensitive_post_parameters("number")
@require_POST
def add_card(request: HttpRequest) -> HttpResponse:
    form = CardForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the number that stands on the card."))
        return redirect("desk:reader")
    given, now = form.cleaned_data, timezone.now()

    def act(session: DeskSession) -> None:
        today = timezone.localdate(now)
        kind, number = document_shown(CredentialKind(given["kind"]), given["number"], today=today)
        replaces = request.POST.get("replaces", "")
        add_credential(
            intent=intent_of(request),
            branch_id=session.branch_id or 0,
            patron_id=session.patron_id or 0,
            kind=kind,
            number=number,
            replaces_id=int(replaces) if replaces.isdecimal() else None,
            shown_card=session.credential_id,
            now=now,
        )

    return _act(request, act, told=_("The new card works from now on."))


@staff_page
@require_POST
def mark_card(request: HttpRequest, credential_id: int, event: str) -> HttpResponse:
    def act(_session: DeskSession) -> None:
        mark_credential(
            intent=intent_of(request),
            credential_id=int(credential_id),
            event=CardEvent(event),
            now=timezone.now(),
        )

    told = _("This card is blocked; the reader's others work on.")
    return _act(request, act, told=told if event == CardEvent.LOST else _("This card works again."))


@staff_page
@never_cache
@require_POST
def show_number(request: HttpRequest, credential_id: int) -> HttpResponse:
    """Answered in this page only, once; the reason is kept before the number is shown."""
    try:
        number = reveal_number(
            credential_id=credential_id,
            reason=request.POST.get("reason", ""),
            actor_id=request.user.pk or 0,
            scope=scope_of(request.user),
            now=timezone.now(),
        )
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
        return redirect("desk:reader")
    return _page(request, shown_id=credential_id, shown_number=number)


@staff_page
@sensitive_post_parameters("guardian")
@require_POST
def add_guardian(request: HttpRequest) -> HttpResponse:
    def act(session: DeskSession) -> None:
        link_guardian(
            intent=intent_of(request),
            branch_id=session.branch_id or 0,
            ward_id=session.patron_id or 0,
            guardian_id=_shown(request, session, "guardian").patron_id,
            now=timezone.now(),
        )

    return _act(request, act, told=_("The guardian may see and act for this reader from now on."))


@staff_page
@require_POST
def end_guardian(request: HttpRequest, link_id: int) -> HttpResponse:
    def act(_session: DeskSession) -> None:
        end_guardianship(intent=intent_of(request), link_id=link_id, now=timezone.now())

    return _act(request, act, told=_("The link has ended."))


@staff_page
@sensitive_post_parameters("phone")
@require_POST
def set_phone(request: HttpRequest) -> HttpResponse:
    def act(session: DeskSession) -> None:
        keep_phone(
            intent=intent_of(request),
            patron_id=session.patron_id or 0,
            number=request.POST.get("phone", ""),
            shown_card=session.credential_id,
            now=timezone.now(),
        )

    return _act(request, act, told=_("The phone number is kept, sealed."))


@staff_page
@sensitive_post_parameters("other")
@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    def act(session: DeskSession) -> None:
        other = _shown(request, session, "other")
        merge_patrons(
            intent=intent_of(request),
            kept_id=session.patron_id or 0,
            absorbed_id=other.patron_id,
            reason=request.POST.get("reason", ""),
            kept_card=session.credential_id,
            absorbed_card=other.credential_id,
            now=timezone.now(),
        )

    return _act(request, act, told=_("The two records are one from now on. It can be undone here."))


@staff_page
@require_POST
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    def act(_session: DeskSession) -> None:
        undo_merge(intent=intent_of(request), merge_id=merge_id, now=timezone.now())

    return _act(request, act, told=_("The two records are apart again, as they were."))
