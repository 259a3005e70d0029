"""One person, many credentials."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from circulation.domain.credentials import CredentialKind
from library_net.network.models import Agency, Branch, Named


class PatronCategory(Named):
    """A key of the loan rules: adult, child, senior and so on."""

    code = models.SlugField(_("code"), max_length=24, unique=True)

    class Meta:
        verbose_name = _("patron category")
        verbose_name_plural = _("patron categories")


CREDENTIAL_NAMES = [
    (CredentialKind.RESIDENT_ID, _("resident ID card")),
    (CredentialKind.SOCIAL_SECURITY, _("social security card")),
    (CredentialKind.READER_CARD, _("reader card")),
    (CredentialKind.PASSPORT, _("passport")),
    (CredentialKind.HK_MACAO_PERMIT, _("Hong Kong or Macao travel permit")),
    (CredentialKind.TAIWAN_PERMIT, _("Taiwan travel permit")),
    (CredentialKind.FOREIGN_RESIDENT, _("foreign permanent resident card (old)")),
]


class CredentialStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    LOST = "lost", _("reported lost")
    REPLACED = "replaced", _("replaced")


class Patron(models.Model):
    """A person who borrows. The number is ours and public; documents are Credentials."""

    number = models.CharField(_("patron number"), max_length=24, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="patron",
        verbose_name=_("log-in"),
    )
    name = models.CharField(_("name"), max_length=80)
    birth_date = models.DateField(_("born on"), null=True, blank=True)
    category = models.ForeignKey(PatronCategory, models.PROTECT, verbose_name=_("category"))
    registered_at_agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("registered at")
    )
    home_branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("preferred branch"),
    )
    language = models.CharField(_("language"), max_length=8, default="zh-hans")
    is_blocked = models.BooleanField(_("blocked by staff"), default=False)
    block_note = models.CharField(_("why blocked"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("registered"))

    class Meta:
        verbose_name = _("patron")
        verbose_name_plural = _("patrons")

    def __str__(self) -> str:
        return f"{self.masked_name} {self.number}"

    @property
    def masked_name(self) -> str:
        """张* — what staff elsewhere and screens in public may show."""
        return self.name[:1] + "*" * max(len(self.name) - 1, 1)


class Credential(models.Model):
    """A document that proves who somebody is; the number itself is only kept sealed."""

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="credentials", verbose_name=_("patron")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=CREDENTIAL_NAMES)
    seal_id = models.UUIDField(unique=True)  # what the ciphertext is bound to
    sealed = models.BinaryField()
    # Two index columns, each unique, old and new key: rotation without a gap (house §6).
    blind_index = models.CharField(max_length=64, unique=True)
    next_blind_index = models.CharField(max_length=64, unique=True, null=True, blank=True)
    masked = models.CharField(_("number"), max_length=40)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=CredentialStatus.choices,
        default=CredentialStatus.ACTIVE,
    )
    issuer = models.CharField(_("issuer"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = [
            models.CheckConstraint(
                name="credential_status_known", condition=Q(status__in=CredentialStatus.values)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.masked}"


class AccessLog(models.Model):
    """Staff looked at a reader: who, whom, where, why. Append-only."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("staff")
    )
    patron = models.ForeignKey(Patron, models.CASCADE, related_name="+", verbose_name=_("patron"))
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("institution")
    )
    purpose = models.CharField(_("purpose"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("view of a reader")
        verbose_name_plural = _("views of readers")

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor_id} → {self.patron_id}"


class Proxy(models.Model):
    """A reader lets another collect what waits for them, until a day, revocable any time."""

    patron = models.ForeignKey(
        Patron, models.CASCADE, related_name="proxies", verbose_name=_("patron")
    )
    proxy = models.ForeignKey(
        Patron, models.CASCADE, related_name="collects_for", verbose_name=_("may collect")
    )
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"))
    created_at = models.DateTimeField(_("named"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("proxy")
        verbose_name_plural = _("proxies")
        constraints = [
            models.UniqueConstraint(
                fields=["patron", "proxy"],
                condition=Q(revoked_at=None),
                name="one_live_proxy_per_pair",
            ),
            models.CheckConstraint(
                name="nobody_is_their_own_proxy", condition=~Q(patron=F("proxy"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proxy_id} collects for {self.patron_id}"
