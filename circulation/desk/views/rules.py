"""The rules under inspection: what the check finds, and a draft tried on what happened."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from circulation.actions.load_rules import RuleFile, read_rules
from circulation.desk.access import staff_page
from circulation.domain.calendar import local_date
from circulation.domain.rule_check import Finding
from circulation.domain.whatif import WhatIf, may_vanish, what_if
from circulation.models import Loan
from circulation.readers.reference import load_reference, rule_of
from circulation.readers.rules import (
    built_in_rules,
    check_network,
    draft_book,
    past_refusals,
    stories,
)
from circulation.rule_texts import (
    CHANGES,
    EVENTS,
    SEVERITIES,
    Names,
    change_text,
    finding_text,
    refusal_text,
)
from library_net.accounts.scope import Scope, scope_of
from library_net.api.problems import sentence
from library_net.errors import LibraryError

LARGEST_FILE: Final = 1024 * 1024
SHOWN: Final = 200
DAYS: Final = (7, 30, 90)


@staff_page
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """GET checks the rules as they are; POST checks and tries a file. Nothing is ever written."""
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Are the rules sound?"),
        "days_choices": DAYS,
        "days": 30,
    }
    if request.method == "POST":
        context |= _trial(request)
    else:
        today = local_date(timezone.now())
        context["findings"] = _texts(check_network(today=today))
    return render(request, "desk/rules.html", context)


def _trial(request: HttpRequest) -> dict[str, Any]:
    given = request.POST.get("days", "")
    days = int(given) if given in {str(choice) for choice in DAYS} else 30
    uploaded = request.FILES.get("file")
    if not isinstance(uploaded, UploadedFile) or (uploaded.size or 0) > LARGEST_FILE:
        return {"problem": _("Choose a rule file of at most 1 MB, then try again.")}
    name = uploaded.name or ""
    try:
        draft = read_rules(uploaded.read().decode("utf-8-sig"), name=name)
    except LibraryError as error:
        return {"problem": sentence(error.code, error.params), "days": days}
    except UnicodeDecodeError as error:
        params = {"file": name, "detail": str(error)}
        return {"problem": sentence("rules_unreadable", params), "days": days}
    return {"file": name, "days": days, **_tried(draft, days=days, scope=scope_of(request.user))}


def _tried(draft: RuleFile, *, days: int, scope: Scope) -> dict[str, Any]:
    now = timezone.now()
    reference = load_reference(today=local_date(now))
    book = draft_book((rule_of(row) for row in draft.rules), reference=reference)
    own = set(built_in_rules(reference))
    findings = check_network(today=local_date(now), rules=[r for r in book if r not in own])
    result = what_if(
        stories(days=days, now=now, reference=reference), now_rules=reference.rules, draft=book
    )
    lifted = may_vanish(past_refusals(days=days, now=now), draft=book)
    return {
        "findings": _texts(findings),
        "result": result,
        "counts": [(CHANGES[kind], count) for kind, count in result.count().items()],
        "changes": _changes(result, scope=scope),
        "lifted": [(refusal_text(*key), count) for key, count in lifted.items()],
        "skipped": draft.skipped,
    }


def _texts(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    names = Names() if findings else None
    return [
        {
            "severity": str(finding.severity),
            "word": SEVERITIES[finding.severity],
            "text": finding_text(finding, names=names),
        }
        for finding in findings
        if names is not None
    ]


def _changes(result: WhatIf, *, scope: Scope) -> list[dict[str, Any]]:
    """The first changes about loans of the librarian's own institution, with their barcodes."""
    ids = {change.loan_id for change in result.changes}
    rows = Loan.objects.filter(pk__in=list(ids)[:20_000])
    if not scope.everywhere:
        mine = scope.agency_ids
        rows = rows.filter(checkout_agency__in=mine) | rows.filter(owning_agency__in=mine)
    barcodes = dict(rows.values_list("pk", "item__barcode"))
    shown = [change for change in result.changes if change.loan_id in barcodes][:SHOWN]
    return [
        {
            "day": local_date(change.at),
            "event": EVENTS[change.event],
            "barcode": barcodes[change.loan_id],
            "kind": CHANGES[change.kind],
            "text": change_text(change),
            "rule": change.rule,
        }
        for change in shown
    ]
