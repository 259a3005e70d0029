"""Members' records as they sent them, the keys they meet by, and why they were joined."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.domain.digests import block_of
from catalog.models.bibliographic import Manifestation
from catalog.models.json_text import JsonTextField
from library_net.network.models import Agency


class SourceRecord(models.Model):
    """One agency's record, as received; never edited."""

    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        related_name="+",
        db_index=False,  # the unique constraint below begins with it
        verbose_name=_("institution"),
    )
    # Control number, or the digest where there is none (house §6 "Source key").
    source_key = models.CharField(_("source key"), max_length=160)
    # `digests.block_of(source_key)`; see Note [Blocks in the index, sub-blocks out of it].
    block = models.IntegerField(default=0)
    format = models.CharField(_("format"), max_length=8)
    encoding = models.CharField(_("encoding"), max_length=16)
    digest = models.CharField(_("SHA-256 of the bytes"), max_length=64)
    raw = models.BinaryField()
    neutral = JsonTextField()  # BibRecord.to_json(): what our crosswalk read
    flags = JsonTextField(default=list)
    batch = models.ForeignKey(
        "catalog.Batch", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    sequence = models.BigIntegerField(_("member's sequence"), default=0)
    manifestation = models.ForeignKey(
        Manifestation,
        models.PROTECT,
        null=True,
        related_name="sources",
        verbose_name=_("manifestation"),
    )
    matcher_version = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(_("received"))
    deleted_at = models.DateTimeField(_("withdrawn by the member"), null=True, blank=True)

    class Meta:
        verbose_name = _("source record")
        verbose_name_plural = _("source records")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "source_key"], name="one_source_record_per_key"
            )
        ]
        indexes = [
            # Holds all the digest tree is computed from, so no record's bytes are read for it;
            # deleted_at too, which SQLite looks at though the condition has settled it.
            models.Index(
                fields=["agency", "block", "source_key", "digest", "deleted_at"],
                name="digest_tree",
                condition=models.Q(deleted_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id}:{self.source_key}"

    def save(self, **options: Any) -> None:
        self.block = block_of(self.source_key)
        super().save(**options)


class MatchKey(models.Model):
    """A key by which candidates for a match are found (blocking)."""

    # Without the database's check: of four keys a record it was the dearest part of saving it on
    # PostgreSQL. The lane writes a record and its keys in one transaction, and no row goes away.
    source_record = models.ForeignKey(
        SourceRecord, models.CASCADE, related_name="match_keys", db_constraint=False
    )
    key = models.BigIntegerField()  # `key_number` of "isbn:9787…", "ta:<hash>"

    class Meta:
        indexes = [models.Index(fields=["key"], name="match_keys")]

    def __str__(self) -> str:
        return f"{self.source_record_id}: {self.key}"


class MatchEvidence(models.Model):
    """Why a record joined a cluster: compared with which record, field by field."""

    source_record = models.ForeignKey(
        SourceRecord, models.CASCADE, related_name="evidence", verbose_name=_("record")
    )
    matched_with = models.ForeignKey(
        SourceRecord, models.CASCADE, related_name="+", verbose_name=_("matched with")
    )
    score = models.FloatField(_("score"))
    fields = models.JSONField(_("evidence by field"))  # [[field, verdict, score, left, right], …]
    matcher_version = models.PositiveSmallIntegerField(_("matcher version"))
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("match evidence")
        verbose_name_plural = _("match evidence")

    def __str__(self) -> str:
        return f"{self.source_record_id} ~ {self.matched_with_id} ({self.score:.2f})"
