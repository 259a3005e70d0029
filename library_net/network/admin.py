"""The network in the admin: institutions, branches, calendars, routes, member keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from library_net.network.models import Agency, Branch, ClosedDay, MemberKey, Route, hash_secret
from library_net.scoped_admin import ScopedAdmin, scope_from


@admin.register(Agency)
class AgencyAdmin(ScopedAdmin):
    agency_paths = ("pk",)
    list_display = ("name", "code", "kind", "parent", "return_policy", "is_suspended")
    list_filter = ("kind", "is_suspended")
    list_select_related = ("parent",)
    search_fields = ("name_zh", "name_en", "code")
    ordering = ("code",)
    editable = (
        "name_zh",
        "name_en",
        "is_suspended",
        "joined_date",
        "left_date",
        "return_policy",
        "max_nightly_outgoing",
        "marc_format",
        "marc_encoding",
        "holdings_profile",
    )


class ClosedDayInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ClosedDay
    extra = 1
    ordering = ("-date",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_mine(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_mine(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_mine(request, obj)

    @staticmethod
    def _is_mine(request: HttpRequest, obj: Any) -> bool:
        return obj is not None and scope_from(request).covers(obj.agency_id)


@admin.register(Branch)
class BranchAdmin(ScopedAdmin):
    agency_paths = ("agency_id",)
    librarians_may_edit = True
    list_display = ("name", "code", "agency", "kind", "shelf_capacity", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("agency",)
    search_fields = ("name_zh", "name_en", "code")
    ordering = ("code",)
    inlines = (ClosedDayInline,)
    editable = (
        "name_zh",
        "name_en",
        "opening_hours",
        "shelf_capacity",
        "is_pickup_point",
        "is_active",
    )


@admin.register(Route)
class RouteAdmin(ScopedAdmin):
    agency_paths = ("origin__agency_id", "destination__agency_id")
    list_display = (
        "origin",
        "destination",
        "distance_km",
        "minutes",
        "weekdays",
        "capacity_crates",
    )
    list_select_related = ("origin", "destination")
    search_fields = ("origin__name_zh", "destination__name_zh", "origin__code")
    ordering = ("origin__code", "destination__code")
    editable = ("minutes", "weekdays", "capacity_crates")


@admin.register(MemberKey)
class MemberKeyAdmin(ScopedAdmin):
    """Issuing shows the key once; revoking is the only change."""

    agency_paths = ("agency_id",)
    list_display = ("label", "agency", "prefix", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("agency",)
    ordering = ("-created_at",)
    fields = ("agency", "label", "prefix", "created_at", "last_used_at", "revoked_at")
    readonly_fields = ("prefix", "created_at", "last_used_at", "revoked_at")
    autocomplete_fields = ("agency",)
    may_add = True
    actions = ("revoke",)

    def save_model(self, request: HttpRequest, obj: MemberKey, form: Any, change: bool) -> None:  # noqa: ARG002
        if change:
            return
        issued, secret = MemberKey.issue(agency=obj.agency, label=obj.label, now=timezone.now())
        obj.pk, obj.prefix = issued.pk, issued.prefix
        obj.secret_hash = hash_secret(secret.partition(".")[2])
        obj.created_at = issued.created_at
        messages.warning(
            request,
            _("The key, shown only now: %(key)s — give it to the library's system.")
            % {"key": secret},
        )

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, _("%(count)d keys revoked.") % {"count": count})

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return scope_from(request).everywhere
