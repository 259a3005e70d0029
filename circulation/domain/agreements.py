"""Who may collect money for whom: the owner always, others while an agreement says so. FE-5."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from circulation.domain.policies import Lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Each side holds for the agency's whole subtree; empty means everybody."""

    owner: str = ""
    collector: str = ""
    starts_on: date
    ends_on: date | None = None  # the last day


def may_collect(
    agreements: Iterable[Agreement], *, owner: Lineage, collector: Lineage, on: date
) -> bool:
    if owner[0] == collector[0]:
        return True
    return any(
        (not each.owner or each.owner in owner)
        and (not each.collector or each.collector in collector)
        and each.starts_on <= on
        and (each.ends_on is None or on <= each.ends_on)
        for each in agreements
    )
