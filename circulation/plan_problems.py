"""What a plan's codes and reasons say to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as say
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


def why_text(why: Mapping[str, Any]) -> str:
    """The reason of one move in a sentence, for a librarian to agree or disagree with."""
    numbers = {
        "there": f"{why['demand_there']:.1f}",
        "here": f"{why['demand_here']:.1f}",
        "stock_there": why["stock_there"],
        "stock_here": why["stock_here"],
        "km": f"{why['km']:.0f}",
    }
    text = say(
        "Expected readers in the coming weeks: %(there)s there, %(here)s here. "
        "Copies: %(stock_there)s there, %(stock_here)s here. %(km)s km."
    )
    told = text % numbers
    if why.get("waiting_there"):
        told = say("Readers waiting there: %s.") % why["waiting_there"] + " " + told
    return told


def benefit_text(why: Mapping[str, Any]) -> str:
    """What the move adds, as the sum it is."""
    benefit = why["gain"] - why["loss"] - why["cost"]
    return say("Gain ¥%(gain)s − loss here ¥%(loss)s − transport ¥%(cost)s = ¥%(benefit)s") % {
        "gain": f"{why['gain']:.2f}",
        "loss": f"{why['loss']:.2f}",
        "cost": f"{why['cost']:.2f}",
        "benefit": f"{benefit:.2f}",
    }
