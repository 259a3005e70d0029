"""Around a reader: guardians, phones, sign-in codes, devices, joined records, what is forgotten."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from circulation.models.patrons import Credential, Patron, Sealed
from library_net.network.models import Agency


class Guardianship(models.Model):
    """An adult answers for a minor and may see and act for them, between two dates (ID-14, 15)."""

    ward = models.ForeignKey(
        Patron, models.CASCADE, related_name="guardians", verbose_name=_("minor")
    )
    guardian = models.ForeignKey(
        Patron, models.PROTECT, related_name="wards", verbose_name=_("guardian")
    )
    # The consent of PIPL art. 31: when and where it was given, and who took it.
    since = models.DateTimeField(_("consent given"))
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    taken_by = models.CharField(_("taken by"), max_length=60)  # the caller of the operation
    until = models.DateField(_("last day"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("guardian")
        verbose_name_plural = _("guardians")
        constraints = [
            models.CheckConstraint(name="nobody_guards_herself", condition=~Q(ward=F("guardian"))),
            models.UniqueConstraint(
                fields=["ward", "guardian"],
                condition=Q(revoked_at=None),
                name="one_link_per_ward_and_guardian",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian_id} → {self.ward_id}"


class Phone(Sealed):
    """Where a reader can be reached; a family may share one, so the index is not unique."""

    patron = models.OneToOneField(
        Patron, models.CASCADE, related_name="phone", verbose_name=_("patron")
    )
    blind_index = models.CharField(max_length=64, null=True, blank=True, db_index=True)
    next_blind_index = models.CharField(max_length=64, null=True, blank=True, db_index=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")

    def __str__(self) -> str:
        return self.masked

    def index_source(self, clear: str) -> tuple[str, str]:
        return clear, PHONE_PURPOSE


PHONE_PURPOSE = "phone"


class SignInCode(models.Model):
    """One code sent to a phone. The digits are not kept: they follow from the id and our key.

    A row without ``patron`` is a question about somebody we do not know: it is answered and
    counted like any other, and nothing is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patron = models.ForeignKey(Patron, models.CASCADE, null=True, related_name="+")
    phone_index = models.CharField(max_length=64, db_index=True)
    address_index = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sign-in code")
        verbose_name_plural = _("sign-in codes")

    def __str__(self) -> str:
        return f"{self.created_at:%F %T}"


class Device(models.Model):
    """The public half of a key that never leaves the reader's phone; blocked as a credential."""

    credential = models.OneToOneField(Credential, models.CASCADE, related_name="device")
    public_key = models.BinaryField()  # P-256, uncompressed point
    name = models.CharField(_("device"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return self.name


class UsedCode(models.Model):
    """A one-time code that was shown; the constraint, not a query, refuses the second time."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=32)
    # The same operation sent again (a lost answer) may show the same code again.
    operation = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("used code")
        verbose_name_plural = _("used codes")
        constraints = [
            models.UniqueConstraint(fields=["device", "nonce"], name="a_device_code_works_once")
        ]

    def __str__(self) -> str:
        return self.nonce


class PatronMerge(models.Model):
    """Two records of one person joined; ``moved`` names every row, so it can be undone exactly."""

    kept = models.ForeignKey(Patron, models.PROTECT, related_name="+", verbose_name=_("kept"))
    absorbed = models.ForeignKey(
        Patron, models.PROTECT, related_name="+", verbose_name=_("absorbed")
    )
    # {"circulation.loan.patron": [ids], …}, and the columns of both readers that changed
    moved = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=200)
    merged_at = models.DateTimeField(_("joined"))
    merged_by = models.CharField(_("joined by"), max_length=60)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.CharField(_("undone by"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("joined readers")
        verbose_name_plural = _("joined readers")
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=Q(undone_at=None), name="absorbed_at_most_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.kept_id}"


class PrivacyTerm(models.Model):
    """How many days after its return a loan made here still names its reader (ID-30).

    The nearest up the tree holds; without any, ``settings.LOAN_MEMORY_DAYS``.
    """

    agency = models.OneToOneField(
        Agency, models.CASCADE, related_name="+", verbose_name=_("institution")
    )
    loan_memory_days = models.PositiveSmallIntegerField(_("days after the return"), default=30)

    class Meta:
        verbose_name = _("privacy term")
        verbose_name_plural = _("privacy terms")

    def __str__(self) -> str:
        return f"{self.agency} {self.loan_memory_days}"


class Erasure(models.Model):
    """Proof that somebody was erased when they asked for it, without saying who."""

    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("staff"),
    )
    at = models.DateTimeField(_("at"))
    rows = models.JSONField(_("rows"), default=dict)  # how many of each kind

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"{self.at:%F %T}"
