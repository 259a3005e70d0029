"""What makes editions one work beyond title and author: keys they meet by, librarians' words."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.bibliographic import Manifestation
from catalog.models.sources import SourceRecord


class WorkKey(models.Model):
    """A key by which editions with evidence of their work look for each other (MA-18).

    Most editions have none. Derived: written by the matching lane together with its edition.
    """

    manifestation = models.ForeignKey(
        Manifestation, models.CASCADE, related_name="work_keys", db_constraint=False
    )
    key = models.CharField(max_length=16)

    class Meta:
        indexes = [models.Index(fields=["key"], name="work_keys")]

    def __str__(self) -> str:
        return self.key


class WorkDecisionKind(models.TextChoices):
    SAME = "same", _("one work")
    DIFFERENT = "different", _("two works")


class WorkDecision(models.Model):
    """A librarian's word on the works of two member records' editions; it outlives every run.

    Rows are never changed but for being undone, so together they are the history.
    """

    left = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="+", verbose_name=_("record")
    )
    right = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="+", verbose_name=_("other record")
    )
    kind = models.CharField(_("decision"), max_length=9, choices=WorkDecisionKind.choices)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    # One act may decide several pairs: taking an edition out of a work of many.
    act = models.UUIDField(default=uuid.uuid4, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision about works")
        verbose_name_plural = _("decisions about works")
        constraints = [
            models.CheckConstraint(name="work_decision_ordered", condition=Q(left__lt=F("right"))),
            models.CheckConstraint(
                name="work_decision_known", condition=Q(kind__in=WorkDecisionKind.values)
            ),
            models.UniqueConstraint(
                fields=["left", "right"],
                name="one_standing_work_decision_per_pair",
                condition=Q(undone_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} {self.kind} {self.right_id}"
