"""Duplicates in the admin: what the matcher asks, and records side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import vocabulary, works_admin
from catalog.actions.resolve_match import join_records, keep_apart, take_out
from catalog.domain.records import BibRecord
from catalog.models import MatchEvidence, MatchQuestion, SourceRecord
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.network.models import Agency
from library_net.scoped_admin import ScopedAdmin, scope_from, who_decides


class Row(NamedTuple):
    """One field of the comparison: its name, what each record says, the matcher's verdict."""

    label: Any
    values: list[str]
    verdict: Any
    css: str


def _people(record: BibRecord) -> str:
    return "; ".join(vocabulary.person(one.name, one.role) for one in record.contributors)


# What is shown, under which name the evidence knows it, and how it is read off a record.
_FIELDS: tuple[tuple[Any, tuple[str, ...], Callable[[BibRecord], str]], ...] = (
    (_("title"), ("title",), lambda r: r.title),
    (_("subtitle"), ("adaptation",), lambda r: r.subtitle),
    (_("part"), ("volume",), lambda r: r.volume),
    (_("part name"), ("part_name",), lambda r: r.part_name),
    (_("responsibility"), (), lambda r: r.responsibility),
    (_("persons and bodies"), ("author",), _people),
    (_("edition"), ("edition",), lambda r: r.edition),
    (_("place"), ("place",), lambda r: r.place),
    (_("publisher"), ("publisher",), lambda r: r.publisher),
    (_("year"), ("year", "hand_press"), lambda r: str(r.year or "")),
    (_("extent"), ("pages", "volumes", "extent"), lambda r: r.extent),
    (
        _("numbers"),
        ("isbn", "issn", "ubsn", "lccn", "oclc", "sudoc", "link"),
        lambda r: " ".join(f"{i.value}{f' ({i.qualifier})' if i.qualifier else ''}"
                           for i in r.identifiers),
    ),
    (_("series"), ("series",), lambda r: "; ".join(f"{s.title} {s.volume}" for s in r.series)),
    (_("languages"), ("language",), lambda r: " ".join(map(vocabulary.language, r.languages))),
    (_("material"), ("material",), lambda r: vocabulary.material(r.material.value)),
    (_("notes"), (), lambda r: " — ".join(r.notes)[:400]),
)  # fmt: skip


def side_by_side(records: Sequence[SourceRecord], evidence: Sequence[Sequence[Any]]) -> list[Row]:
    """Fields any of the records has, with the evidence the matcher found for each."""
    read = [BibRecord.from_json(record.neutral) for record in records]
    said = {row[0]: row[1] for row in evidence}
    rows = []
    for label, names, value in _FIELDS:
        values = [value(record) for record in read]
        css = next((said[name] for name in names if name in said), "")
        if any(values):
            rows.append(Row(label, values, vocabulary.verdict(css) if css else "", css))
    return rows


def doubts(evidence: Sequence[Sequence[Any]]) -> str:
    """What kept the matcher from deciding, in words: Pages (neither says), Publisher (differ)."""
    return "; ".join(
        f"{vocabulary.field(row[0])} ({vocabulary.verdict(row[1])})"
        for row in evidence
        if row[1] != "agree"
    )


