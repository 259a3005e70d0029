"""The members' pages: who is behind, what is wrong with which records, and mending them."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.actions.confirm_withdrawal import confirm_withdrawal
from catalog.actions.measure_quality import start_measuring
from catalog.actions.resubmit_reject import resubmit_reject
from catalog.desk.words import LACKS
from catalog.domain.quality import Lack
from catalog.models import Batch, QualityReport, Reject, Withdrawal
from catalog.problems import note_on
from catalog.sync_readers.report import member_lines, member_report
from library_net.accounts.scope import scope_of
from library_net.api.problems import code_text, sentence
from library_net.errors import LibraryError
from library_net.network.models import Agency

SHOWN_BYTES = 8000
MAX_MENDED_BYTES = 8 * 1024 * 1024


@require_GET
def members(request: HttpRequest) -> HttpResponse:
    """Everybody for network administrators; a librarian of one institution goes straight to it."""
    scope = scope_of(request.user)
    lines = member_lines(agency_ids=None if scope.everywhere else scope.agency_ids)
    if len(lines) == 1:
        return redirect("members:member", lines[0].agency.code)
    return _page(request, "members", _("Members' records"), lines=lines)


@require_GET
def member(request: HttpRequest, code: str) -> HttpResponse:
    agency = _agency(request, code)
    report = member_report(agency=agency, now=timezone.now())
    return _page(
        request,
        "member",
        agency.name,
        report=report,
        full_note=note_on(report.last_full) if report.last_full else "",
        question=_question(agency),
        rejects=[(code, code_text(code), count) for code, count in report.rejects],
        quality=_quality(report.quality),
        mixes=_mixes(report.quality),
    )


class QualityLine(NamedTuple):
    text: Any
    records: int
    percent: float
    samples: list[str]


def _quality(report: QualityReport | None) -> list[QualityLine]:
    """What the records lack, the commonest first."""
    result = report.result if report else {}
    total = result.get("records", 0)
    if not total:
        return []
    lacks, samples = result.get("lacks", {}), result.get("samples", {})
    lines = [
        QualityLine(LACKS[lack], lacks[lack], 100 * lacks[lack] / total, samples.get(lack, []))
        for lack in Lack
        if lacks.get(lack)
    ]
    return sorted(lines, key=lambda line: -line.records)


def _mixes(report: QualityReport | None) -> list[tuple[str, list[tuple[str, int]]]]:
    result = report.result if report else {}
    titles = (("encodings", _("Encodings")), ("formats", _("Formats")))
    return [
        (title, sorted(result[name].items(), key=lambda row: -row[1]))
        for name, title in titles
        if result.get(name)
    ]


@require_POST
def measure(request: HttpRequest, code: str) -> HttpResponse:
    start_measuring(agency=_agency(request, code), now=timezone.now())
    messages.success(request, _("The records are being counted; look again in a moment."))
    return redirect("members:member", code)


@require_POST
def withdraw(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The answer to a full file that lacked much: it is really gone."""
    batch = Batch.objects.select_related("agency").filter(pk=batch_id).first()
    if batch is None or not scope_of(request.user).covers(batch.agency_id):
        raise Http404
    try:
        confirm_withdrawal(batch=batch, user_id=request.user.pk, now=timezone.now())
    except LibraryError as error:
        messages.error(request, sentence(error.code, error.params))
    else:
        messages.success(request, _("The records this file lacks are being withdrawn."))
    return redirect("members:member", batch.agency.code)


def _question(agency: Agency) -> Batch | None:
    """The full file that waits for an answer."""
    asked = Batch.objects.filter(agency=agency, withdrawal=Withdrawal.ASKED)
    return asked.order_by("-pk").first()


@require_http_methods(["GET", "POST"])
def mend(request: HttpRequest, reject_id: int) -> HttpResponse:
    """One rejected record with its reason and its bytes, and a place for the mended one."""
    reject = Reject.objects.select_related("batch__agency").filter(pk=reject_id).first()
    if reject is None or not scope_of(request.user).covers(reject.batch.agency_id):
        raise Http404
    if request.method == "POST":
        try:
            resubmit_reject(reject=reject, content=_sent(request), now=timezone.now())
        except LibraryError as error:
            messages.error(request, sentence(error.code, error.params))
        else:
            messages.success(request, _("The record was taken in and is being read."))
            return redirect("members:member", reject.batch.agency.code)
    raw = bytes(reject.raw)
    return _page(
        request,
        "mend",
        _("Mend a record"),
        reject=reject,
        reason=sentence(reject.code, reject.params),
        bytes_as_text=raw[:SHOWN_BYTES].decode("utf-8", errors="replace"),
        is_cut=len(raw) > SHOWN_BYTES,
    )


def _sent(request: HttpRequest) -> bytes:
    """A file as it is, or typed text as UTF-8."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "").strip().encode()
    if (upload.size or 0) > MAX_MENDED_BYTES:
        raise LibraryError("batch_too_large", limit_mb=MAX_MENDED_BYTES // 2**20)
    return bytes(upload.read())


def _agency(request: HttpRequest, code: str) -> Agency:
    agency = Agency.objects.filter(code=code).first()
    if agency is None or not scope_of(request.user).covers(agency.pk):
        raise Http404
    return agency


def _page(request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **context}
    return render(request, f"catalog/desk/{name}.html", context)
