"""Batches of member records on their way in, their bytes, and what could not be used."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from library_net.jobs.models import JobRun
from library_net.network.models import Agency


class BatchState(models.TextChoices):
    RECEIVING = "receiving", _("being received")
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("being read")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class BatchKind(models.TextChoices):
    FILE = "file", _("file of records")
    CHANGES = "changes", _("single changes")


class Withdrawal(models.TextChoices):
    """Of what a full batch lacked: see Note [What is missing]. Empty: nobody need be asked."""

    ASKED = "asked", _("waiting for an answer")
    CONFIRMED = "confirmed", _("confirmed")
    OVERTAKEN = "overtaken", _("answered by a later full file")


class Batch(models.Model):
    """One file a member sent, or a list of single changes, and how far it has been read."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="batches", verbose_name=_("institution")
    )
    job = models.OneToOneField(JobRun, models.SET_NULL, null=True, related_name="batch")
    # Single changes are kept as JSON lines, each with a sequence of its own.
    kind = models.CharField(
        _("kind"), max_length=8, choices=BatchKind.choices, default=BatchKind.FILE
    )
    mode = models.CharField(_("mode"), max_length=8, default="delta")  # full | delta
    sequence = models.BigIntegerField(_("member's sequence"), default=0)
    file_name = models.CharField(_("file name"), max_length=200, blank=True)
    format_hint = models.CharField(max_length=8, blank=True)
    encoding_hint = models.CharField(max_length=16, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=BatchState.choices, default=BatchState.RECEIVING
    )
    byte_count = models.BigIntegerField(_("bytes"), default=0)
    digest = models.CharField(_("SHA-256"), max_length=64, blank=True)
    # Where to go on: everything before this byte is committed.
    next_offset = models.BigIntegerField(default=0)
    next_position = models.PositiveIntegerField(default=1)
    records = models.PositiveIntegerField(_("records read"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    deleted = models.PositiveIntegerField(_("deleted"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    # Of these, spans of which nobody can tell what record they were: see Note [What is missing].
    lost = models.PositiveIntegerField(_("unidentified spans"), default=0)
    # Records the file did hold, by their source keys, but not so that they could be used.
    spared = models.JSONField(default=list)
    # Records a full batch did not hold, and kept all the same because of what was lost, or
    # because they are so many.
    withheld = models.PositiveIntegerField(_("kept for lack of proof"), default=0)
    withdrawal = models.CharField(
        _("withdrawal"), max_length=9, choices=Withdrawal.choices, blank=True, default=""
    )
    # By the member's own system where no person is named.
    confirmed_at = models.DateTimeField(_("withdrawal confirmed"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    # Neither an error nor a change: overtaken by a later record of the same file, or of a later
    # batch of the same member.
    repeated = models.PositiveIntegerField(_("given again later in the file"), default=0)
    outdated = models.PositiveIntegerField(_("older than what we have"), default=0)
    merged = models.PositiveIntegerField(_("joined another member's record"), default=0)
    # Of the rejects, those somebody has mended since.
    mended = models.PositiveIntegerField(_("mended since"), default=0)
    # The reject this batch mends, if it was sent for one.
    mends = models.ForeignKey(
        "catalog.Reject",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="attempts",
        verbose_name=_("mends"),
    )
    items_created = models.PositiveIntegerField(_("items created"), default=0)
    items_updated = models.PositiveIntegerField(_("items updated"), default=0)
    created_at = models.DateTimeField(_("received"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.CheckConstraint(
                name="batch_state_known", condition=Q(state__in=BatchState.values)
            ),
            models.CheckConstraint(
                name="batch_mode_known", condition=Q(mode__in=["full", "delta"])
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or str(self.public_id)


class KeptBytes(models.Model):
    """At most 1 MiB of a member's files, once, however many of them hold it.

    In the database, because workers may not share a disk. Two uploads at one time may both keep
    the same bytes; that costs room and nothing else.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)  # SHA-256
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["agency", "digest"], name="bytes_by_digest")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.digest[:12]}"


class BatchChunk(models.Model):
    """A piece of a batch's bytes, as sent (after decompression), and where it stands in them."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="chunks")
    offset = models.BigIntegerField()
    length = models.IntegerField()
    kept = models.ForeignKey(KeptBytes, models.PROTECT, related_name="chunks")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "offset"], name="one_chunk_per_offset")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}@{self.offset}"


class BatchSeen(models.Model):
    """Source records one step of a full batch has met, so that its end knows which are missing.

    An unchanged record touches no row of its own, hence this one row a step: ids as 8-byte
    little-endian integers.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="seen")
    source_ids = models.BinaryField()
    # Whether the sequences of these records are those of the batch, if each must have it itself.
    is_confirmed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.batch_id}: {len(self.source_ids) // 8}"


class Reject(models.Model):
    """A span of a batch that could not be used, or not as it was: its place and the reason."""

    batch = models.ForeignKey(
        Batch, models.CASCADE, related_name="rejects", verbose_name=_("batch")
    )
    position = models.PositiveIntegerField(_("record number"))
    offset = models.BigIntegerField(_("byte offset"))
    length = models.BigIntegerField(_("length in bytes"))
    code = models.CharField(_("reason"), max_length=40)
    params = models.JSONField(default=dict)
    raw = models.BinaryField()
    resolved_at = models.DateTimeField(_("mended on"), null=True, blank=True)

    class Meta:
        verbose_name = _("rejected record")
        verbose_name_plural = _("rejected records")

    def __str__(self) -> str:
        return f"{self.batch_id} #{self.position}: {self.code}"
