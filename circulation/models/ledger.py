"""Money in double entry, append-only; it belongs to the owner, whoever collects it.

A row moves one sum from one account to another inside one agency's books, so books balance by
construction; rows of one ``transaction`` belong together. The database itself refuses to change
what was booked or to delete it (migration ``0009``); only the link to a person may move or go.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from circulation.domain.accounts import Account
from circulation.models.loans import Loan
from circulation.models.operations import Operation
from circulation.models.patrons import Patron
from library_net.network.models import Agency


class LedgerEntryKind(models.TextChoices):
    OVERDUE = "overdue", _("overdue fee")
    COMPENSATION = "compensation", _("compensation for a lost copy")
    PROCESSING = "processing", _("processing fee")
    DAMAGE = "damage", _("compensation for damage")
    PAYMENT = "payment", _("payment")
    WAIVER = "waiver", _("waived")
    POINTS = "points", _("paid with points")
    REFUND = "refund", _("given back: the copy was found")
    PAYOUT = "payout", _("paid out to the reader")
    CORRECTION = "correction", _("counted anew")
    TRANSFER = "transfer", _("settlement paid")


ACCOUNT_NAMES = [
    (Account.READER, _("owed by readers")),
    (Account.CASH, _("collected at the desk")),
    (Account.DUE_FROM, _("owed by another institution")),
    (Account.DUE_TO, _("owed to another institution")),
    (Account.FEES, _("overdue fees")),
    (Account.COMPENSATION, _("compensation")),
    (Account.WAIVED, _("waived")),
    (Account.REFUNDS, _("refunds")),
    (Account.POINTS, _("paid with points")),
]
TOLD_LATER = "told_later"  # the reason of what a device's journal made us count anew (OF-9)
ONCE_A_LOAN = ("overdue", "compensation", "processing", "refund")


class Settlement(models.Model):
    """What two institutions owe each other for a month; immutable, seen alike by both."""

    month = models.DateField(_("month"))  # its first day
    first = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("one institution")
    )
    second = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("the other institution")
    )
    first_owes = models.DecimalField(_("the first owes (CNY)"), max_digits=12, decimal_places=2)
    second_owes = models.DecimalField(_("the second owes (CNY)"), max_digits=12, decimal_places=2)
    created_at = models.DateTimeField(_("settled on"))

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        constraints = [
            models.UniqueConstraint(
                fields=["month", "first", "second"], name="one_settlement_per_month_and_pair"
            ),
            models.CheckConstraint(
                name="settlement_sides_in_order", condition=Q(first_id__lt=F("second_id"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.first_id}–{self.second_id}"


class LedgerEntry(models.Model):
    """``amount`` from the credited to the debited account, in the books of ``book``."""

    transaction = models.UUIDField(default=uuid.uuid4)
    book = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("in the books of")
    )
    debit = models.CharField(_("to account"), max_length=12, choices=ACCOUNT_NAMES)
    credit = models.CharField(_("from account"), max_length=12, choices=ACCOUNT_NAMES)
    amount = models.DecimalField(_("amount (CNY)"), max_digits=10, decimal_places=2)
    # What the row adds to what the reader owes the owner; the database works it out.
    owed = models.GeneratedField(
        expression=Case(
            When(debit="reader", then=F("amount")),
            When(credit="reader", then=F("amount") * Value(Decimal(-1))),
            default=Value(Decimal(0)),
        ),
        output_field=models.DecimalField(max_digits=10, decimal_places=2),
        db_persist=True,
        verbose_name=_("owed (CNY)"),
    )
    other = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("the other side")
    )
    # Empty: a settlement between institutions, or a reader whose record was erased.
    patron = models.ForeignKey(
        Patron, models.PROTECT, null=True, related_name="ledger", verbose_name=_("patron")
    )
    owner = models.ForeignKey(Agency, models.PROTECT, related_name="+", verbose_name=_("due to"))
    collector = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=LedgerEntryKind.choices)
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(_("rule"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    settlement = models.ForeignKey(
        Settlement, models.PROTECT, null=True, related_name="transfers"
    )  # that this transfer pays
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(name="ledger_amount_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="ledger_two_accounts", condition=~Q(debit=F("credit"))),
            models.CheckConstraint(
                name="ledger_other_side_named",
                condition=Q(other=None)
                ^ (
                    Q(debit__in=[Account.DUE_FROM, Account.DUE_TO])
                    | Q(credit__in=[Account.DUE_FROM, Account.DUE_TO])
                ),
            ),
            # A resend, a race or an offline journal never makes a fee twice.
            models.UniqueConstraint(
                fields=["loan", "kind"],
                condition=Q(kind__in=ONCE_A_LOAN),
                name="one_fee_of_a_kind_per_loan",
            ),
        ]
        indexes = [
            models.Index(
                fields=["book", "other"], condition=Q(other__isnull=False), name="ledger_crossing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class SettledEntry(models.Model):
    """This entry is in that settlement, and in no other."""

    entry = models.OneToOneField(LedgerEntry, models.PROTECT, related_name="settled")
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="entries")

    class Meta:
        verbose_name = _("settled entry")
        verbose_name_plural = _("settled entries")

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.settlement_id}"


class CollectionAgreement(models.Model):
    """From a day on, one institution may collect for another; empty sides mean every one."""

    code = models.CharField(_("agreement"), max_length=40, unique=True)
    owner = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("whose money"),
    )
    collector = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who may collect it"),
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("collection agreement")
        verbose_name_plural = _("collection agreements")

    def __str__(self) -> str:
        return self.code


class PointKind(models.TextChoices):
    START = "start", _("to begin with")
    LOAN = "loan", _("borrowed")
    LATE = "late", _("returned late")
    DAMAGE = "damage", _("damaged")
    LOSS = "loss", _("lost")
    PAID = "paid", _("paid a fee")
    CORRECTION = "correction", _("corrected")


class PointEntry(models.Model):
    """Points gained or lost under the scheme of an institution; append-only."""

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="points", verbose_name=_("patron")
    )
    # Whose rule it was; empty: the whole network's.
    scheme = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("scheme of")
    )
    kind = models.CharField(_("what for"), max_length=12, choices=PointKind.choices)
    points = models.IntegerField(_("points"))
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")
    day = models.DateField(_("counts for the day"))  # the local day it counts for
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("points entry")
        verbose_name_plural = _("points entries")
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "kind"],
                condition=Q(kind__in=["loan", "late", "loss"]),
                name="points_once_per_loan",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"


class Suspension(models.Model):
    """Days without lending instead of money; ``Patron.suspensions`` is what these add up to."""

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="suspension_rows", verbose_name=_("patron")
    )
    # Whose copies are not lent meanwhile (with everything below it); empty: nobody's.
    owner = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("copies of")
    )
    until = models.DateField(_("until"))
    days = models.PositiveSmallIntegerField(_("days"))
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(_("rule"), max_length=40, blank=True)
    at = models.DateTimeField(_("at"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    corrected_at = models.DateTimeField(_("counted anew"), null=True, blank=True)  # OF-9: not so
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")

    def __str__(self) -> str:
        return f"{self.patron_id} until {self.until}"
