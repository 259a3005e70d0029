"""Notices to readers: what is to be told, whether it was, and how each reader wants to be told."""

from __future__ import annotations

import uuid
from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from circulation.models.patrons import Patron
from library_net import vault


class NoticeKind(models.TextChoices):
    RETURNED = "returned", _("returned: the reader's proof")
    READY = "ready", _("a request is ready to collect")
    EXPIRING = "expiring", _("a request will not be kept much longer")
    DUE_SOON = "due_soon", _("due soon")
    OVERDUE = "overdue", _("overdue")
    RECALLED = "recalled", _("recalled")


class NoticeState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    CLAIMED = "claimed", _("being written")  # nothing has left yet
    SENDING = "sending", _("being sent")  # from here on nobody may send it again
    SENT = "sent", _("sent")
    FAILED = "failed", _("not accepted")
    UNKNOWN = "unknown", _("nobody knows whether it arrived")
    DROPPED = "dropped", _("no longer true, or nowhere to send it")


class ChannelKind(models.TextChoices):
    APP = "app", _("city app")
    WECHAT = "wechat", _("WeChat")
    SMS = "sms", _("text message")
    EMAIL = "email", _("e-mail")


class Notice(models.Model):
    """One fact one reader is to be told once. The words are made when it is sent."""

    fact = models.CharField(max_length=80, unique=True)  # "returned:loan:12": never told twice
    kind = models.CharField(_("notice"), max_length=10, choices=NoticeKind.choices)
    patron = models.ForeignKey(
        Patron, models.CASCADE, related_name="notices", verbose_name=_("patron")
    )
    # Ids, not foreign keys: a notice outlives what it speaks of.
    loan_id = models.BigIntegerField(null=True)
    request_id = models.BigIntegerField(null=True)
    state = models.CharField(
        _("state"), max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING
    )
    created_at = models.DateTimeField(_("created"))
    not_before = models.DateTimeField(_("not before"))
    message_id = models.UUIDField(null=True)  # of the message it went out with
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    channel = models.CharField(
        _("channel"), max_length=8, choices=ChannelKind.choices, blank=True, default=""
    )
    error = models.CharField(_("error"), max_length=80, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["waiting", "claimed", "sending"]),
                name="notices_under_way",
            ),
            models.Index(
                fields=["patron"],
                condition=Q(state__in=["failed", "unknown"], settled_at=None),
                name="notices_for_staff",
            ),
        ]

    def __str__(self) -> str:
        return self.fact


class NoticeCursor(models.Model):
    """How far the item events were read for notices; one row."""

    position = models.BigIntegerField(default=0)
    # [seconds, event id]: where the events ended at moments of the last minutes. The position only
    # follows once every transaction of that moment is over.
    marks = models.JSONField(default=list)

    class Meta:
        verbose_name = _("position in the item events")
        verbose_name_plural = _("positions in the item events")

    def __str__(self) -> str:
        return str(self.position)


class NoticeChannel(models.Model):
    """A gateway messages leave by: its address and the secret they are signed with."""

    kind = models.CharField(
        _("channel"),
        max_length=8,
        unique=True,
        choices=[(c.value, c.label) for c in ChannelKind if c != ChannelKind.EMAIL],
    )
    url = models.URLField(_("address"), max_length=400)
    sealed_secret = models.BinaryField(editable=False, default=b"")
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("notice channel")
        verbose_name_plural = _("notice channels")

    def __str__(self) -> str:
        return self.get_kind_display()

    def set_secret(self, clear: str) -> None:
        self.sealed_secret = vault.seal(clear, bound_to=f"channel:{self.kind}")

    def secret(self) -> str:
        sealed = bytes(self.sealed_secret)
        return vault.unseal(sealed, bound_to=f"channel:{self.kind}") if sealed else ""


class NoticeAddress(models.Model):
    """Where one reader is reached by one channel; a phone number is a ``Phone`` instead."""

    patron = models.ForeignKey(
        Patron, models.CASCADE, related_name="notice_addresses", verbose_name=_("patron")
    )
    kind = models.CharField(_("channel"), max_length=8, choices=ChannelKind.choices)
    seal_id = models.UUIDField(default=uuid.uuid4)
    sealed = models.BinaryField()
    masked = models.CharField(_("address"), max_length=60)

    class Meta:
        verbose_name = _("notice address")
        verbose_name_plural = _("notice addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["patron", "kind"], name="one_notice_address_per_channel"
            )
        ]

    def __str__(self) -> str:
        return self.masked

    def set_clear(self, clear: str) -> None:
        self.sealed = vault.seal(clear, bound_to=f"notice:{self.seal_id}")
        name, _at, host = clear.partition("@")
        self.masked = f"{name[:1]}***@{host}"[:60] if host else vault.mask(clear, head=2, tail=2)

    def clear(self) -> str:
        return vault.unseal(bytes(self.sealed), bound_to=f"notice:{self.seal_id}")


class NoticeChoice(models.Model):
    """What a reader chose; without a row everything is told by the first channel that reaches."""

    patron = models.OneToOneField(
        Patron, models.CASCADE, related_name="notice_choice", verbose_name=_("patron")
    )
    channels = models.JSONField(default=list)  # in order; empty: the usual order
    silent_kinds = models.JSONField(default=list)
    quiet_from = models.TimeField(_("quiet from"), default=time(21, 30))
    quiet_to = models.TimeField(_("quiet until"), default=time(8, 0))

    class Meta:
        verbose_name = _("choice of notices")
        verbose_name_plural = _("choices of notices")

    def __str__(self) -> str:
        return f"{self.patron_id}"
