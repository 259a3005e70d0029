"""The slow-moving half of every decision: the tree of agencies, the rules, the calendars, the keys.

Read once and kept by the process under a stamp (``library_net.network.stamp``). Every action asks
for the stamp inside its own transaction, so what it decides from is what that transaction sees. A
new table this reads must be watched (``circulation/apps.py``); a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Case, When

from circulation.domain.calendar import EVERY_DAY, SHANGHAI, Calendar
from circulation.domain.facts import DeskFacts
from circulation.domain.policies import Lineage, LoanRule, RenewalBase, RuleBook
from circulation.domain.rule_values import parse_points, parse_tariff
from circulation.domain.states import ReturnPolicy
from circulation.models import LoanRule as LoanRuleRow
from library_net.errors import LibraryError
from library_net.network.models import Agency, Branch, BranchKind, ClosedDay, MemberKey
from library_net.network.stamp import Remembered, current_stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What an action knows about the network before it looks at a reader or a copy."""

    lineages: Mapping[int, Lineage]
    suspended: frozenset[int]  # agencies that may not lend today
    rules: RuleBook  # the rows, and what each agency says of its own copies
    desks: Mapping[int, DeskFacts]  # by branch; only those that take part
    branches: Mapping[str, int]  # by code; only those that take part
    branch_codes: Mapping[int, str]  # of all
    agency_of: Mapping[int, int]  # by branch
    keys: Mapping[str, KnownKey]  # member keys in force, by their prefix

    def code(self, agency_id: int) -> str:
        return self.lineages[agency_id][0]

    def branch_id(self, branch: int | str) -> int:
        """The id of a branch that takes part. Raises ``unknown_branch``."""
        branch_id = self.branches.get(branch, 0) if isinstance(branch, str) else branch
        if branch_id not in self.desks:
            raise LibraryError("unknown_branch", branch=branch)
        return branch_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    id: int
    agency_id: int
    secret_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What the tables say, on whatever day."""

    agencies: Mapping[int, Mapping[str, object]]
    branches: tuple[tuple[int, str, int, Calendar], ...]
    branch_codes: Mapping[int, str]
    rules: RuleBook
    keys: Mapping[str, KnownKey]
    by_day: dict[date, Reference] = field(default_factory=dict)

    def on(self, today: date) -> Reference:
        reference = self.by_day.get(today)
        if reference is None:
            reference = self.by_day[today] = _reference(self, today=today)
        return reference


def load_reference(*, today: date) -> Reference:
    """The network and every rule as this transaction sees them. Queries: 1, or 7 after a change."""
    return reference_at(current_stamp(), today=today)


def reference_at(stamp: str, *, today: date) -> Reference:
    """As ``load_reference``, for a stamp read in this transaction. Queries: 0, or 7."""
    return _remembered.at(stamp).on(today)


def latest_reference(*, today: date) -> Reference | None:
    """What the process last knew; whoever acts on it must look again inside the transaction."""
    rows = _remembered.latest()
    return rows.on(today) if rows is not None else None


def _load() -> _Rows:
    agencies = {
        row["pk"]: row
        for row in Agency.objects.values(
            "pk", "code", "parent_id", "is_suspended", "joined_date", "left_date", "return_policy"
        )
    }
    closed: dict[int, set[date]] = {}
    for branch_id, day in ClosedDay.objects.values_list("branch_id", "date"):
        closed.setdefault(branch_id, set()).add(day)
    branches = Branch.objects.values_list("pk", "code", "agency_id", "opening_hours", "is_active")
    keys = MemberKey.objects.filter(revoked_at=None)
    return _Rows(
        agencies=agencies,
        branches=tuple(
            (pk, code, agency_id, _calendar(hours, closed.get(pk, ())))
            for pk, code, agency_id, hours, is_active in branches
            if is_active
        ),
        branch_codes={pk: code for pk, code, *_ in branches},
        rules=RuleBook((*load_rules(), *_agency_rules(agencies.values()))),
        keys={
            prefix: KnownKey(id=pk, agency_id=agency_id, secret_hash=secret_hash)
            for pk, prefix, agency_id, secret_hash in keys.values_list(
                "pk", "prefix", "agency_id", "secret_hash"
            )
        },
    )


_remembered = Remembered(_load)


def _reference(rows: _Rows, *, today: date) -> Reference:
    chains = {pk: _chain(rows.agencies, pk) for pk in rows.agencies}
    lineages = {
        pk: tuple(str(rows.agencies[above]["code"]) for above in chain)
        for pk, chain in chains.items()
    }
    suspended = frozenset(
        pk for pk, row in rows.agencies.items() if not _is_active(row, today=today)
    )
    return Reference(
        lineages=lineages,
        suspended=suspended,
        rules=rows.rules,
        desks={
            pk: DeskFacts(
                branch_id=pk,
                branch=code,
                agency=lineages[agency_id],
                is_suspended=agency_id in suspended,
                calendar=calendar,
            )
            for pk, code, agency_id, calendar in rows.branches
        },
        branches={code: pk for pk, code, _agency, _calendar in rows.branches},
        branch_codes=rows.branch_codes,
        agency_of={pk: agency_id for pk, _code, agency_id, _calendar in rows.branches},
        keys=rows.keys,
    )


def load_rules() -> tuple[LoanRule, ...]:
    """Every loan rule as the domain reads it. Queries: 1."""
    rows = LoanRuleRow.objects.select_related("owner", "visited", "branch", "category", "material")
    return tuple(rule_of(row) for row in rows.order_by("pk"))


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


def main_branch(agency_id: int) -> Branch:
    """An institution's main building. Queries: 1. Raises ``unknown_branch``."""
    rows = Branch.objects.select_related("agency").filter(agency_id=agency_id, is_active=True)
    branch = rows.order_by(Case(When(kind=BranchKind.MAIN, then=0), default=1), "pk").first()
    if branch is None:
        raise LibraryError("unknown_branch", branch="")
    return branch


