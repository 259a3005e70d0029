"""Accounts and roles in the admin: network administrators only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from library_net.accounts.models import Role, User
from library_net.scoped_admin import NetworkOnlyAdmin, scope_from

admin.site.unregister(Group)  # roles say who may do what; groups would be a second truth


class RoleInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Role
    extra = 1
    autocomplete_fields = ("agency",)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        return scope_from(request).everywhere

    has_add_permission = has_view_permission
    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission


@admin.register(User)
class UserAdmin(NetworkOnlyAdmin):
    list_display = ("username", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("username", "name")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "name", "email")}),
        (_("May sign in"), {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )
    editable = ("name", "email", "is_active", "is_staff")
    inlines = (RoleInline,)
