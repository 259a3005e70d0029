"""An action's answer as a librarian sees it: a tone, two words, what to do with the book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from circulation.models import HoldRequest, Patron
from library_net.api.problems import sentence
from library_net.errors import LibraryError, Refused
from library_net.network.models import Agency, Branch

OK, ATTENTION, STOP = "ok", "attention", "stop"

Verdict = dict[str, Any]  # JSON, because it is kept in the session


def verdict(
    tone: str,
    headline: str,
    *,
    copy: tuple[str, str] = ("", ""),  # title and barcode
    lines: tuple[str, ...] = (),
    choices: tuple[dict[str, str], ...] = (),
) -> Verdict:
    return {
        "tone": tone,
        "headline": headline,
        "title": copy[0],
        "barcode": copy[1],
        "lines": list(lines),
        "choices": list(choices),
        "time": timezone.localtime().strftime("%H:%M:%S"),
    }


def of_checkout(answer: dict[str, Any], *, open_reader_id: int | None = None) -> Verdict:
    """Lent, and to whom when it is not the reader whose card was scanned last (PX-2, PX-4)."""
    lines = [_("Due on %(date)s") % {"date": answer["due_date"]}]
    reader = Patron.objects.filter(number=answer["patron"]).first()
    if reader is not None and open_reader_id not in (None, reader.pk):
        lines.insert(0, _("Lent to %(reader)s") % {"reader": reader})
    if answer["filled_request"]:
        lines.append(_("This fills the reader's request."))
    return verdict(OK, _("Lent"), lines=tuple(lines), copy=_copy(answer))


def of_renewal(answer: dict[str, Any]) -> Verdict:
    line = _("Now due on %(date)s") % {"date": answer["due_date"]}
    return verdict(OK, _("Renewed"), lines=(line,), copy=_copy(answer))


def of_checkin(answer: dict[str, Any]) -> Verdict:
    """Where the book goes from here is the headline."""
    tone, headline, lines = _next_step(answer["next"])
    lines = [*lines, *_money(answer), *_odd(answer)]
    if answer["exceptions"] and tone == OK:
        tone = ATTENTION
    choices = tuple(
        {"code": agency.code, "name": agency.name}
        for agency in Agency.objects.filter(code__in=answer.get("owners", ()))
    )
    shown = verdict(tone, headline, lines=tuple(lines), choices=choices, copy=_copy(answer))
    return {**shown, "slip": _slip(answer["next"])}


def _slip(step: dict[str, Any]) -> str:
    """Where its slip is printed, if it gets one."""
    if step["kind"] == "transit":
        return f"transit={step['transit']}"
    return f"request={step['request']}" if step["kind"] == "hold_shelf" else ""


def of_refusal(error: LibraryError, *, barcode: str = "") -> Verdict:
    """Every reason in words; an ambiguous barcode offers its owners to choose from."""
    reasons = error.reasons if isinstance(error, Refused) else [(error.code, error.params)]
    owners = str(error.params.get("owners", "")) if error.code == "ambiguous_item" else ""
    choices = tuple(
        {"code": agency.code, "name": agency.name}
        for agency in Agency.objects.filter(code__in=[o.strip() for o in owners.split(",")])
    )
    headline = _("Whose copy?") if choices else _("Stop")
    lines = tuple(sentence(code, params) for code, params in reasons)
    return verdict(STOP, headline, copy=("", barcode), lines=lines, choices=choices)


def _copy(answer: dict[str, Any]) -> tuple[str, str]:
    item = answer.get("item")
    return (item["title"], item["barcode"]) if item else ("", answer.get("barcode", ""))


def _next_step(step: dict[str, Any]) -> tuple[str, str, list[str]]:
    if step["kind"] == "transit":
        branch = Branch.objects.get(code=step["destination"])
        reason = {
            "to_pickup": _("A reader waits for it there."),
            "to_home": _("It goes home."),
            "rebalance": _("Tonight's plan wants it there."),
        }.get(step["reason"], "")
        return ATTENTION, _("Send to %(branch)s") % {"branch": branch.name}, [reason]
    if step["kind"] == "hold_shelf":
        return ATTENTION, _("To the hold shelf"), [_for_whom(step["request"])]
    if step["kind"] == "shelf":
        return OK, _("Back to the shelf"), []
    return STOP, _("Put aside for staff"), []


def _for_whom(request_id: int) -> str:
    request = HoldRequest.objects.select_related("patron").get(pk=request_id)
    until = timezone.localtime(request.expires_at) if request.expires_at else None
    return _("For reader %(reader)s, until %(date)s") % {
        "reader": str(request.patron),
        "date": until.date().isoformat() if until else "—",
    }


def _money(answer: dict[str, Any]) -> list[str]:
    lines = []
    if late := answer["days_late"]:
        lines.append(ngettext("%(n)d day late", "%(n)d days late", late) % {"n": late})
    if Decimal(answer["fee"]):
        owner = Agency.objects.filter(code=answer["fee_owner"]).first()
        lines.append(
            _("Fee ¥%(fee)s, due to %(owner)s") % {"fee": answer["fee"], "owner": owner or ""}
        )
    return lines


def _odd(answer: dict[str, Any]) -> list[str]:
    params = {"barcode": answer.get("barcode", ""), "owners": ", ".join(answer.get("owners", ()))}
    if answer.get("item"):
        params["barcode"] = answer["item"]["barcode"]
    return [sentence(odd["code"], params) for odd in answer["exceptions"]]
