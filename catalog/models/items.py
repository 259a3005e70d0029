"""Copies: who owns them, where they live, where they are."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.domain.items import ItemStatus
from catalog.models.sources import SourceRecord
from library_net.network.models import Agency, Branch

STATUS_NAMES: dict[str, Any] = {
    ItemStatus.AVAILABLE: _("on the shelf"),
    ItemStatus.ON_LOAN: _("on loan"),
    ItemStatus.ON_HOLD_SHELF: _("on the hold shelf"),
    ItemStatus.RESHELVING: _("being reshelved"),
    ItemStatus.IN_TRANSIT: _("in transit"),
    ItemStatus.IN_PROCESS: _("in process"),
    ItemStatus.ON_ORDER: _("on order"),
    ItemStatus.CLAIMED_RETURNED: _("claimed returned"),
    ItemStatus.LOST: _("lost"),
    ItemStatus.MISSING: _("missing"),
    ItemStatus.WITHDRAWN: _("withdrawn"),
}


class Item(models.Model):
    """One copy.

    Its status and place are set once, when it first appears; after that only circulation's actions
    write them.
    """

    owning_agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        related_name="+",
        db_index=False,  # the unique constraint below begins with it
        verbose_name=_("owner"),
    )
    barcode = models.CharField(_("barcode"), max_length=64, db_index=True)
    source_record = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="items", verbose_name=_("source record")
    )
    home_branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", verbose_name=_("home branch")
    )
    current_branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", verbose_name=_("current branch")
    )
    location = models.CharField(_("shelving location"), max_length=80, blank=True)
    call_number = models.CharField(_("call number"), max_length=120, blank=True)
    volume = models.CharField(_("volume"), max_length=80, blank=True)
    material_type = models.CharField(_("material type"), max_length=24, default="book")
    price = models.DecimalField(
        _("price (CNY)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    is_lendable = models.BooleanField(_("may be lent"), default=True)
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=list(STATUS_NAMES.items()),
        default=ItemStatus.AVAILABLE,
    )
    # Or since the last act on it, if that changed nothing.
    status_changed_at = models.DateTimeField(_("status since"))
    # An item list beats holdings embedded in MARC (house §6): records leave such a copy alone.
    is_listed = models.BooleanField(default=False)
    # The ledger entitled to lend this copy now (roadmap: members keep their own systems).
    ledger = models.CharField(_("ledger"), max_length=12, default="hosted")
    created_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(
                fields=["owning_agency", "barcode"], name="one_item_per_owner_and_barcode"
            ),
            models.CheckConstraint(
                name="item_status_known", condition=Q(status__in=[s.value for s in ItemStatus])
            ),
        ]

    def __str__(self) -> str:
        return self.barcode


class BarcodeAlias(models.Model):
    """A former barcode of a re-labelled copy."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="aliases")
    owning_agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    barcode = models.CharField(_("former barcode"), max_length=64, db_index=True)

    class Meta:
        verbose_name = _("former barcode")
        verbose_name_plural = _("former barcodes")
        constraints = [
            models.UniqueConstraint(
                fields=["owning_agency", "barcode"], name="one_alias_per_owner_and_barcode"
            )
        ]

    def __str__(self) -> str:
        return self.barcode
