"""Machines and gateways in the admin: SIP2 terminals, and the channels notices leave by."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from circulation.models import NoticeChannel, SipTerminal
from circulation.models.terminals import SIP2_REQUESTS
from library_net.scoped_admin import NetworkOnlyAdmin, ScopedAdmin, scope_from

SHORTEST_PASSWORD = 8
SECRET_INPUT = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class TerminalForm(forms.ModelForm):  # type: ignore[type-arg] # generic only in the stubs
    """A password is set, never shown."""

    new_password = forms.CharField(
        label=_("new password (CO)"),
        required=False,
        min_length=SHORTEST_PASSWORD,
        max_length=60,
        widget=SECRET_INPUT,
        help_text=_("Empty: stays as it is. Only its hash is kept."),
    )

    class Meta:
        model = SipTerminal
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        data = dict(super().clean() or {})
        if self.instance.pk is None and not data.get("new_password"):
            self.add_error("new_password", _("A new terminal needs a password."))
        unknown = set(str(data.get("allowed_messages", "")).split()) - SIP2_REQUESTS
        if unknown:
            text = _("These are no SIP2 requests: %(codes)s.") % {
                "codes": ", ".join(sorted(unknown))
            }
            self.add_error("allowed_messages", text)
        return data


@admin.register(SipTerminal)
class SipTerminalAdmin(ScopedAdmin):
    """Librarians see and keep the machines of their own branches."""

    form = TerminalForm
    agency_paths = ("branch__agency_id",)
    list_display = ("label", "branch", "login", "encoding", "is_active", "last_seen_at")
    list_filter = ("is_active",)
    list_select_related = ("branch",)
    search_fields = ("label", "login")
    ordering = ("label",)
    autocomplete_fields = ("branch",)
    librarians_may_edit: ClassVar[bool] = True
    may_add: ClassVar[bool] = True
    editable: ClassVar[tuple[str, ...]] = (
        *("label", "branch", "login", "new_password", "address", "is_active"),
        *("encoding", "line_end", "language", "currency", "due_format"),
        *("allowed_messages", "hidden_fields", "always_send_destination", "send_alert_00"),
        *("needs_pin", "shows_full_names", "sort_bins"),
    )
    fieldsets = (
        (None, {"fields": ("label", "branch", "login", "new_password", "address", "is_active")}),
        (
            _("How it talks"),
            {"fields": ("encoding", "line_end", "language", "currency", "due_format")},
        ),
        (
            _("What it may do"),
            {"fields": ("allowed_messages", "needs_pin", "shows_full_names")},
        ),
        (
            _("Sorters and quirks"),
            {
                "fields": (
                    *("sort_bins", "always_send_destination", "send_alert_00", "hidden_fields"),
                    *("last_seen_at",),
                )
            },
        ),
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only branches of one's own institution can be chosen."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        scope = scope_from(request)
        if db_field.name == "branch" and field is not None and field.queryset is not None:
            mine = (
                field.queryset
                if scope.everywhere
                else field.queryset.filter(agency_id__in=scope.agency_ids)
            )
            field.queryset = mine
        return field

    def save_model(self, request: HttpRequest, obj: SipTerminal, form: Any, change: bool) -> None:
        clear = form.cleaned_data.get("new_password")
        if clear:
            obj.set_password(clear)
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *([] if obj else ["last_seen_at"])]


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg] # generic only in the stubs
    new_secret = forms.CharField(
        label=_("new secret"), required=False, max_length=200, widget=SECRET_INPUT
    )

    class Meta:
        model = NoticeChannel
        fields = "__all__"


@admin.register(NoticeChannel)
class NoticeChannelAdmin(NetworkOnlyAdmin):
    """Where text messages and push leave; the secret is sealed and never shown."""

    form = ChannelForm
    list_display = ("kind", "url", "is_active")
    fields = ("kind", "url", "new_secret", "is_active")
    may_add: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True
    editable: ClassVar[tuple[str, ...]] = ("kind", "url", "new_secret", "is_active")

    def save_model(self, request: HttpRequest, obj: NoticeChannel, form: Any, change: bool) -> None:
        clear = form.cleaned_data.get("new_secret")
        if clear:
            obj.set_secret(clear)
        super().save_model(request, obj, form, change)
