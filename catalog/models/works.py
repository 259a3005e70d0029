"""What makes editions one work beyond title and author: keys they meet by, librarians' words."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.bibliographic import Manifestation
from catalog.models.matches import Decision


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


class WorkDecision(Decision):
    """Whether the editions of the records are of one work."""

    kind = models.CharField(_("decision"), max_length=9, choices=WorkDecisionKind.choices)

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
