"""One person, many credentials; numbers are only kept sealed."""

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
    (CredentialKind.DEVICE, _("code on a phone")),
]


class CredentialStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    LOST = "lost", _("reported lost")
    REPLACED = "replaced", _("replaced")


class Sealed(models.Model):
    """A number that is kept only as ciphertext, two keyed indexes and a mask (house §6).

    ``blind_index`` is of the key with an odd version, ``next_blind_index`` of the even one; see
    ``library_net.vault``. ``key_version`` is that of the seal: what ``rotate_keys`` looks for.
    """

    seal_id = models.UUIDField(unique=True)  # what the ciphertext is bound to
    sealed = models.BinaryField()
    key_version = models.PositiveSmallIntegerField(default=1, db_index=True)
    masked = models.CharField(_("number"), max_length=40)

    class Meta:
        abstract = True

    def index_source(self, clear: str) -> tuple[str, str]:
        """What is indexed of the clear number, and for which purpose."""
        raise NotImplementedError


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
    # Last day without lending by whose copies ("" = everybody's): what Suspension rows add up to,
    # kept here so that a loan need not ask for them.
    suspensions = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("registered"))
    # ID-31: the reader wants to see what she borrowed; otherwise returned loans lose their reader.
    keeps_history = models.BooleanField(_("keeps her borrowing history"), default=False)
    # ID-25: this record was joined into another of the same person; it opens that one.
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    # Not a column: the log-in that acts, where a guardian acts for a child.
    acting_user_id: int | None = None

    class Meta:
        verbose_name = _("patron")
        verbose_name_plural = _("patrons")

    def __str__(self) -> str:
        return f"{self.masked_name} {self.number}"

    @property
    def masked_name(self) -> str:
        """张* — what staff elsewhere and screens in public may show."""
        return self.name[:1] + "*" * max(len(self.name) - 1, 1)


class Credential(Sealed):
    """A document that proves who somebody is; the number itself is only kept sealed."""

    patron = models.ForeignKey(
        Patron, models.PROTECT, related_name="credentials", verbose_name=_("patron")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=CREDENTIAL_NAMES)
    blind_index = models.CharField(max_length=64, unique=True, null=True, blank=True)
    next_blind_index = models.CharField(max_length=64, unique=True, null=True, blank=True)
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
            ),
            models.CheckConstraint(
                name="credential_can_be_found",
                condition=Q(blind_index__isnull=False) | Q(next_blind_index__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.masked}"

    def index_source(self, clear: str) -> tuple[str, str]:
        return credential_index(kind=self.kind, value=clear, issuer=self.issuer)


def credential_index(*, kind: str, value: str, issuer: str) -> tuple[str, str]:
    """What is indexed of a credential, and for which purpose. ID-10: a reader card's issuer too.

    No card number contains the separator. The issuer is part of the text and not of the purpose,
    so that one derived key serves all institutions.
    """
    is_card = kind == CredentialKind.READER_CARD
    return (f"{issuer}/{value}" if is_card else value), str(kind)


class AccessLog(models.Model):
    """Somebody looked at a reader: who, whom, where, why. Append-only."""

    # Empty: the institution's own software, by its member key.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("staff"),
    )
    patron = models.ForeignKey(Patron, models.CASCADE, related_name="+", verbose_name=_("patron"))
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, related_name="+", verbose_name=_("institution")
    )
    purpose = models.CharField(_("purpose"), max_length=80)
    # ID-24: a number was shown in clear: which, and why.
    credential = models.ForeignKey(
        Credential,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("number shown"),
    )
    reason = models.CharField(_("reason given"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("view of a reader")
        verbose_name_plural = _("views of readers")
        constraints = [
            models.CheckConstraint(
                name="look_says_who", condition=Q(actor__isnull=False) | Q(agency__isnull=False)
            )
        ]

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
