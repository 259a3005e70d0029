"""Tonight's plan and its moves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Item
from circulation.domain.states import MoveState, PlanState
from circulation.models.transits import Transit
from library_net.jobs.models import JobRun
from library_net.network.models import Branch

PLAN_STATES = [
    (PlanState.PROPOSED, _("proposed")),
    (PlanState.APPROVED, _("approved")),
    (PlanState.DONE, _("done")),
    (PlanState.REJECTED, _("rejected")),
]
MOVE_STATES = [
    (MoveState.PROPOSED, _("proposed")),
    (MoveState.APPROVED, _("approved")),
    (MoveState.VETOED, _("vetoed")),
    (MoveState.IN_TRANSIT, _("on its way")),
    (MoveState.DONE, _("done")),
    (MoveState.DROPPED, _("dropped")),
]


class Plan(models.Model):
    """One night's proposal: what it promises, how good it provably is, and who checked."""

    date = models.DateField(_("for the night of"))
    state = models.CharField(
        _("state"), max_length=10, choices=PLAN_STATES, default=PlanState.PROPOSED
    )
    job = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    seed = models.BigIntegerField(_("seed"))
    parameters = models.JSONField(default=dict)  # horizon, costs …: what the verifier needs again
    objective = models.FloatField(_("value"), default=0)
    bound = models.FloatField(_("best possible"), default=0)
    gap = models.FloatField(_("gap"), default=0)
    is_verified = models.BooleanField(_("verified"), default=False)
    verified_objective = models.FloatField(_("value by the verifier"), null=True)
    flags = models.JSONField(default=list)  # e.g. "time_limit"
    as_of = models.DateTimeField(_("state of"))
    created_at = models.DateTimeField(_("made"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )

    class Meta:
        verbose_name = _("rebalancing plan")
        verbose_name_plural = _("rebalancing plans")
        constraints = [
            models.CheckConstraint(
                name="plan_state_known", condition=Q(state__in=[s.value for s in PlanState])
            )
        ]

    def __str__(self) -> str:
        return f"{self.date}"


class Move(models.Model):
    """One copy from where it idles to where it is expected to be read, and why."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="moves", verbose_name=_("plan"))
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("item"))
    origin = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("from"))
    destination = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("to"))
    state = models.CharField(
        _("state"), max_length=12, choices=MOVE_STATES, default=MoveState.PROPOSED
    )
    gain = models.FloatField(_("expected gain"))
    cost = models.FloatField(_("cost"))
    # {"demand_there": 3.2, "stock_there": 0, "demand_here": 0.1, "stock_here": 3, …}
    why = models.JSONField(_("why"), default=dict)
    veto_reason = models.CharField(_("why vetoed"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    transit = models.OneToOneField(
        Transit, models.SET_NULL, null=True, blank=True, related_name="move"
    )

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        constraints = [
            models.CheckConstraint(
                name="move_state_known", condition=Q(state__in=[s.value for s in MoveState])
            ),
            models.UniqueConstraint(fields=["plan", "item"], name="one_move_per_item_and_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.origin_id} → {self.destination_id}"
