"""What a plan's codes say to a person."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PLAN_PROBLEMS: dict[str, tuple[int, Promise | str]] = {
    "unknown_plan": (404, _("There is no such rebalancing plan. Open the list of plans.")),
    "unknown_move": (404, _("There is no such move. Load the plan again.")),
    "plan_not_open": (
        409,
        _("This plan is closed (%(state)s); nothing can be decided in it. Open the newest plan."),
    ),
    "plan_not_verified": (
        409,
        _(
            "The independent check did not confirm this plan, so it cannot be approved. "
            "Have a new plan made."
        ),
    ),
    "plan_changed": (
        409,
        _("Somebody decided on a move while the plan was worked out anew. Try again."),
    ),
    "move_not_open": (
        409,
        _("This move cannot be decided on any more (%(state)s). Load the plan again."),
    ),
    "veto_needs_reason": (422, _("Say in a few words why this copy should not travel.")),
}
