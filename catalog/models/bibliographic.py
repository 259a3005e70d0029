"""Works above manifestations: what a reader finds, computed from the members' records."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.json_text import JsonTextField


def _absorbed(name: str) -> models.Index:
    """Of the absorbed only, which are few.

    By an index that holds the living, too, SQLite would go through all of them where it is asked
    for a few by another index.
    """
    is_absorbed = models.Q(absorbed_by__isnull=False)
    return models.Index(fields=["absorbed_by"], name=name, condition=is_absorbed)


class Work(models.Model):
    """Groups the manifestations a reader thinks of as one book."""

    title = models.CharField(_("title"), max_length=400)
    author = models.CharField(_("author"), max_length=200, blank=True)
    # title key + author key; manifestations with an equal key meet in one work. Not unique: a
    # split work keeps its key until it is computed again.
    grouping_key = models.CharField(max_length=64)
    absorbed_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, db_index=False)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("work")
        verbose_name_plural = _("works")
        indexes = [
            models.Index(fields=["grouping_key"], name="works_by_grouping_key"),
            _absorbed("works_absorbed"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def public_id(self) -> str:
        return f"w{self.pk}"


class Manifestation(models.Model):
    """One edition: a cluster of source records and the record merged from them."""

    work = models.ForeignKey(
        Work, models.PROTECT, related_name="manifestations", verbose_name=_("work")
    )
    # BibRecord.to_json() of the merge, and {field: source record id} saying where each came from.
    record = JsonTextField(default=dict)
    provenance = JsonTextField(default=dict)
    title = models.CharField(_("title"), max_length=400)
    author = models.CharField(_("author"), max_length=200, blank=True)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True)
    year = models.SmallIntegerField(_("year"), null=True, blank=True)
    source_count = models.PositiveIntegerField(_("member records"), default=0)
    # The oldest record of the cluster the id was made for. Where that record goes, the id goes, so
    # taking apart what was joined gives every part its own id back (MA-13).
    anchor_id = models.BigIntegerField(null=True, editable=False)
    # An absorbed manifestation redirects for ever; one without sources left is a tombstone.
    absorbed_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, db_index=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("manifestation")
        verbose_name_plural = _("manifestations")
        # The order in which harvesters read, see catalog.models.harvest.
        indexes = [
            models.Index(fields=["updated_at", "id"], name="manifestations_by_change"),
            _absorbed("manifestations_absorbed"),
            models.Index(
                fields=["anchor_id"],
                name="absorbed_by_anchor",
                condition=models.Q(absorbed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def public_id(self) -> str:
        return f"m{self.pk}"
