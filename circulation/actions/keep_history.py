"""The reader decides whether her history is kept (ID-31)."""

from __future__ import annotations

from circulation.models import Patron


def keep_history(*, patron_id: int, is_wanted: bool) -> None:
    """From now on, for what is returned and not yet parted; done twice it is the same choice."""
    Patron.objects.filter(pk=patron_id).update(keeps_history=is_wanted)
