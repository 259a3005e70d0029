"""What members' own systems are still to be told about their copies."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from library_net.network.models import Branch


class LedgerCall(models.TextChoices):
    CLAIM = "claim", _("the network has the copy")
    RELEASE = "release", _("the copy is back on its owner's shelves")


class LedgerMessageState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being told")
    TAKEN = "taken", _("told")
    REFUSED = "refused", _("refused")
    SETTLED = "settled", _("settled by hand")


class LedgerMessage(models.Model):
    """One claim or release, written with the act itself; sent until it is taken (LG-1, LG-2)."""

    message_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    ledger = models.CharField(_("ledger"), max_length=12)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("item"))
    call = models.CharField(_("what"), max_length=8, choices=LedgerCall.choices)
    operation_id = models.CharField(max_length=120)
    status = models.CharField(_("status"), max_length=20)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    happened_at = models.DateTimeField(_("happened"))
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=LedgerMessageState.choices,
        default=LedgerMessageState.WAITING,
    )
    not_before = models.DateTimeField(_("not before"))
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=80, blank=True, default="")
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )

    class Meta:
        verbose_name = _("message to a member's system")
        verbose_name_plural = _("messages to members' systems")
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["waiting", "sending", "refused"]),
                name="ledger_messages_left",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call} {self.item_id}"
