"""Money: append-only; it belongs to the owner, whoever collects it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from circulation.models.loans import Loan
from circulation.models.operations import Operation
from circulation.models.patrons import Patron
from library_net.network.models import Agency


class LedgerEntryKind(models.TextChoices):
    OVERDUE = "overdue", _("overdue fee")
    PAYMENT = "payment", _("payment")
    WAIVER = "waiver", _("waived")


class LedgerEntry(models.Model):
    """A charge (positive) or a payment or waiver (negative), with both agencies."""

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="ledger", verbose_name=_("patron")
    )
    owner = models.ForeignKey(Agency, models.PROTECT, related_name="+", verbose_name=_("due to"))
    collector = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=LedgerEntryKind.choices)
    amount = models.DecimalField(_("amount (CNY)"), max_digits=10, decimal_places=2)
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(_("rule"), max_length=40, blank=True)
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
