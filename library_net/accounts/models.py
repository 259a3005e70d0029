"""Log-in accounts and the roles that say what staff may do, and where."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from library_net.network.models import Agency


class User(AbstractUser):
    """A log-in: a reader's (linked from their Patron) or a staff member's (with roles)."""

    first_name = None  # type: ignore[assignment] # Chinese names are one string
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class RoleKind(models.TextChoices):
    LIBRARIAN = "librarian", _("Librarian")
    NETWORK_ADMIN = "network_admin", _("Network administrator")


class Role(models.Model):
    """A user may do this kind of work: in one agency (its subtree only if said), or everywhere."""

    user = models.ForeignKey(User, models.CASCADE, related_name="roles", verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=16, choices=RoleKind.choices)
    agency = models.ForeignKey(
        Agency,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="roles",
        verbose_name=_("institution"),
    )
    includes_subtree = models.BooleanField(_("with its branch libraries"), default=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.CheckConstraint(
                name="librarian_role_names_an_agency",
                condition=Q(kind="network_admin") | Q(agency__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()} {self.agency or ''}"