def desk_at(branch: Branch, *, reference: Reference) -> DeskFacts:
    """The branch as decisions see it. Queries: 0; 1 for one that takes part no more."""
    known = reference.desks.get(branch.pk)
    if known is not None:
        return known
    return DeskFacts(
        branch_id=branch.pk,
        branch=branch.code,
        agency=reference.lineages[branch.agency_id],
        is_suspended=branch.agency_id in reference.suspended,
        calendar=calendar_of(branch),
    )


def calendar_of(branch: Branch, *, zone: ZoneInfo = SHANGHAI) -> Calendar:
    """Open weekdays from the opening hours, without the closed days. Queries: 1."""
    return _calendar(
        branch.opening_hours, branch.closed_days.values_list("date", flat=True), zone=zone
    )


def _calendar(
    hours: Iterable[str], closed: Iterable[date], *, zone: ZoneInfo = SHANGHAI
) -> Calendar:
    weekdays = frozenset(int(day) - 1 for day in hours)  # ISO: 1 is Monday
    return Calendar(open_weekdays=weekdays or EVERY_DAY, closed_dates=frozenset(closed), zone=zone)


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


def rule_of(row: LoanRuleRow) -> LoanRule:
    """A row of the table, saved or not, as the domain reads it. Queries: 0 when joined."""
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
        max_value=row.max_value,
        min_age=row.min_age,
        max_requests=row.max_requests,
        fee_per_day=row.fee_per_day,
        fee_step_days=row.fee_step_days,
        fee_per_day_after=row.fee_per_day_after,
        fee_cap=row.fee_cap,
        suspend_days=row.suspend_days,
        suspend_cap=row.suspend_cap,
        points=parse_points(row.points) if row.points is not None else None,
        compensation=parse_tariff(row.compensation) if row.compensation is not None else None,
        grace_days=row.grace_days,
        max_owed=row.max_owed,
        max_overdue=row.max_overdue,
        hold_shelf_days=row.pickup_days,
        max_no_shows=row.max_no_shows,
        recall_days=row.recall_days,
        lost_after_days=row.lost_after_days,
        return_policy=ReturnPolicy(row.return_policy) if row.return_policy else None,
    )
