"""The catalogue in the admin: batches and rejects, works with their evidence, items."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import admin_sync as admin_sync
from catalog import decisions_admin as decisions_admin
from catalog import matches_admin as matches_admin
from catalog import vocabulary
from catalog.models import Batch, Item, Manifestation, Reject, SourceRecord
from catalog.problems import note_on
from library_net.api.problems import code_text, sentence
from library_net.scoped_admin import ScopedAdmin


@admin.register(Batch)
class BatchAdmin(ScopedAdmin):
    agency_paths = ("agency_id",)
    list_display = (
        "file_name",
        "agency",
        "state",
        "records",
        "created",
        "updated",
        "unchanged",
        "deleted",
        "merged",
        "rejects_link",
        "created_at",
    )
    list_filter = ("state",)
    list_select_related = ("agency",)
    search_fields = ("file_name", "agency__name_zh", "agency__code")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (
            *("agency", "file_name", "state", "note", "scope", "sequence", "kind"),
            *("created_at", "finished_at", "byte_count", "digest", "mends"),
        )}),
        (_("Records"), {"fields": (
            *("records", "created", "updated", "unchanged", "deleted", "merged"),
            *("outdated", "repeated", "rejects_link", "lost", "withheld", "withdrawal"),
            *("confirmed_at", "confirmed_by"),
        )}),
        (_("Copies"), {"fields": ("items_created", "items_updated")}),
    )  # fmt: skip
    readonly_fields = ("note", "rejects_link", "scope")

    @admin.display(description=_("mode"))
    def scope(self, batch: Batch) -> str:
        is_full = batch.mode == "full"
        return gettext("everything the member has") if is_full else gettext("changes only")

    @admin.display(description=_("note"))
    def note(self, batch: Batch) -> str:
        return note_on(batch) or (batch.job.message if batch.job else "") or "—"

    @admin.display(description=_("quarantined"), ordering="quarantined")
    def rejects_link(self, batch: Batch) -> SafeString | int:
        if not batch.quarantined:
            return 0
        text = str(batch.quarantined)
        if batch.mended:
            text = _("%(quarantined)d, %(mended)d mended") % {
                "quarantined": batch.quarantined,
                "mended": batch.mended,
            }
        return format_html(
            '<a href="{}?batch={}">{}</a>',
            reverse("admin:catalog_reject_changelist"),
            batch.pk,
            text,
        )


class ReasonFilter(admin.SimpleListFilter):
    """By reason, in words; the reasons there are."""

    title = _("reason")
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = model_admin.get_queryset(request).order_by("code").values_list("code", flat=True)
        return [(code, code_text(code)) for code in codes.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(Reject)
class RejectAdmin(ScopedAdmin):
    agency_paths = ("batch__agency_id",)
    list_display = ("batch", "position", "offset", "length", "reason", "mended")
    list_filter = (ReasonFilter, ("resolved_at", admin.EmptyFieldListFilter), "batch__agency")
    list_select_related = ("batch",)
    search_fields = ("code", "batch__file_name")
    ordering = ("batch", "position")
    fields = ("batch", "position", "offset", "length", "reason", "mended", "bytes_as_text")
    readonly_fields = ("reason", "mended", "bytes_as_text")

    @admin.display(description=_("mended"), ordering="resolved_at")
    def mended(self, reject: Reject) -> SafeString | str:
        if reject.resolved_at:
            return date_format(timezone.localtime(reject.resolved_at), "SHORT_DATETIME_FORMAT")
        return format_html(
            '<a href="{}">{}</a>', reverse("members:mend", args=[reject.pk]), _("mend")
        )

    @admin.display(description=_("reason"))
    def reason(self, reject: Reject) -> str:
        return sentence(reject.code, reject.params)

    @admin.display(description=_("what was sent"))
    def bytes_as_text(self, reject: Reject) -> SafeString:
        text = bytes(reject.raw)[:4000].decode("utf-8", errors="replace")
        return format_html('<pre class="raw">{}</pre>', text)


class SourceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = SourceRecord
    fk_name = "manifestation"
    fields = ("agency", "source_key", "format", "encoding", "evidence_text")
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = _("members' records in this cluster, and why they are together")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    @admin.display(description=_("evidence"))
    def evidence_text(self, source: SourceRecord) -> SafeString | str:
        rows = [
            (
                "; ".join(
                    f"{vocabulary.field(name)} ({vocabulary.verdict(verdict)})"
                    for name, verdict, *_rest in edge.fields
                ),
                edge.score,
            )
            for edge in source.evidence.all()
        ]
        return format_html_join(mark_safe("<br>"), "{} ({:.2f})", rows) if rows else "—"


@admin.register(Manifestation)
class ManifestationAdmin(ScopedAdmin):
    """The union catalogue is everybody's: every librarian may look at all of it."""

    list_display = ("title", "author", "publisher", "year", "source_count", "updated_at")
    search_fields = ("title", "author")
    ordering = ("-source_count", "pk")
    fields = ("title", "author", "publisher", "year", "work", "absorbed", "deleted_at")
    readonly_fields = ("absorbed",)
    inlines = (SourceInline,)

    @admin.display(description=_("absorbed by"))
    def absorbed(self, edition: Manifestation) -> str:
        survivor = edition.absorbed_by
        return f"{survivor} ({survivor.public_id})" if survivor else "—"


@admin.register(Item)
class ItemAdmin(ScopedAdmin):
    agency_paths = ("owning_agency_id", "current_branch__agency_id")
    list_display = (
        "barcode",
        "title",
        "call_number",
        "status",
        "current_branch",
        "home_branch",
        "owning_agency",
    )
    list_filter = ("status", "material_type", "is_lendable")
    list_select_related = (
        "source_record__manifestation",
        "current_branch",
        "home_branch",
        "owning_agency",
    )
    search_fields = ("barcode", "call_number")
    ordering = ("pk",)
    raw_id_fields = ("source_record",)

    @admin.display(description=_("title"))
    def title(self, item: Item) -> str:
        manifestation = item.source_record.manifestation
        return manifestation.title if manifestation else "—"
