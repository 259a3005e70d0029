"""The memory of what was done: operations with their answers, item events, exceptions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from circulation.domain.states import ItemEventKind
from library_net.network.models import Agency, Branch


class Operation(models.Model):
    """One intended action and the answer it got, written in the action's own transaction.

    A repeat with the same id gets the same answer; with another body it is refused. REST keys,
    SIP2 resends and offline journals are all operation ids (house §6 "Operations").
    """

    # Who chose the id: "agency:12", "user:7", "terminal:…". Ids of two callers never collide.
    caller = models.CharField(max_length=60)
    operation_id = models.CharField(max_length=120)
    action = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    answer = models.JSONField()  # ids and codes only, never a document number
    was_refused = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "operation_id"], name="one_operation_per_caller_and_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.caller} {self.operation_id}"


EVENT_NAMES = [
    (ItemEventKind.ADDED, _("added")),
    (ItemEventKind.CHECKED_OUT, _("lent")),
    (ItemEventKind.CHECKED_IN, _("returned")),
    (ItemEventKind.RENEWED, _("renewed")),
    (ItemEventKind.RECALLED, _("recalled")),
    (ItemEventKind.SET_ASIDE, _("set aside for transport")),
    (ItemEventKind.DISPATCHED, _("dispatched")),
    (ItemEventKind.RECEIVED, _("received")),
    (ItemEventKind.HELD, _("put on the hold shelf")),
    (ItemEventKind.RELEASED, _("free again")),
    (ItemEventKind.FLOATED, _("stays at another branch")),
    (ItemEventKind.CLAIMED, _("said to be returned")),
    (ItemEventKind.LOST, _("lost")),
    (ItemEventKind.MISSED, _("not found")),
    (ItemEventKind.DAMAGED, _("damaged")),
    (ItemEventKind.PROCESSED, _("made ready")),
    (ItemEventKind.WITHDRAWN, _("withdrawn")),
]


class ItemEvent(models.Model):
    """What happened to a copy; append-only.

    The item's state columns are what the events add up to: the last event's ``status`` and
    ``branch`` are the item's. A copy without events stands where it was first catalogued.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="events", verbose_name=_("item"))
    kind = models.CharField(_("event"), max_length=12, choices=EVENT_NAMES)
    at = models.DateTimeField(_("at"))
    branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="+", verbose_name=_("branch")
    )  # where the copy is afterwards (on loan: where it was lent; in transit: the origin)
    status = models.CharField(_("status afterwards"), max_length=20)
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, related_name="events")
    # Ids, not foreign keys: an event outlives what it speaks of.
    loan_id = models.BigIntegerField(null=True)
    request_id = models.BigIntegerField(null=True)
    transit_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("item event")
        verbose_name_plural = _("item events")

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.kind} {self.item_id}"


class StaffException(models.Model):
    """An odd case that was accepted and now needs a person: what it is and what to do next."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    code = models.CharField(_("what"), max_length=40)
    params = models.JSONField(default=dict)
    item = models.ForeignKey(
        Item, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("item")
    )
    barcode = models.CharField(_("barcode"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"))
    closed_at = models.DateTimeField(_("settled"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
    )
    note = models.CharField(_("how it was settled"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")

    def __str__(self) -> str:
        return f"{self.code} {self.barcode}"
