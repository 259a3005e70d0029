"""Webhooks and harvests in the admin: network administrators set them, librarians see their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions.add_webhook import add_webhook, renew_secret, switch_on
from catalog.actions.harvest_oai import harvest_now
from catalog.actions.notifying.addresses import check_address
from catalog.models import HarvestSource, Webhook, WebhookDelivery
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.scoped_admin import ScopedAdmin, scope_from


class AddressForm(forms.ModelForm):  # type: ignore[type-arg]
    """An address we are willing to call."""

    url = forms.URLField(label=_("address"), max_length=400, assume_scheme="https")

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            check_address(url)
        except LibraryError as error:
            raise forms.ValidationError(sentence(error.code, error.params)) from error
        return url


class DeliveryInline(admin.TabularInline):  # type: ignore[type-arg]
    model = WebhookDelivery
    fields = ("attempted_at", "last_position", "status", "error")
    readonly_fields = fields
    ordering = ("-pk",)
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Webhook)
class WebhookAdmin(ScopedAdmin):
    """Adding shows the secret once."""

    form = AddressForm
    agency_paths = ("agency_id",)
    list_display = ("url", "agency", "position", "delivered_at", "failures", "disabled_at")
    list_select_related = ("agency",)
    search_fields = ("url", "agency__name_zh", "agency__code")
    ordering = ("pk",)
    readonly_fields = (
        *("position", "delivered_at", "failures", "failing_since"),
        *("last_error", "next_attempt_at", "disabled_at"),
    )
    fields = ("agency", "url", *readonly_fields)
    inlines = (DeliveryInline,)
    may_add = True
    may_delete = True
    actions = ("new_secret", "try_again")

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:  # noqa: ARG002
        if change:
            return
        added, secret = add_webhook(agency=obj.agency, url=obj.url, now=timezone.now())
        obj.pk, obj.sealed_secret = added.pk, added.sealed_secret
        obj.created_at, obj.next_attempt_at = added.created_at, added.next_attempt_at
        self._show(request, secret)

    @staticmethod
    def _show(request: HttpRequest, secret: str) -> None:
        messages.warning(
            request,
            _("The secret, shown only now: %(secret)s — the receiver checks signatures with it.")
            % {"secret": secret},
        )

    @admin.action(description=_("Give a new secret"), permissions=["set"])
    def new_secret(self, request: HttpRequest, queryset: Any) -> None:
        for webhook in queryset:
            self._show(request, renew_secret(webhook=webhook))

    @admin.action(description=_("Switch on and try again now"), permissions=["set"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        for webhook in queryset:
            switch_on(webhook=webhook, now=timezone.now())
        messages.success(request, _("It goes on where the other side stopped accepting."))

    def has_set_permission(self, request: HttpRequest) -> bool:
        return scope_from(request).everywhere


@admin.register(HarvestSource)
class HarvestSourceAdmin(ScopedAdmin):
    form = AddressForm
    agency_paths = ("agency_id",)
    list_display = (
        *("url", "set_spec", "agency", "harvested_until", "failures"),
        *("next_due_at", "is_active"),
    )
    list_select_related = ("agency",)
    search_fields = ("url", "agency__name_zh", "agency__code")
    ordering = ("pk",)
    editable = ("url", "set_spec", "metadata_prefix", "every_minutes", "is_active")
    readonly_fields = (
        *("harvested_until", "run_records", "next_due_at"),
        *("finished_at", "failures", "last_error"),
    )
    fields = ("agency", *editable, *readonly_fields)
    may_add = True
    may_delete = True
    actions = ("harvest",)

    def save_model(self, request: HttpRequest, obj: HarvestSource, form: Any, change: bool) -> None:
        if not change:
            obj.next_due_at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Harvest now"), permissions=["set"])
    def harvest(self, request: HttpRequest, queryset: Any) -> None:
        for source in queryset.select_related("agency"):
            harvest_now(source=source, now=timezone.now())
        messages.success(request, _("The harvest begins; its progress is in the list of jobs."))

    def has_set_permission(self, request: HttpRequest) -> bool:
        return scope_from(request).everywhere
