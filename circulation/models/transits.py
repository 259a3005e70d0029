"""Transits: one item moving between branches."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from circulation.domain.states import CrateState, TransitReason, TransitState
from circulation.models.requests import HoldRequest
from library_net.network.models import Branch

STATE_NAMES = [
    (TransitState.PENDING, _("set aside")),
    (TransitState.DISPATCHED, _("on its way")),
    (TransitState.RECEIVED, _("arrived")),
    (TransitState.CANCELLED, _("cancelled")),
]
REASON_NAMES = [
    (TransitReason.TO_PICKUP, _("for a reader's request")),
    (TransitReason.TO_HOME, _("going home")),
    (TransitReason.REBALANCE, _("rebalancing")),
]
ACTIVE_STATES = (TransitState.PENDING, TransitState.DISPATCHED)


CRATE_STATES = [
    (CrateState.OPEN, _("being packed")),
    (CrateState.CLOSED, _("closed")),
    (CrateState.DISPATCHED, _("on its way")),
    (CrateState.ARRIVED, _("being unpacked")),
    (CrateState.EMPTIED, _("emptied")),
]
BUSY_CRATE_STATES = (
    CrateState.OPEN,
    CrateState.CLOSED,
    CrateState.DISPATCHED,
    CrateState.ARRIVED,
)


class Crate(models.Model):
    """One load of one crate from branch to branch; its transits are the manifest.

    ``code`` is what stands on the crate itself and comes round again with its next load.
    """

    code = models.CharField(_("crate"), max_length=24)
    origin = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("to"))
    state = models.CharField(
        _("state"), max_length=10, choices=CRATE_STATES, default=CrateState.OPEN
    )
    created_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    emptied_at = models.DateTimeField(_("emptied"), null=True, blank=True)

    class Meta:
        verbose_name = _("crate")
        verbose_name_plural = _("crates")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(state__in=[s.value for s in BUSY_CRATE_STATES]),
                name="one_load_per_crate",
            ),
            models.CheckConstraint(
                name="crate_state_known", condition=Q(state__in=[s.value for s in CrateState])
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Transit(models.Model):
    """From set aside at the origin to received at the destination."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="transits", verbose_name=_("item"))
    origin = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("to"))
    reason = models.CharField(_("reason"), max_length=12, choices=REASON_NAMES)
    state = models.CharField(
        _("state"), max_length=12, choices=STATE_NAMES, default=TransitState.PENDING
    )
    request = models.ForeignKey(
        HoldRequest,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="transits",
        verbose_name=_("request"),
    )
    created_at = models.DateTimeField(_("created"))
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True)
    crate = models.ForeignKey(
        Crate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="transits",
        verbose_name=_("crate"),
    )
    missed_at = models.DateTimeField(_("missing in its crate since"), null=True, blank=True)

    class Meta:
        verbose_name = _("transit")
        verbose_name_plural = _("transits")
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=[s.value for s in ACTIVE_STATES]),
                name="one_active_transit_per_item",
            ),
            models.CheckConstraint(
                name="transit_state_known",
                condition=Q(state__in=[s.value for s in TransitState]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.origin_id} → {self.destination_id}"
