"""Hold requests: a patron asks for a title or a copy, to be collected at a branch."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Item, SourceRecord
from circulation.domain.states import RequestState
from circulation.models.patrons import Patron
from library_net.network.models import Agency, Branch

STATE_NAMES = [
    (RequestState.WAITING, _("waiting")),
    (RequestState.SUSPENDED, _("paused")),
    (RequestState.IN_TRANSIT, _("on its way")),
    (RequestState.READY, _("ready to collect")),
    (RequestState.FILLED, _("collected")),
    (RequestState.CANCELLED, _("cancelled")),
    (RequestState.EXPIRED, _("not collected in time")),
]
OPEN_STATES = (
    RequestState.WAITING,
    RequestState.SUSPENDED,
    RequestState.IN_TRANSIT,
    RequestState.READY,
)


class HoldRequest(models.Model):
    """One reader's wish for a title or a copy; queue order is ``id``.

    A title request is anchored on the source record its reader chose, so it has a meaning even
    after clusters are joined or taken apart.
    """

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="requests", verbose_name=_("patron")
    )
    anchor = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="+", verbose_name=_("record asked for")
    )
    # Only this copy will do, where set; otherwise any copy of the anchor's manifestation.
    wanted_item = models.ForeignKey(
        Item,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("copy asked for"),
    )
    pickup_branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", verbose_name=_("collect at")
    )
    requesting_agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("requesting institution")
    )
    state = models.CharField(
        _("state"), max_length=12, choices=STATE_NAMES, default=RequestState.WAITING
    )
    # The copy that serves it, from assignment on.
    item = models.ForeignKey(
        Item,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="requests",
        verbose_name=_("copy"),
    )
    placed_at = models.DateTimeField(_("placed"))
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    expires_at = models.DateTimeField(_("collect by"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # The last day the reader has a use for it; later it ends by itself.
    needed_until = models.DateField(_("needed until"), null=True, blank=True)
    # Paused up to and including this day; empty: until the reader goes on.
    suspended_until = models.DateField(_("paused until"), null=True, blank=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.CheckConstraint(
                name="request_state_known",
                condition=Q(state__in=[s.value for s in RequestState]),
            ),
            models.UniqueConstraint(
                fields=["patron", "anchor"],
                condition=Q(state__in=[s.value for s in OPEN_STATES]),
                name="one_open_request_per_patron_and_record",
            ),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=[RequestState.IN_TRANSIT, RequestState.READY]),
                name="one_served_request_per_item",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patron_id} wants {self.anchor_id}"


class Pick(models.Model):
    """A proposal: pull this copy for this request. Thrown away and made anew; never a promise.

    Circulation wins: a pick whose copy or request changed meanwhile is simply not shown.
    """

    request = models.OneToOneField(
        HoldRequest, models.CASCADE, related_name="pick", verbose_name=_("request")
    )
    item = models.OneToOneField(Item, models.CASCADE, related_name="pick", verbose_name=_("copy"))
    branch = models.ForeignKey(
        Branch, models.CASCADE, related_name="+", verbose_name=_("branch")
    )  # where the copy stands
    days = models.PositiveSmallIntegerField(_("days until it can be there"))
    created_at = models.DateTimeField(_("proposed"))

    class Meta:
        verbose_name = _("pick")
        verbose_name_plural = _("picks")

    def __str__(self) -> str:
        return f"{self.item_id} for {self.request_id}"
