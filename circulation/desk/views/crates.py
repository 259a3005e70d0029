"""Crates at the desk: scan the crate, then its copies; print its manifest."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from circulation.actions import crates
from circulation.actions.checkin import checkin
from circulation.actions.receive_transit import receive_transit
from circulation.desk import verdicts
from circulation.desk.access import intent_of, new_operation_id, staff_page
from circulation.desk.session import branches_of, open_session
from circulation.domain.credentials import mask_document
from circulation.domain.scans import clean_barcode
from circulation.domain.states import CrateState, TransitState
from circulation.models import Crate
from circulation.readers.crates import crates_for, manifest
from library_net.accounts.scope import scope_of
from library_net.api.problems import sentence
from library_net.barcodes import code_128, qr
from library_net.errors import LibraryError
from library_net.network.models import Branch

STEPS = {
    "close": crates.close_crate,
    "reopen": crates.reopen_crate,
    "dispatch": crates.dispatch_crate,
    "receive": crates.receive_crate,
    "empty": crates.empty_crate,
}


@staff_page
@require_http_methods(["GET", "POST"])
def crate_list(request: HttpRequest) -> HttpResponse:
    """The crates under way; POST scans the code on a crate and does what comes next."""
    if request.method == "POST":
        return _scan_crate(request)
    scope = scope_of(request.user)
    session = open_session(request)
    here = session.branch_id
    context = {
        **admin.site.each_context(request),
        "title": _("Crates"),
        "crates": [_seen(crate, scope=scope) for crate in crates_for(scope)],
        "mine": branches_of(scope),
        "here": here,
        "branches": Branch.objects.filter(is_active=True).exclude(pk=here or 0).order_by("code"),
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/crates.html", context)


@staff_page
@require_POST
def open_crate(request: HttpRequest) -> HttpResponse:
    try:
        answer = crates.open_crate(
            intent=intent_of(request),
            code=request.POST.get("code", ""),
            origin_id=_number(request.POST.get("origin")),
            destination_id=_number(request.POST.get("destination")),
            now=timezone.now(),
        )
    except LibraryError as error:
        _tell(request, error)
        return redirect("desk:crates")
    return redirect("desk:crate", answer["crate"])


@staff_page
@require_http_methods(["GET", "POST"])
def crate(request: HttpRequest, crate_id: int) -> HttpResponse:
    """One crate; POST scans a copy into it, or out of it."""
    scope = scope_of(request.user)
    row = crates_for(scope, state="any").filter(pk=crate_id).first()
    if row is None:
        raise Http404
    verdict = None
    if request.method == "POST":
        verdict = _scan_copy(request, row)
    context = {
        **admin.site.each_context(request),
        **_seen(row, scope=scope),
        "title": _("Crate %(code)s") % {"code": row.code},
        "lines": list(manifest(row)),
        "verdict": verdict,
        "operation_id": new_operation_id(),
    }
    return render(request, "desk/crate.html", context)


@staff_page
@require_POST
def step(request: HttpRequest, crate_id: int, name: str) -> HttpResponse:
    """Close, reopen, dispatch, receive or empty the crate."""
    action = STEPS.get(name)
    if action is None:
        raise Http404
    try:
        action(intent=intent_of(request), crate_id=crate_id, now=timezone.now())
    except LibraryError as error:
        _tell(request, error)
    return redirect("desk:crate", crate_id)


@staff_page
@require_GET
def print_manifest(request: HttpRequest, crate_id: int) -> HttpResponse:
    """The sheet that travels in the crate, with its code to scan at the other end (TR-6)."""
    row = crates_for(scope_of(request.user), state="any").filter(pk=crate_id).first()
    if row is None:
        raise Http404
    context = {
        "title": _("Manifest of crate %(code)s") % {"code": row.code},
        "crate": row,
        "lines": list(manifest(row)),
        "bars": code_128(row.code),
        "square": qr(row.code),
        "printed_at": timezone.localtime(),
    }
    return render(request, "desk/print_manifest.html", context)


def _scan_crate(request: HttpRequest) -> HttpResponse:
    """At its origin a closed crate leaves, at its destination it has arrived."""
    scope = scope_of(request.user)
    code = clean_barcode(request.POST.get("code", "")).upper()
    row = crates_for(scope).filter(code=code).first()
    if row is None:
        text = _("No crate %(code)s is under way from or to your branches. Open it below.")
        messages.warning(request, text % {"code": mask_document(code)})
        return redirect("desk:crates")
    is_coming = scope.covers(row.destination.agency_id)
    is_ours = scope.covers(row.origin.agency_id)
    action = None
    if row.state == CrateState.DISPATCHED and is_coming:
        action = crates.receive_crate
    elif row.state == CrateState.CLOSED:
        action = crates.dispatch_crate if is_ours else crates.receive_crate
    if action is not None:
        try:
            action(intent=intent_of(request), crate_id=row.pk, now=timezone.now())
        except LibraryError as error:
            _tell(request, error)
    return redirect("desk:crate", row.pk)


def _scan_copy(request: HttpRequest, row: Crate) -> dict[str, Any]:
    """Into an open crate; out of one that arrived. A copy not on the manifest is a return too."""
    text = clean_barcode(request.POST.get("code", ""))
    try:
        if row.state == CrateState.OPEN:
            return _pack(request, row, text)
        return _unpack(request, row, text)
    except LibraryError as error:
        return verdicts.of_refusal(error, barcode=mask_document(text))


def _pack(request: HttpRequest, row: Crate, text: str) -> dict[str, Any]:
    answer = crates.pack(
        intent=intent_of(request), crate_id=row.pk, barcode=text, now=timezone.now()
    )
    line = _("%(count)s copies in the crate") % {"count": answer["copies"]}
    return verdicts.verdict(verdicts.OK, _("In the crate"), lines=(line,), copy=(text, text))


def _unpack(request: HttpRequest, row: Crate, text: str) -> dict[str, Any]:
    intent, now = intent_of(request), timezone.now()
    inside = manifest(row).filter(item__barcode=text, state=TransitState.DISPATCHED).first()
    if inside is not None:
        return verdicts.of_checkin(receive_transit(intent=intent, transit_id=inside.pk, now=now))
    found = checkin(intent=intent, branch_id=row.destination_id, barcode=text, now=now)
    shown = verdicts.of_checkin(found)
    shown["lines"].append(_("It is not on the manifest of this crate."))
    return shown


def _seen(row: Crate, *, scope: Any) -> dict[str, Any]:
    """A crate with what this librarian can do next."""
    is_ours, is_coming = (
        scope.covers(row.origin.agency_id),
        scope.covers(row.destination.agency_id),
    )
    state = CrateState(row.state)
    steps = {
        CrateState.OPEN: [("close", _("Close the crate"))] if is_ours else [],
        CrateState.CLOSED: [("dispatch", _("It leaves")), ("reopen", _("Open it again"))]
        if is_ours
        else [],
        CrateState.DISPATCHED: [("receive", _("It has arrived"))] if is_coming else [],
        CrateState.ARRIVED: [("empty", _("It is empty"))] if is_coming else [],
    }.get(state, [])
    takes_scans = (state == CrateState.OPEN and is_ours) or (
        state == CrateState.ARRIVED and is_coming
    )
    return {"crate": row, "steps": steps, "takes_scans": takes_scans}


def _tell(request: HttpRequest, error: LibraryError) -> None:
    reasons = getattr(error, "reasons", None) or [(error.code, error.params)]
    for code, params in reasons:
        messages.error(request, sentence(code, params))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0
