"""Rules and books in the admin: rules may be edited, what was booked only read."""

from __future__ import annotations

from django.contrib import admin

from circulation.models import (
    CollectionAgreement,
    LedgerEntry,
    LoanRule,
    MaterialType,
    PatronCategory,
    PointEntry,
    Settlement,
    Suspension,
)
from library_net.scoped_admin import NetworkOnlyAdmin, ScopedAdmin


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ScopedAdmin):
    """Each row moves its amount from one account to another in one institution's books."""

    agency_paths = ("owner_id", "collector_id")
    list_display = (
        "at",
        "kind",
        "amount",
        "book",
        "credit",
        "debit",
        "patron",
        "owner",
        "collector",
        "rule",
        "reason",
    )
    list_filter = ("kind", "debit", "credit")
    list_select_related = ("patron", "owner", "collector", "book")
    search_fields = ("patron__number",)
    date_hierarchy = "at"
    ordering = ("-pk",)


@admin.register(Settlement)
class SettlementAdmin(ScopedAdmin):
    agency_paths = ("first_id", "second_id")
    list_display = ("month", "first", "first_owes", "second", "second_owes", "created_at")
    list_select_related = ("first", "second")
    ordering = ("-month", "-pk")


@admin.register(CollectionAgreement)
class CollectionAgreementAdmin(ScopedAdmin):
    list_display = ("code", "owner", "collector", "valid_from", "valid_to")
    list_select_related = ("owner", "collector")
    autocomplete_fields = ("owner", "collector")
    editable = ("code", "owner", "collector", "valid_from", "valid_to")
    ordering = ("code",)
    may_add = True


@admin.register(PointEntry)
class PointEntryAdmin(ScopedAdmin):
    agency_paths = ("scheme_id", "patron__registered_at_agency_id")
    list_display = ("day", "patron", "kind", "points", "scheme")
    list_filter = ("kind",)
    list_select_related = ("patron", "scheme")
    search_fields = ("patron__number",)
    ordering = ("-pk",)


@admin.register(Suspension)
class SuspensionAdmin(ScopedAdmin):
    agency_paths = ("owner_id", "patron__registered_at_agency_id")
    list_display = ("patron", "owner", "until", "days", "rule", "lifted_at", "reason")
    list_select_related = ("patron", "owner")
    search_fields = ("patron__number",)
    ordering = ("-pk",)


@admin.register(LoanRule)
class LoanRuleAdmin(ScopedAdmin):
    """Every keeper of rules may look; the network's administrators change them."""

    change_list_template = "desk/loan_rules.html"
    list_display = (
        "code",
        "owner",
        "visited",
        "category",
        "material",
        "valid_from",
        "valid_to",
        "loan_days",
        "max_loans",
        "max_renewals",
        "fee_per_day",
        "fee_cap",
    )
    list_select_related = ("owner", "visited", "category", "material")
    autocomplete_fields = ("owner", "visited", "branch")
    search_fields = ("code", "owner__code", "owner__name_zh")
    ordering = ("code",)
    may_add = True
    may_delete = True
    editable = tuple(f.name for f in LoanRule._meta.fields if f.name != "id")  # noqa: SLF001


@admin.register(PatronCategory, MaterialType)
class RuleKeyAdmin(NetworkOnlyAdmin):
    list_display = ("code", "name_zh", "name_en")
    may_add = True
    editable = ("name_zh", "name_en")
