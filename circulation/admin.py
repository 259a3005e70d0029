"""Circulation in the admin: readers, loans, requests, transits, odd cases; rules beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from circulation import admin_devices  # noqa: F401 - its pages register themselves
from circulation import rules_admin as rules_admin  # registers itself
from circulation.actions.note_look import note_look
from circulation.models import (
    AccessLog,
    Credential,
    Erasure,
    HoldRequest,
    ItemEvent,
    Loan,
    Patron,
    PatronMerge,
    PrivacyTerm,
    StaffException,
    Transit,
)
from circulation.models.requests import OPEN_STATES
from library_net.api.problems import sentence
from library_net.scoped_admin import NetworkOnlyAdmin, ScopedAdmin, scope_from


class CredentialInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Credential
    fields = ("kind", "masked", "status", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Patron)
class PatronAdmin(ScopedAdmin):
    """Own readers always; a foreign reader only while a loan or a request links them."""

    list_display = ("number", "masked_name", "category", "registered_at_agency", "is_blocked")
    list_filter = ("category", "is_blocked")
    list_select_related = ("category", "registered_at_agency")
    search_fields = ("number",)
    ordering = ("pk",)
    fields = (
        "number",
        "masked_name",
        "category",
        "registered_at_agency",
        "home_branch",
        "is_blocked",
        "block_note",
        "created_at",
    )
    readonly_fields = ("masked_name",)
    librarians_may_edit = True
    editable = ("is_blocked", "block_note", "home_branch")
    autocomplete_fields = ("home_branch",)
    inlines = (CredentialInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Patron]:
        rows = super().get_queryset(request)
        scope = scope_from(request)
        if scope.everywhere:
            return rows
        mine = scope.agency_ids
        linked = Q(
            pk__in=Loan.objects.filter(
                Q(owning_agency__in=mine) | Q(checkout_agency__in=mine), closed_at=None
            ).values("patron_id")
        ) | Q(
            pk__in=HoldRequest.objects.filter(
                pickup_branch__agency__in=mine, state__in=OPEN_STATES
            ).values("patron_id")
        )
        return rows.filter(Q(registered_at_agency__in=mine) | linked)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:  # noqa: ARG002
        """Only the filters shown: a query on a name or birthday would undo the mask."""
        return lookup.split("__", maxsplit=1)[0] in (*self.list_filter, "pk")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or scope_from(request).covers(obj.registered_at_agency_id))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Looking at one reader leaves a trace."""
        patron = self.get_object(request, object_id)
        if patron is not None:
            note_look(
                patron_id=patron.pk,
                actor_id=request.user.pk,
                scope=scope_from(request),
                purpose="admin",
                now=timezone.now(),
            )
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(Loan)
class LoanAdmin(ScopedAdmin):
    agency_paths = ("owning_agency_id", "checkout_agency_id", "checkin_branch__agency_id")
    list_display = (
        "item",
        "reader",
        "owning_agency",
        "checkout_branch",
        "checked_out_at",
        "due_at",
        "checkin_branch",
        "closed_at",
    )
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("item", "patron", "owning_agency", "checkout_branch", "checkin_branch")
    search_fields = ("item__barcode", "patron__number")
    ordering = ("-pk",)
    fields = (
        "item",
        "reader",
        "owning_agency",
        "checkout_branch",
        "checked_out_at",
        "due_at",
        "renewals",
        "checkin_branch",
        "closed_at",
        "terms",
    )
    readonly_fields = ("reader",)

    @admin.display(description=_("reader"))
    def reader(self, loan: Loan) -> str:
        return str(loan.patron) if loan.patron else "—"


@admin.register(HoldRequest)
class HoldRequestAdmin(ScopedAdmin):
    agency_paths = ("requesting_agency_id", "pickup_branch__agency_id", "item__owning_agency_id")
    list_display = ("title", "patron", "pickup_branch", "state", "item", "placed_at", "expires_at")
    list_filter = ("state",)
    list_select_related = ("anchor__manifestation", "patron", "pickup_branch", "item")
    search_fields = ("patron__number", "item__barcode")
    ordering = ("-pk",)

    @admin.display(description=_("title"))
    def title(self, request: HoldRequest) -> str:
        manifestation = request.anchor.manifestation
        return manifestation.title if manifestation else "—"


@admin.register(Transit)
class TransitAdmin(ScopedAdmin):
    agency_paths = ("origin__agency_id", "destination__agency_id")
    list_display = (
        "item",
        "origin",
        "destination",
        "reason",
        "state",
        "created_at",
        "dispatched_at",
        "received_at",
    )
    list_filter = ("state", "reason")
    list_select_related = ("item", "origin", "destination")
    search_fields = ("item__barcode",)
    ordering = ("-pk",)


@admin.register(StaffException)
class StaffExceptionAdmin(ScopedAdmin):
    """Accepted odd cases: what happened and the next step; settled on the desk's own page."""

    agency_paths = ("agency_id",)
    list_display = ("what", "barcode", "branch", "created_at", "closed_at", "closed_by", "note")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "code")
    list_select_related = ("branch", "closed_by")
    search_fields = ("barcode",)
    ordering = ("-pk",)

    @admin.display(description=_("what, and what to do"))
    def what(self, case: StaffException) -> str:
        return sentence(case.code, case.params)


@admin.register(ItemEvent)
class ItemEventAdmin(ScopedAdmin):
    agency_paths = ("item__owning_agency_id", "branch__agency_id")
    list_display = ("at", "item", "kind", "branch", "status")
    list_filter = ("kind",)
    list_select_related = ("item", "branch")
    search_fields = ("item__barcode",)
    ordering = ("-pk",)


@admin.register(AccessLog)
class AccessLogAdmin(NetworkOnlyAdmin):
    """For who watches over privacy: every look at a reader, every number shown, and why."""

    list_display = ("at", "who", "agency", "patron", "purpose", "credential", "reason")
    list_select_related = ("actor", "patron", "agency", "credential")
    list_filter = ("purpose", "agency")
    search_fields = ("actor__username", "patron__number")
    date_hierarchy = "at"
    ordering = ("-pk",)

    @admin.display(description=_("who"), ordering="actor")
    def who(self, row: AccessLog) -> str:
        return str(row.actor) if row.actor is not None else gettext("the institution's software")


@admin.register(PatronMerge)
class PatronMergeAdmin(NetworkOnlyAdmin):
    list_display = ("merged_at", "kept", "absorbed", "merged_by", "reason", "undone_at")
    list_select_related = ("kept", "absorbed")
    fields = (*list_display, "undone_by")
    ordering = ("-pk",)


@admin.register(Erasure)
class ErasureAdmin(NetworkOnlyAdmin):
    list_display = ("at", "agency", "actor", "rows")
    list_select_related = ("agency", "actor")
    ordering = ("-pk",)


@admin.register(PrivacyTerm)
class PrivacyTermAdmin(NetworkOnlyAdmin):
    list_display = ("agency", "loan_memory_days")
    list_select_related = ("agency",)
    editable = ("agency", "loan_memory_days")
    autocomplete_fields = ("agency",)
    may_add = may_delete = True
