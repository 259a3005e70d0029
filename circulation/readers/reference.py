"""The slow-moving half of every decision: the tree of agencies, the rules, the calendars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from circulation.domain.calendar import EVERY_DAY, SHANGHAI, Calendar
from circulation.domain.facts import DeskFacts
from circulation.domain.policies import Lineage, LoanRule, RenewalBase
from circulation.domain.states import ReturnPolicy
from circulation.models import LoanRule as LoanRuleRow
from library_net.errors import LibraryError
from library_net.network.models import Agency, Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What an action knows about the network before it looks at a reader or a copy."""

    lineages: Mapping[int, Lineage]
    suspended: frozenset[int]  # agencies that may not lend today
    rules: tuple[LoanRule, ...]  # the rows, and what each agency says of its own copies

    def code(self, agency_id: int) -> str:
        return self.lineages[agency_id][0]


def load_reference(*, today: date) -> Reference:
    """The agency tree and every rule. Queries: 2."""
    rows = {
        row["pk"]: row
        for row in Agency.objects.values(
            "pk", "code", "parent_id", "is_suspended", "joined_date", "left_date", "return_policy"
        )
    }
    chains = {pk: _chain(rows, pk) for pk in rows}
    return Reference(
        lineages={
            pk: tuple(rows[above]["code"] for above in chain) for pk, chain in chains.items()
        },
        suspended=frozenset(pk for pk, row in rows.items() if not _is_active(row, today=today)),
        rules=(*load_rules(), *_agency_rules(rows.values())),
    )


def load_rules() -> tuple[LoanRule, ...]:
    """Every loan rule as the domain reads it. Queries: 1."""
    rows = LoanRuleRow.objects.select_related("owner", "visited", "branch", "category", "material")
    return tuple(_rule(row) for row in rows.order_by("pk"))


def load_branch(*, branch_id: int) -> Branch:
    """A branch that takes part. Queries: 1. Raises ``unknown_branch``."""
    branch = Branch.objects.select_related("agency").filter(pk=branch_id, is_active=True).first()
    if branch is None:
        raise LibraryError("unknown_branch", branch=branch_id)
    return branch


def find_branch(code: str) -> Branch:
    """A branch by its code. Queries: 1. Raises ``unknown_branch``."""
    branch = Branch.objects.select_related("agency").filter(code=code, is_active=True).first()
    if branch is None:
        raise LibraryError("unknown_branch", branch=code)
    return branch


def desk_at(branch: Branch, *, reference: Reference) -> DeskFacts:
    """The branch as decisions see it. Queries: 1 (its closed days)."""
    return DeskFacts(
        branch_id=branch.pk,
        branch=branch.code,
        agency=reference.lineages[branch.agency_id],
        is_suspended=branch.agency_id in reference.suspended,
        calendar=calendar_of(branch),
    )


def calendar_of(branch: Branch, *, zone: ZoneInfo = SHANGHAI) -> Calendar:
    """Open weekdays from the opening hours, without the closed days. Queries: 1."""
    weekdays = frozenset(int(day) - 1 for day in branch.opening_hours)  # ISO: 1 is Monday
    closed = frozenset(branch.closed_days.values_list("date", flat=True))
    return Calendar(open_weekdays=weekdays or EVERY_DAY, closed_dates=closed, zone=zone)


def _chain(rows: Mapping[int, Mapping[str, object]], pk: int) -> tuple[int, ...]:
    """An agency's id and those above it; a loop in the tree ends where it began."""
    chain: list[int] = []
    current: object = pk
    while isinstance(current, int) and current not in chain:
        chain.append(current)
        current = rows[current]["parent_id"]
    return tuple(chain)


def _agency_rules(rows: Iterable[Mapping[str, object]]) -> Iterator[LoanRule]:
    """An agency's return policy is a rule about its copies, inherited like any other."""
    for row in rows:
        if row["return_policy"]:
            code = str(row["code"])
            policy = ReturnPolicy(str(row["return_policy"]))
            yield LoanRule(code=f"agency {code}", owner=code, return_policy=policy)


def _is_active(row: Mapping[str, object], *, today: date) -> bool:
    joined, left = row["joined_date"], row["left_date"]
    has_joined = not isinstance(joined, date) or joined <= today
    has_left = isinstance(left, date) and left <= today
    return has_joined and not has_left and not row["is_suspended"]


def _rule(row: LoanRuleRow) -> LoanRule:
    return LoanRule(
        code=row.code,
        owner=row.owner.code if row.owner else "",
        visited=row.visited.code if row.visited else "",
        branch=row.branch.code if row.branch else "",
        category=row.category.code if row.category else "",
        material=row.material.code if row.material else "",
        starts_on=row.valid_from,
        ends_on=row.valid_to,
        is_lendable=row.is_lendable,
        loan_days=row.loan_days,
        renewals=row.max_renewals,
        renewal_days=row.renewal_days,
        renewal_base=RenewalBase(row.renew_from) if row.renew_from else None,
        renew_after_days=row.renew_after_days,
        max_loans=row.max_loans,
        max_requests=row.max_requests,
        fee_per_day=row.fee_per_day,
        fee_cap=row.fee_cap,
        grace_days=row.grace_days,
        max_owed=row.max_owed,
        max_overdue=row.max_overdue,
        hold_shelf_days=row.pickup_days,
        max_no_shows=row.max_no_shows,
        recall_days=row.recall_days,
        lost_after_days=row.lost_after_days,
        return_policy=ReturnPolicy(row.return_policy) if row.return_policy else None,
    )
