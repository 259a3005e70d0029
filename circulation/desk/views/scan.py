"""The scan box: a card opens a reader; a barcode lends to that reader, or comes back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from circulation.actions.checkin import checkin
from circulation.actions.note_look import note_look
from circulation.actions.present_card import present_card
from circulation.actions.renew import renew
from circulation.desk import verdicts
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.desk.lending import lend
from circulation.desk.session import (
    LEND,
    RETURN,
    DeskSession,
    branches_of,
    keep_session,
    open_session,
)
from circulation.domain.credentials import CredentialKind, guess_kinds, mask_document
from circulation.domain.scans import clean_barcode
from circulation.models import HoldRequest, Patron
from circulation.readers.desk import patron_panel
from circulation.readers.identity import Card, copies_with_barcode, was_card_shown
from circulation.readers.proxies import waiting_for_principals
from circulation.readers.reference import load_branch
from library_net.accounts.scope import scope_of
from library_net.errors import LibraryError
from library_net.relay import is_electronic_card


@staff_page
@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """GET shows the desk; POST takes one scan and answers with the desk as it is then."""
    session = open_session(request)
    if request.method == "POST":
        if code := request.POST.get("code", "").strip():
            _take_scan(request, session, code)
        keep_session(request, session)
        if request.headers.get("X-Desk") != "fragment":
            return redirect("desk:scan")
        return render(request, "desk/_scan.html", _context(request, session))
    shown = _context(request, session)
    session.verdict = None  # a reload or a later visit does not show an old verdict as new
    keep_session(request, session)
    return render(request, "desk/scan.html", {**admin.site.each_context(request), **shown})


def _take_scan(request: HttpRequest, session: DeskSession, code: str) -> None:
    """A document number is recognised before anything could store it as a barcode."""
    if session.branch_id is None:
        session.note(
            verdicts.verdict(verdicts.STOP, _("Your institution has no branch yet.")), keep=False
        )
        return
    copies = copies_with_barcode(clean_barcode(code), branch_id=session.branch_id)
    try:
        card = None if copies else _find_card(request, code, branch_id=session.branch_id)
    except LibraryError as error:
        session.close_patron()  # else the next book would go to whoever stood here before
        session.note(verdicts.of_refusal(error), keep=False)
        return
    shown = clean_barcode(code) if copies else mask_document(clean_barcode(code))
    if card is not None:
        _open_patron(request, session, card)
    elif not copies and CredentialKind.RESIDENT_ID in guess_kinds(code):
        session.close_patron()
        session.note(verdicts.of_refusal(LibraryError("unknown_patron")), keep=False)
    elif session.mode == RETURN:
        _return(request, session, code, shown=shown)
    elif session.patron_id is None:
        line = _("Then scan the book again. To take a book back, switch to Return.")
        session.note(
            verdicts.verdict(verdicts.ATTENTION, _("Card first"), lines=(line,)), keep=False
        )
    else:
        _lend(request, session, code, shown=shown)


def _find_card(request: HttpRequest, code: str, *, branch_id: int) -> Card | None:
    """The reader whose card this is; nothing where it may be a barcode that nobody knows."""
    branch = load_branch(branch_id=branch_id)
    try:
        return present_card(
            intent=intent_of(request, part=".card"), text=code, branch=branch, now=timezone.now()
        )
    except LibraryError as error:
        if error.code != "unknown_patron" or is_electronic_card(code):
            raise
    return None


def _open_patron(request: HttpRequest, session: DeskSession, card: Card) -> None:
    session.open_patron(patron_id=card.patron_id, credential_id=card.credential_id)
    note_look(
        patron_id=card.patron_id,
        actor_id=request.user.pk,
        scope=scope_of(request.user),
        purpose="desk",
        now=timezone.now(),
    )
    session.verdict = None
    by_card = card.credential_id is not None
    if by_card and not was_card_shown(card.credential_id, patron_id=card.patron_id):  # ID-13
        session.note(verdicts.of_refusal(LibraryError("credential_blocked")), keep=False)


def _lend(request: HttpRequest, session: DeskSession, code: str, *, shown: str) -> None:
    try:
        answer = lend(request, session, code)
    except LibraryError as error:
        session.note(verdicts.of_refusal(error, barcode=shown))
        return
    session.loans.append(answer["loan"])
    session.note(verdicts.of_checkout(answer, open_reader_id=session.patron_id))


def _return(request: HttpRequest, session: DeskSession, code: str, *, shown: str) -> None:
    assert session.branch_id is not None
    try:
        answer = checkin(
            intent=intent_of(request),
            branch_id=session.branch_id,
            barcode=code,
            owner=request.POST.get("owner", ""),
            now=timezone.now(),
        )
        session.note(verdicts.of_checkin(answer))
    except LibraryError as error:
        session.note(verdicts.of_refusal(error, barcode=shown))


@staff_page
@require_POST
def renew_loan(request: HttpRequest, loan_id: int) -> HttpResponse:
    session = open_session(request)
    try:
        answer = renew(
            intent=intent_of(request),
            loan_id=loan_id,
            reader_id=session.patron_id,
            desk_id=session.branch_id,
            now=timezone.now(),
        )
        session.note(verdicts.of_renewal(answer))
    except LibraryError as error:
        session.note(verdicts.of_refusal(error))
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_POST
def set_mode(request: HttpRequest) -> HttpResponse:
    session = open_session(request)
    session.mode = RETURN if request.POST.get("mode") == RETURN else LEND
    session.close_patron()
    session.verdict = None
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_POST
def settle_in(request: HttpRequest) -> HttpResponse:
    """The librarian says at which branch she stands."""
    session = open_session(request)
    allowed = {str(branch.pk): branch.pk for branch in branches_of(scope_of(request.user))}
    session.branch_id = allowed.get(request.POST.get("branch", ""), session.branch_id)
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Done with this reader: the panel closes, so the next one cannot see it."""
    session = open_session(request)
    session.close_patron()
    session.verdict = None
    keep_session(request, session)
    return redirect("desk:scan")


def _context(request: HttpRequest, session: DeskSession) -> dict[str, Any]:
    scope = scope_of(request.user)
    panel = None
    if session.patron_id is not None:
        panel = patron_panel(session.patron_id, scope=scope, now=timezone.now())
    return {
        "title": _("Scan desk"),
        "session": session,
        "verdict": session.verdict,
        "log": session.log,
        "patron": panel,
        "family": _family(session),
        "collects": _collects(session),
        "branches": branches_of(scope),
        "operation_id": new_operation_id(),
        "modes": [
            {"code": LEND, "name": _("Lend"), "key": "F2"},
            {"code": RETURN, "name": _("Return"), "key": "F3"},
        ],
    }


def _family(session: DeskSession) -> list[Patron]:
    """Everybody whose card was scanned in this visit. Queries: 0 or 1."""
    ids = [one["patron_id"] for one in session.family] if session.is_family else []
    found = Patron.objects.in_bulk(ids) if ids else {}
    return [found[pk] for pk in ids if pk in found]


def _collects(session: DeskSession) -> list[HoldRequest]:
    """What the open reader may collect here for others (PX-2). Queries: 0 or 1."""
    if session.patron_id is None or session.branch_id is None:
        return []
    return list(
        waiting_for_principals(
            proxy_id=session.patron_id, branch_id=session.branch_id, today=timezone.localdate()
        )
    )
