"""Trouble with a loan or a copy, entered at the desk: claimed, lost, recalled, damaged, missing."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from circulation.actions.copy_troubles import report_damaged, report_not_found
from circulation.actions.loan_troubles import claim_returned, recall, report_lost
from circulation.desk import verdicts
from circulation.desk.access import intent_of, staff_page
from circulation.desk.session import keep_session, open_session
from library_net.errors import LibraryError

LOAN_ACTIONS = {"claim": claim_returned, "lost": report_lost, "recall": recall}


@staff_page
@require_POST
def loan_trouble(request: HttpRequest, loan_id: int, verb: str) -> HttpResponse:
    """The reader says it was returned, or lost it; or it is asked back."""
    action = LOAN_ACTIONS.get(verb)
    if action is None:
        raise Http404
    session = open_session(request)
    try:
        answer = action(intent=intent_of(request), loan_id=loan_id, now=timezone.now())
        session.note(_said(verb, answer))
    except LibraryError as error:
        session.note(verdicts.of_refusal(error))
    keep_session(request, session)
    return redirect("desk:scan")


@staff_page
@require_POST
def copy_trouble(request: HttpRequest) -> HttpResponse:
    """A copy here is damaged (with a note), or does not stand where it should."""
    session = open_session(request)
    given: dict[str, Any] = {
        "intent": intent_of(request),
        "branch_id": session.branch_id or 0,
        "barcode": request.POST.get("barcode", ""),
        "now": timezone.now(),
    }
    try:
        if request.POST.get("what") == "damaged":
            answer = report_damaged(note=request.POST.get("note", ""), **given)
            headline = _("Kept aside: damaged")
        else:
            answer = report_not_found(**given)
            headline = _("Noted as missing")
        item = answer["item"]
        session.note(
            verdicts.verdict(verdicts.ATTENTION, headline, copy=(item["title"], item["barcode"]))
        )
    except LibraryError as error:
        session.note(verdicts.of_refusal(error))
    keep_session(request, session)
    return redirect("desk:scan")


def _said(verb: str, answer: dict[str, Any]) -> verdicts.Verdict:
    copy = (answer["item"]["title"], answer["item"]["barcode"])
    if verb == "recall":
        line = _("Now due on %(date)s") % {"date": answer["due_date"]}
        return verdicts.verdict(verdicts.ATTENTION, _("Recalled"), lines=(line,), copy=copy)
    if verb == "claim":
        line = _("Look on the shelves. It is on the list of odd cases.")
        return verdicts.verdict(
            verdicts.ATTENTION, _("Said to be returned"), lines=(line,), copy=copy
        )
    lines = [_("For the copy ¥%(amount)s") % {"amount": answer["compensation"]}]
    if answer["processing"] != "0.00":
        lines.append(_("For processing ¥%(amount)s") % {"amount": answer["processing"]})
    if answer["fee"] != "0.00":
        lines.append(_("Overdue fee ¥%(amount)s") % {"amount": answer["fee"]})
    return verdicts.verdict(verdicts.ATTENTION, _("Lost"), lines=tuple(lines), copy=copy)
