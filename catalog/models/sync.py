"""Members told of changes (webhooks), and repositories we fetch records from (harvests)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from library_net.jobs.models import JobRun
from library_net.network.models import Agency


class Webhook(models.Model):
    """An address of a member that is sent the change feed, page after page, from a position on."""

    agency = models.ForeignKey(
        Agency, models.CASCADE, related_name="webhooks", verbose_name=_("institution")
    )
    url = models.URLField(_("address"), max_length=400)
    sealed_secret = models.BinaryField(editable=False)
    created_at = models.DateTimeField(_("created"))
    # Everything up to here was accepted by the other side.
    position = models.BigIntegerField(_("position in the feed"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    delivered_at = models.DateTimeField(_("last accepted"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    disabled_at = models.DateTimeField(_("switched off"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.UniqueConstraint(fields=["agency", "url"], name="one_webhook_per_address")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="webhooks_due", condition=Q(disabled_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def bound_to(self) -> str:
        """What the sealed secret is bound to: it opens in this row only."""
        return f"webhook:{self.pk}"


class WebhookDelivery(models.Model):
    """One attempt to deliver, for people who look for the reason; the newest ones are kept."""

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    first_position = models.BigIntegerField(_("first change"))
    last_position = models.BigIntegerField(_("last change"))
    attempted_at = models.DateTimeField(_("attempted"))
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    status = models.PositiveSmallIntegerField(_("HTTP status"), default=0)  # 0: no answer
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")

    def __str__(self) -> str:
        return f"{self.first_position}–{self.last_position}: {self.status or self.error}"


class HarvestSource(models.Model):
    """An OAI-PMH repository whose records are an agency's, and how far it has been read."""

    agency = models.ForeignKey(
        Agency, models.CASCADE, related_name="harvest_sources", verbose_name=_("institution")
    )
    url = models.URLField(_("base URL"), max_length=400)
    metadata_prefix = models.CharField(_("metadata prefix"), max_length=40, default="marcxml")
    set_spec = models.CharField(_("set"), max_length=200, blank=True)
    every_minutes = models.PositiveIntegerField(_("every (minutes)"), default=24 * 60)
    is_active = models.BooleanField(_("active"), default=True)
    next_due_at = models.DateTimeField(_("next harvest"))
    job = models.ForeignKey(JobRun, models.SET_NULL, null=True, blank=True, related_name="+")
    # The greatest datestamp of the last complete run, in the repository's own words: the next run
    # begins with it again, because more may have been changed within that second or day.
    harvested_until = models.CharField(_("harvested until"), max_length=20, blank=True)
    # The run under way: where to go on after a kill, and what becomes of harvested_until.
    token = models.TextField(blank=True)
    run_until = models.CharField(max_length=20, blank=True)
    run_is_ordered = models.BooleanField(default=True)  # datestamps have only risen so far
    run_records = models.PositiveIntegerField(_("records in this run"), default=0)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_error = models.CharField(_("last error"), max_length=400, blank=True)
    finished_at = models.DateTimeField(_("last complete run"), null=True, blank=True)

    class Meta:
        verbose_name = _("harvest source")
        verbose_name_plural = _("harvest sources")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "url", "set_spec", "metadata_prefix"],
                name="one_harvest_per_set",
            )
        ]

    def __str__(self) -> str:
        return f"{self.url} {self.set_spec}".strip()


class HarvestedRecord(models.Model):
    """Which control number stands behind an OAI identifier: a tombstone names only the latter."""

    source = models.ForeignKey(HarvestSource, models.CASCADE, related_name="records")
    identifier = models.CharField(max_length=400)
    control_number = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "identifier"], name="one_row_per_identifier")
        ]

    def __str__(self) -> str:
        return f"{self.identifier} = {self.control_number}"


class QualityReport(models.Model):
    """What a member's own records lack, counted in the background; the last complete count."""

    agency = models.OneToOneField(
        Agency, models.CASCADE, related_name="quality_report", verbose_name=_("institution")
    )
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True)
    # {"records": n, "lacks": {code: n}, "samples": {code: [control number, …]},
    #  "encodings": {name: n}, "formats": {name: n}}
    result = models.JSONField(default=dict)
    # The count under way, and the last record it has looked at.
    job = models.ForeignKey(JobRun, models.SET_NULL, null=True, blank=True, related_name="+")
    partial = models.JSONField(default=dict)
    next_after = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("quality report")
        verbose_name_plural = _("quality reports")

    def __str__(self) -> str:
        return str(self.agency)
