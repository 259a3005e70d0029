"""Admin pages that show each librarian her own institution's rows, and change nothing by default.

State columns are what events add up to, so pages are read-only unless they list ``editable``
fields; every change of state is an admin action or a desk page that calls the same actions as the
other doors.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from library_net.accounts.scope import Scope, scope_of


def scope_from(request: HttpRequest) -> Scope:
    return scope_of(request.user)


def who_decides(request: HttpRequest) -> dict[str, Any]:
    """What actions ask of every librarian's decision: scope, user and the time."""
    return {"scope": scope_from(request), "user_id": request.user.pk, "now": timezone.now()}


class ScopedAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic only in the stubs
    """Rows of the user's agencies; roles decide, not Django's per-model permissions."""

    # Lookups to an agency id; a row is shown when any of them is in the user's scope. Empty: all.
    agency_paths: ClassVar[tuple[str, ...]] = ()
    # Fields people may edit. ``librarians_may_edit`` widens that from network administrators.
    editable: ClassVar[tuple[str, ...]] = ()
    librarians_may_edit: ClassVar[bool] = False
    may_add: ClassVar[bool] = False
    may_delete: ClassVar[bool] = False
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        scope = scope_from(request)
        if scope.everywhere or not self.agency_paths:
            return rows
        mine = Q()
        for path in self.agency_paths:
            mine |= Q(**{f"{path}__in": scope.agency_ids})
        return rows.filter(mine)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        if obj is None and self.may_add:
            return list(self.readonly_fields)
        fields = [field.name for field in self.opts.fields]
        declared = [name for name in self.readonly_fields if isinstance(name, str)]
        open_fields = set(self.editable) if self._may_edit(request) else set()
        return [name for name in [*declared, *fields] if name not in open_fields]

    def _may_edit(self, request: HttpRequest) -> bool:
        scope = scope_from(request)
        return scope.everywhere or (self.librarians_may_edit and bool(scope.agency_ids))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(
        self,
        request: HttpRequest,
        obj: Model | None = None,  # noqa: ARG002 - get_queryset has already limited the rows
    ) -> bool:
        scope = scope_from(request)
        return scope.everywhere or bool(scope.agency_ids)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return bool(self.editable) and self._may_edit(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self._may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return self.may_delete and self._may_edit(request)


class NetworkOnlyAdmin(ScopedAdmin):
    """Only network administrators see these rows at all."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return scope_from(request).everywhere