class _Deciding(ScopedAdmin):
    """Pages with buttons that call the same actions as any other door would."""

    page: str
    buttons: dict[str, Callable[[HttpRequest, Any], object]]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        shown = self.get_object(request, object_id)
        if shown is None:
            raise Http404
        if request.method == "POST" and self._press(request, shown):
            return redirect(f"admin:catalog_{self.opts.model_name}_changelist")
        context = {**self.admin_site.each_context(request), "opts": self.opts, "shown": shown}
        context |= {"title": str(self.opts.verbose_name), **self.shows(shown)}
        return render(request, f"catalog/matches/{self.page}.html", context)

    def shows(self, shown: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _press(self, request: HttpRequest, shown: Any) -> bool:
        act = next((name for name in self.buttons if name in request.POST), None)
        if act is None:
            return False
        try:
            self.buttons[act](request, shown)
        except LibraryError as error:
            messages.error(request, sentence(error.code, error.params))
            return False
        messages.success(request, gettext("Decided; the clusters are as you said."))
        return True


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


def _join(request: HttpRequest, asked: MatchQuestion) -> object:
    left, right = asked.left_id, asked.right_id
    return join_records(
        left_id=left, right_id=right, reason=_reason(request), **who_decides(request)
    )


def _apart(request: HttpRequest, asked: MatchQuestion) -> object:
    left, right = asked.left_id, asked.right_id
    return keep_apart(left_id=left, right_id=right, reason=_reason(request), **who_decides(request))


def _name(source: SourceRecord) -> str:
    """Title, part and year: enough to know a book by in a list."""
    record = BibRecord.from_json(source.neutral)
    said = (record.title or "—", record.volume, str(record.year or ""))
    return " · ".join(text for text in said if text)


class MemberFilter(admin.SimpleListFilter):
    """Questions about one institution's records, on whichever side they stand."""

    title = _("institution")
    parameter_name = "agency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        scope = scope_from(request)
        agencies = Agency.objects.filter(left_date=None).order_by("code")
        if not scope.everywhere:
            agencies = agencies.filter(pk__in=scope.agency_ids)
        return [(str(agency.pk), agency.name) for agency in agencies]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        chosen = self.value() or ""
        if not (chosen.isascii() and chosen.isdigit()):
            return queryset
        return queryset.filter(Q(left__agency=int(chosen)) | Q(right__agency=int(chosen)))


@admin.register(MatchQuestion)
class MatchQuestionAdmin(_Deciding):
    """The librarians' queue, likeliest duplicates first."""

    agency_paths = ("left__agency_id", "right__agency_id")
    list_display = ("left_title", "right_title", "members", "what_differs", "score")
    list_select_related = ("left__agency", "right__agency")
    list_filter = (MemberFilter,)
    ordering = ("-score", "pk")
    page = "question"
    buttons = {"join": _join, "apart": _apart}

    def get_queryset(self, request: HttpRequest) -> QuerySet[MatchQuestion]:
        rows: Any = super().get_queryset(request)
        found: QuerySet[MatchQuestion] = rows.open()
        return found

    def shows(self, shown: MatchQuestion) -> dict[str, Any]:
        records = [shown.left, shown.right]
        rows = side_by_side(records, shown.fields)
        return {"records": records, "rows": rows, "doubts": doubts(shown.fields)}

    @admin.display(description=_("record"))
    def left_title(self, question: MatchQuestion) -> str:
        return _name(question.left)

    @admin.display(description=_("other record"))
    def right_title(self, question: MatchQuestion) -> str:
        return _name(question.right)

    @admin.display(description=_("institutions"))
    def members(self, question: MatchQuestion) -> str:
        return f"{question.left.agency} / {question.right.agency}"

    @admin.display(description=_("what does not agree"))
    def what_differs(self, question: MatchQuestion) -> str:
        return doubts(question.fields) or "—"


def _take_out(request: HttpRequest, record: SourceRecord) -> object:
    return take_out(source_id=record.pk, **who_decides(request), reason=_reason(request))


@admin.register(SourceRecord)
class SourceRecordAdmin(_Deciding):
    """A member's record beside the others of its cluster, and the button that takes it out."""

    agency_paths = ("agency_id",)
    list_display = ("source_key", "agency", "title", "format", "encoding", "received_at")
    list_select_related = ("agency", "manifestation")
    list_filter = ("format",)
    search_fields = ("source_key",)
    ordering = ("-pk",)
    page = "record"
    buttons = {
        "take_out": _take_out,
        "take_out_of_work": works_admin.take_out,
        "join_works": works_admin.join,
        "part_works": works_admin.part,
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceRecord]:
        return super().get_queryset(request).filter(deleted_at=None)

    @admin.display(description=_("record"))
    def title(self, source: SourceRecord) -> str:
        return _name(source)

    def shows(self, shown: SourceRecord) -> dict[str, Any]:
        cluster = SourceRecord.objects.filter(deleted_at=None).select_related("agency")
        others = cluster.filter(manifestation=shown.manifestation_id).exclude(pk=shown.pk)
        records = [shown, *others.order_by("pk")[:8]]
        evidence = MatchEvidence.objects.filter(source_record__in=records, matched_with__in=records)
        mine = evidence.filter(source_record=shown) | evidence.filter(matched_with=shown)
        first = mine.order_by("-score").first()
        return {
            "records": records,
            "rows": side_by_side(records, first.fields if first else ()),
            "is_alone": len(records) == 1,
            "other_editions": works_admin.other_editions(shown),
        }
