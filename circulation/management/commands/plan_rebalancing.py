"""``manage.py plan_rebalancing [--date DAY] [--json]``: make the plan, say what it brings."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from circulation.actions.plan_rebalancing import plan_rebalancing
from circulation.domain.calendar import local_date
from circulation.models import Plan


class Command(BaseCommand):
    help = "Plan tonight's moves of copies between branches; a librarian then reviews them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, help="default: today")
        parser.add_argument("--seed", type=int, help="default: the date")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        plan = plan_rebalancing(
            on=options["date"] or local_date(now), now=now, seed=options["seed"]
        )
        figures = summary(plan)
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        self.stdout.write(
            f"Plan {plan.pk} for {plan.date}: {figures['moves']} moves worth ¥{plan.objective:.2f} "
            f"(at most ¥{plan.bound:.2f} is possible, gap {plan.gap:.2%})"
        )
        checked = "confirmed" if plan.is_verified else "NOT confirmed"
        self.stdout.write(f"Independent check: ¥{plan.verified_objective:.2f}, {checked}")
        for flag in plan.flags:
            self.stdout.write(f"  {flag}")


def summary(plan: Plan) -> dict[str, Any]:
    """The plan's figures as JSON."""
    return {
        "plan": plan.pk,
        "date": plan.date.isoformat(),
        "moves": plan.moves.count(),
        "objective": plan.objective,
        "verified_objective": plan.verified_objective,
        "is_verified": plan.is_verified,
        "bound": plan.bound,
        "gap": plan.gap,
        "flags": plan.flags,
    }
