"""Self-service machines that speak SIP2: who they are, where they stand, how they talk."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, make_password
from django.db import models
from django.utils.translation import gettext_lazy as _

from library_net.network.models import Branch

# What a terminal can be allowed; the fixed fields of each are in protocols/sip2/layouts.py.
SIP2_REQUESTS = frozenset(
    ("09", "11", "15", "17", "19", "23", "25", "29", "35", "37", "63", "65", "93", "97", "99")
)


class SipEncoding(models.TextChoices):
    UTF_8 = "utf-8", "UTF-8"
    GB18030 = "gb18030", "GB18030 / GBK"


class SipLineEnd(models.TextChoices):
    CR = "cr", "CR"
    CRLF = "crlf", "CR LF"


class SipDueFormat(models.TextChoices):
    DATE = "date", "2026-12-20"
    SIP = "sip", "20261220    235959"


class SipTerminal(models.Model):
    """One log-in of one machine, or of one kind of machines at one branch."""

    label = models.CharField(_("label"), max_length=80)
    branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="sip_terminals", verbose_name=_("branch")
    )
    login = models.CharField(_("log-in name (CN)"), max_length=60, unique=True)
    password = models.CharField(_("password (CO)"), max_length=160, editable=False)
    address = models.GenericIPAddressField(
        _("known by this address, without a log-in"), null=True, blank=True, unique=True
    )
    is_active = models.BooleanField(_("active"), default=True)
    encoding = models.CharField(
        _("encoding"), max_length=10, choices=SipEncoding.choices, default=SipEncoding.UTF_8
    )
    line_end = models.CharField(
        _("end of a message"), max_length=4, choices=SipLineEnd.choices, default=SipLineEnd.CR
    )
    language = models.CharField(_("language"), max_length=8, default="zh-hans")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    # Codes of requests, separated by blanks; empty: all.
    allowed_messages = models.CharField(_("allowed messages"), max_length=80, blank=True)
    hidden_fields = models.CharField(_("fields it cannot bear"), max_length=120, blank=True)
    due_format = models.CharField(
        _("form of due dates (AH)"),
        max_length=4,
        choices=SipDueFormat.choices,
        default=SipDueFormat.DATE,
    )
    always_send_destination = models.BooleanField(_("send CT with every return"), default=False)
    send_alert_00 = models.BooleanField(_("send CV 00 when nothing is special"), default=False)
    needs_pin = models.BooleanField(_("readers must give their password (AD)"), default=False)
    shows_full_names = models.BooleanField(_("show full names (AE)"), default=False)
    # {"shelf": "1", "hold": "2", "transit": "3", "staff": "9", "JJ-MAIN": "4"}; CL of a sorter.
    sort_bins = models.JSONField(_("bins of the sorter"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("SIP2 terminal")
        verbose_name_plural = _("SIP2 terminals")

    def __str__(self) -> str:
        return self.label

    def set_password(self, clear: str) -> None:
        self.password = make_password(clear)

    def check_password(self, clear: str) -> bool:
        return check_password(clear, self.password)
