"""Loan rules as data: each row sets some parameters for some combination of keys."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from circulation.domain.rule_values import RuleValueError, parse_points, parse_tariff
from circulation.domain.states import ReturnPolicy
from circulation.models.patrons import PatronCategory
from library_net.network.models import Agency, Branch, Named


class MaterialType(Named):
    """A key of the loan rules: book, periodical, disc and so on."""

    code = models.SlugField(_("code"), max_length=24, unique=True)

    class Meta:
        verbose_name = _("material type")
        verbose_name_plural = _("material types")


class RenewFrom(models.TextChoices):
    TODAY = "today", _("the day of renewal")
    DUE_DATE = "due_date", _("the due date")


RETURN_POLICIES = [
    (ReturnPolicy.HOME, _("send home")),
    (ReturnPolicy.FLOAT, _("stay where it was returned")),
    (ReturnPolicy.HOLD_FIRST, _("serve a waiting reader first, else send home")),
]


class LoanRule(models.Model):
    """Empty keys match everything; empty parameters leave the question to a less specific rule.

    Precedence (house §6): owner > visited > branch > patron category > material, decided for each
    parameter by itself. Caps are checked at every scope and all must pass.
    """

    code = models.CharField(_("rule"), max_length=40, unique=True)
    owner = models.ForeignKey(
        Agency,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner of the item"),
    )
    visited = models.ForeignKey(
        Agency,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("institution visited"),
    )
    branch = models.ForeignKey(
        Branch,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("branch visited"),
    )
    category = models.ForeignKey(
        PatronCategory,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("patron category"),
    )
    material = models.ForeignKey(
        MaterialType,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("material type"),
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    is_lendable = models.BooleanField(_("may be lent"), null=True, blank=True)
    loan_days = models.PositiveSmallIntegerField(_("loan days"), null=True, blank=True)
    max_loans = models.PositiveSmallIntegerField(_("most loans at once"), null=True, blank=True)
    max_renewals = models.PositiveSmallIntegerField(_("renewals"), null=True, blank=True)
    renewal_days = models.PositiveSmallIntegerField(_("renewal days"), null=True, blank=True)
    renew_from = models.CharField(
        _("renewal counts from"), max_length=8, choices=RenewFrom.choices, blank=True, default=""
    )
    renew_after_days = models.PositiveSmallIntegerField(
        _("renewable from day"), null=True, blank=True
    )
    max_requests = models.PositiveSmallIntegerField(
        _("most requests at once"), null=True, blank=True
    )
    pickup_days = models.PositiveSmallIntegerField(
        _("days to collect a request"), null=True, blank=True
    )
    fee_per_day = models.DecimalField(
        _("overdue fee per day (CNY)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    fee_cap = models.DecimalField(
        _("most overdue fee per loan (CNY)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
    )
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), null=True, blank=True)
    max_owed = models.DecimalField(
        _("lending stops when more is owed (CNY)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
    )
    max_overdue = models.PositiveSmallIntegerField(
        _("lending stops with more overdue copies"), null=True, blank=True
    )
    max_no_shows = models.PositiveSmallIntegerField(
        _("requests stop after so many uncollected"), null=True, blank=True
    )
    recall_days = models.PositiveSmallIntegerField(
        _("days to bring a recalled copy"), null=True, blank=True
    )
    lost_after_days = models.PositiveSmallIntegerField(
        _("counted as lost after days overdue"), null=True, blank=True
    )
    max_value = models.DecimalField(
        _("most value on loan at once (CNY)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
    )
    min_age = models.PositiveSmallIntegerField(_("youngest reader (years)"), null=True, blank=True)
    fee_step_days = models.PositiveSmallIntegerField(
        _("late days before the fee changes"), null=True, blank=True
    )
    fee_per_day_after = models.DecimalField(
        _("overdue fee per day after that (CNY)"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
    )
    suspend_days = models.DecimalField(
        _("days without lending per late day"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
    )
    suspend_cap = models.PositiveSmallIntegerField(
        _("most days without lending"), null=True, blank=True
    )
    # Small grammars of their own; `domain/rule_values.py` reads them and says what is wrong.
    points = models.JSONField(_("points"), null=True, blank=True)
    compensation = models.JSONField(_("compensation"), null=True, blank=True)
    return_policy = models.CharField(
        _("return policy"), max_length=12, choices=RETURN_POLICIES, blank=True, default=""
    )

    class Meta:
        verbose_name = _("loan rule")
        verbose_name_plural = _("loan rules")

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """The small grammars are read as the decisions will read them."""
        super().clean()
        for name, parse in (("points", parse_points), ("compensation", parse_tariff)):
            value = getattr(self, name)
            if value is None:
                continue
            try:
                parse(value)
            except RuleValueError as error:
                raise ValidationError({name: str(error)}) from error
