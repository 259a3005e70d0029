"""What librarians say about matches, and what the matcher asks them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.sources import SourceRecord


class DecisionKind(models.TextChoices):
    SAME = "same", _("one edition")
    DIFFERENT = "different", _("two editions")


class Decision(models.Model):
    """A librarian's word on two member records; it outlives every run of the matcher.

    Rows are never changed but for being undone, so together they are the history.
    """

    left = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="+", verbose_name=_("record")
    )
    right = models.ForeignKey(
        SourceRecord, models.PROTECT, related_name="+", verbose_name=_("other record")
    )
    kind: models.Field[str, str]  # one or two editions, one or two works
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    # One act may decide several pairs: taking one out of many.
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
        abstract = True

    def __str__(self) -> str:
        return f"{self.left_id} {self.kind} {self.right_id}"


class MatchDecision(Decision):
    """Whether the records describe one edition."""

    kind = models.CharField(_("decision"), max_length=9, choices=DecisionKind.choices)

    class Meta:
        verbose_name = _("match decision")
        verbose_name_plural = _("match decisions")
        constraints = [
            models.CheckConstraint(name="match_decision_ordered", condition=Q(left__lt=F("right"))),
            models.CheckConstraint(
                name="match_decision_known", condition=Q(kind__in=DecisionKind.values)
            ),
            models.UniqueConstraint(
                fields=["left", "right"],
                name="one_standing_decision_per_pair",
                condition=Q(undone_at=None),
            ),
        ]


class OpenQuestions(models.QuerySet["MatchQuestion"]):
    def open(self) -> OpenQuestions:
        """Not decided, not settled by other evidence, both records still held by a member."""
        decided = MatchDecision.objects.filter(
            left=OuterRef("left"), right=OuterRef("right"), undone_at=None
        )
        return self.filter(
            ~Exists(decided),
            ~Q(left__manifestation=F("right__manifestation")),
            left__deleted_at=None,
            right__deleted_at=None,
        )


class MatchQuestion(models.Model):
    """Two records the matcher cannot tell: neither joined nor kept apart until somebody looks."""

    left = models.ForeignKey(
        SourceRecord, models.CASCADE, related_name="+", verbose_name=_("record")
    )
    right = models.ForeignKey(
        SourceRecord, models.CASCADE, related_name="+", verbose_name=_("other record")
    )
    score = models.FloatField(_("score"))
    fields = models.JSONField(_("evidence by field"))  # [[field, verdict, score, left, right], …]
    matcher_version = models.PositiveSmallIntegerField(_("matcher version"))
    asked_at = models.DateTimeField(_("asked"))

    objects = OpenQuestions.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        constraints = [
            models.CheckConstraint(name="match_question_ordered", condition=Q(left__lt=F("right"))),
            models.UniqueConstraint(fields=["left", "right"], name="one_question_per_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.left_id} ~ {self.right_id}?"
