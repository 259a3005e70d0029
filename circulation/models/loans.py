"""Loans: open from checkout to checkin."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from circulation.models.patrons import Patron
from library_net.network.models import Agency, Branch


class Loan(models.Model):
    """One copy with one person. ``closed_at`` empty means open."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="loans", verbose_name=_("item"))
    # Emptied N days after the return unless the reader opts in (issue "Circulation").
    patron = models.ForeignKey(
        Patron, models.PROTECT, null=True, related_name="loans", verbose_name=_("patron")
    )
    # What statistics keep of the reader once the link is cut (ID-30).
    reader_category = models.CharField(
        _("reader category"), max_length=24, null=True, blank=True, editable=False
    )
    owning_agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    checkout_branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", verbose_name=_("lent at")
    )
    checkout_agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("lending institution")
    )
    checkin_branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("returned at"),
    )
    checked_out_at = models.DateTimeField(_("lent"))
    due_at = models.DateTimeField(_("due"))
    closed_at = models.DateTimeField(_("returned"), null=True, blank=True)
    renewals = models.PositiveSmallIntegerField(_("renewals"), default=0)
    recalled_at = models.DateTimeField(_("recalled"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("said to be returned"), null=True, blank=True)
    lost_at = models.DateTimeField(_("counted as lost"), null=True, blank=True)
    found_at = models.DateTimeField(_("found again"), null=True, blank=True)
    # The rules that set the terms, by parameter: {"loan_days": "chengdu", …}
    terms = models.JSONField(_("terms"), default=dict)

    class Meta:
        verbose_name = _("loan")
        verbose_name_plural = _("loans")
        constraints = [
            # Not a query, not a lock: this is what makes a second open loan impossible.
            models.UniqueConstraint(
                fields=["item"], condition=Q(closed_at=None), name="one_open_loan_per_item"
            )
        ]
        indexes = [
            models.Index(
                fields=["patron"], condition=Q(closed_at=None), name="open_loans_by_patron"
            ),
            models.Index(fields=["checked_out_at"], name="loans_by_checkout"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} → {self.patron_id}"
