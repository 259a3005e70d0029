"""What devices did without a line, as they told us, and what people must look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from circulation.models.loans import Loan
from circulation.models.patrons import Credential, Patron
from library_net.network.models import Agency, Branch


class OfflineEventKind(models.TextChoices):
    CHECKOUT = "checkout", _("lent")
    CHECKIN = "checkin", _("returned")


class OfflineEvent(models.Model):
    """One line of a device's journal. ``happened_at`` is by our clock: the device's, corrected."""

    caller = models.CharField(max_length=60)  # as in Operation
    operation_id = models.CharField(max_length=120)
    device = models.CharField(_("device"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=OfflineEventKind.choices)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    happened_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    barcode = models.CharField(_("barcode"), max_length=64, blank=True)  # never a document number
    item = models.ForeignKey(
        Item, models.PROTECT, null=True, related_name="+", verbose_name=_("item")
    )
    patron = models.ForeignKey(
        Patron, models.PROTECT, null=True, related_name="+", verbose_name=_("patron")
    )
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, related_name="+")
    card = models.CharField(_("card"), max_length=40, blank=True)  # masked, of an unknown reader
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")  # that it speaks of
    ends = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")  # that it ended
    began = models.BooleanField(default=False)  # only off-line acts say that this loan began
    stood = models.BooleanField(default=False)  # the copy was brought to where this act left it
    is_over_limit = models.BooleanField(_("over the limit"), default=False)

    class Meta:
        verbose_name = _("off-line event")
        verbose_name_plural = _("off-line events")
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "operation_id"], name="one_offline_event_per_caller_and_id"
            )
        ]
        indexes = [models.Index(fields=["item", "happened_at"], name="offline_by_item")]

    def __str__(self) -> str:
        return f"{self.happened_at:%F %T} {self.kind} {self.barcode}"

    @property
    def is_return(self) -> bool:
        return self.kind == OfflineEventKind.CHECKIN


class OfflineConflict(models.Model):
    """Something about an off-line act that a person should settle: what, and what to do next."""

    event = models.ForeignKey(
        OfflineEvent, models.CASCADE, related_name="conflicts", verbose_name=_("off-line event")
    )
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    code = models.CharField(_("what"), max_length=40)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"))
    closed_at = models.DateTimeField(_("settled"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )

    class Meta:
        verbose_name = _("off-line conflict")
        verbose_name_plural = _("off-line conflicts")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "code"], name="one_conflict_per_event_and_code"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.event_id}"
