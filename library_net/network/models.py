"""Agencies as a tree, branches with shelves and desks, calendars, routes, member keys."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AgencyKind(models.TextChoices):
    """What the institution is; museums and cultural centres can join later."""

    CENTER = "center", _("Central library")
    CITY = "city", _("City library")
    DISTRICT = "district", _("District or county library")
    PEER = "peer", _("Peer library")


class BranchKind(models.TextChoices):
    MAIN = "main", _("Main building")
    READING_SPACE = "reading_space", _("Reading space")
    COMMUNITY = "community", _("Community reading room")
    SELF_SERVICE = "selfservice", _("24-hour self-service library")


class ReturnPolicyChoice(models.TextChoices):
    """What becomes of an item handed back away from home (`circulation.domain.states`)."""

    INHERIT = "", _("as the parent institution")
    HOME = "home", _("send home")
    FLOAT = "float", _("stay where it was returned")
    HOLD_FIRST = "hold_first", _("serve a waiting reader first, else send home")


class Named(models.Model):
    """Something with a Chinese and an English name."""

    name_zh = models.CharField(_("Chinese name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=160, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of whoever is looking."""
        if (get_language() or "zh").startswith("en") and self.name_en:
            return self.name_en
        return self.name_zh


class Agency(Named):
    """An institution that owns items, sets rules and employs staff; a node of the tree."""

    code = models.CharField(_("code"), max_length=40, unique=True)  # China-style ISIL
    kind = models.CharField(_("kind"), max_length=16, choices=AgencyKind.choices)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent institution"),
    )
    region_code = models.CharField(_("region (GB/T 2260)"), max_length=6, blank=True)
    population = models.PositiveIntegerField(_("residents served"), default=0)
    joined_date = models.DateField(_("joined on"), null=True, blank=True)
    left_date = models.DateField(_("left on"), null=True, blank=True)
    is_suspended = models.BooleanField(_("suspended"), default=False)
    # Policies: an empty value inherits from the parent.
    return_policy = models.CharField(
        _("return policy"),
        max_length=12,
        choices=ReturnPolicyChoice.choices,
        blank=True,
        default="",
    )
    max_nightly_outgoing = models.PositiveIntegerField(
        _("most copies to leave in one night"), null=True, blank=True
    )
    # How this member's records are to be read (`catalog.domain.marc`).
    marc_format = models.CharField(_("MARC format"), max_length=8, blank=True, default="")
    marc_encoding = models.CharField(_("encoding"), max_length=16, blank=True, default="")
    holdings_profile = models.CharField(_("holdings fields"), max_length=16, default="auto")

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")

    def lineage(self) -> list[Agency]:
        """This agency, its parent, … up to the root. One query for each level above."""
        chain: list[Agency] = [self]
        while (parent := chain[-1].parent) is not None:
            chain.append(parent)
        return chain


class Branch(Named):
    """A place with shelves or a desk: building, reading space, community room, machine."""

    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="branches", verbose_name=_("institution")
    )
    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=BranchKind.choices)
    region_code = models.CharField(_("region (GB/T 2260)"), max_length=6, blank=True)
    latitude = models.FloatField(_("latitude (WGS-84)"), null=True, blank=True)
    longitude = models.FloatField(_("longitude (WGS-84)"), null=True, blank=True)
    shelf_capacity = models.PositiveIntegerField(_("shelf capacity in copies"), default=0)
    # {"1": ["09:00", "20:00"], …} by ISO weekday; a missing day is closed, {} is always open.
    opening_hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    is_pickup_point = models.BooleanField(_("holds can be collected here"), default=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")


class ShelvingLocation(Named):
    """A place inside a branch (MARC 852 $c)."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="locations")
    code = models.CharField(max_length=40)
    is_lendable = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("shelving location")
        verbose_name_plural = _("shelving locations")
        constraints = [
            models.UniqueConstraint(fields=["branch", "code"], name="one_location_code_per_branch")
        ]


class ClosedDay(models.Model):
    """A branch is shut on this date, whatever its weekly hours say."""

    branch = models.ForeignKey(
        Branch, models.CASCADE, related_name="closed_days", verbose_name=_("branch")
    )
    date = models.DateField(_("date"))
    reason = models.CharField(_("reason"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints = [
            models.UniqueConstraint(fields=["branch", "date"], name="one_closed_day_per_date")
        ]

    def __str__(self) -> str:
        return f"{self.branch} {self.date}"


class Route(models.Model):
    """A van leg from one branch to another."""

    origin = models.ForeignKey(
        Branch, models.CASCADE, related_name="routes_out", verbose_name=_("from")
    )
    destination = models.ForeignKey(
        Branch, models.CASCADE, related_name="routes_in", verbose_name=_("to")
    )
    distance_km = models.FloatField(_("distance (km)"))
    minutes = models.PositiveIntegerField(_("minutes"))
    weekdays = models.CharField(_("ISO weekdays it runs"), max_length=7, default="12345")
    capacity_crates = models.PositiveIntegerField(_("capacity in crates"), default=2)

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="one_route_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}"


class MemberKey(models.Model):
    """Lets one member library's software act for its agency; shown once, stored hashed."""

    agency = models.ForeignKey(
        Agency, models.CASCADE, related_name="keys", verbose_name=_("institution")
    )
    label = models.CharField(_("label"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("member key")
        verbose_name_plural = _("member keys")

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"

    @classmethod
    def issue(cls, *, agency: Agency, label: str, now: datetime) -> tuple[MemberKey, str]:
        """A new key and its clear text, which nobody can read again."""
        prefix, secret = f"ln_{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        key = cls.objects.create(
            agency=agency,
            label=label,
            prefix=prefix,
            secret_hash=hash_secret(secret),
            created_at=now,
        )
        return key, f"{prefix}.{secret}"


def hash_secret(secret: str) -> str:
    """SHA-256 is enough here: the secret is 256 random bits, not a password somebody chose."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ReferenceStamp(models.Model):
    """One row that is new after every write to a watched table; see ``network.stamp``."""

    value = models.CharField(max_length=36)

    def __str__(self) -> str:
        return self.value
