"""Why a reader may not act now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from circulation.domain.calendar import local_date
from circulation.domain.credentials import age_on
from circulation.domain.facts import Debt, PatronFacts
from circulation.domain.fees import NOTHING
from circulation.domain.policies import Lineage, Scope, Terms
from circulation.domain.reasons import Reason, ReasonCode, reason


def identity_blocks(patron: PatronFacts, *, today: date) -> tuple[Reason, ...]:
    """Blocks that need no rule: CO-1 and CO-2."""
    found = []
    if patron.credential_blocked:
        found.append(reason(ReasonCode.CREDENTIAL_BLOCKED))
    if patron.is_suspended:
        found.append(reason(ReasonCode.PATRON_SUSPENDED))
    if patron.expires_on is not None and patron.expires_on < today:
        on = patron.expires_on.isoformat()
        found.append(reason(ReasonCode.PATRON_EXPIRED, expired_on=on))
    return tuple(found)


def rule_blocks(
    patron: PatronFacts, *, terms: Terms, now: datetime, owner: Lineage = ()
) -> tuple[Reason, ...]:
    """Blocks that the owner's rules decide.

    CO-8 (money owed), CO-9 (overdue copies), CO-14 (days without lending), CO-15 (age).
    """
    found, today = [], local_date(now)
    until = [s.until for s in patron.suspensions if not s.owner or s.owner in owner]
    if until and max(until) >= today:
        found.append(reason(ReasonCode.SUSPENDED_UNTIL, until=max(until).isoformat()))
    born = patron.birth_date
    if born is not None and age_on(born, day=today) < terms.min_age:
        found.append(reason(ReasonCode.TOO_YOUNG, age=terms.min_age))
    if terms.max_owed is not None:
        owed = _owed(patron.debts, scope=terms.max_owed_scope)
        if owed > terms.max_owed:
            found.append(reason(ReasonCode.OWES_TOO_MUCH, amount=owed, limit=terms.max_owed))
    if terms.max_overdue is not None:
        late = sum(
            1
            for loan in patron.loans
            if loan.due_at < now and terms.max_overdue_scope.covers(loan.place)
        )
        if late > terms.max_overdue:
            found.append(reason(ReasonCode.HAS_OVERDUE, count=late))
    return tuple(found)


def cap_blocks(
    patron: PatronFacts, *, terms: Terms, price: Decimal | None = None
) -> tuple[Reason, ...]:
    """CO-7 and CO-16: every limit in its own scope; one more loan must fit under each.

    A copy without a price is worth nothing here: it cannot be weighed.
    """
    found = []
    for cap in terms.caps:
        count = sum(1 for loan in patron.loans if cap.scope.covers(loan.place))
        if count >= cap.limit:
            found.append(
                reason(ReasonCode.TOO_MANY_LOANS, limit=cap.limit, count=count, rule=cap.rule)
            )
    for worth in terms.value_caps:
        held = (loan.price for loan in patron.loans if worth.scope.covers(loan.place))
        total = sum((each for each in (*held, price) if each is not None), NOTHING)
        if total > worth.limit:
            found.append(
                reason(ReasonCode.TOO_DEAR, limit=worth.limit, total=total, rule=worth.rule)
            )
    return tuple(found)


def _owed(debts: Sequence[Debt], *, scope: Scope) -> Decimal:
    return sum(
        (debt.amount for debt in debts if not scope.owner or scope.owner in debt.owner), NOTHING
    )
