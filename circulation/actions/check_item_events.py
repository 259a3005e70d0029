"""Fold the item events and compare them with the state columns; the demo and a nightly task ask."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from circulation.models import ItemEvent
from circulation.readers.history import Finding, findings

SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCheck:
    events: int
    findings: tuple[Finding, ...]  # the first hundred; empty is what should be

    @property
    def is_sound(self) -> bool:
        return not self.findings


def check_item_events() -> EventCheck:
    """Reads only. Queries: 7."""
    return EventCheck(events=ItemEvent.objects.count(), findings=tuple(islice(findings(), SHOWN)))
