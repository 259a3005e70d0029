"""Why a reader may not act now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from circulation.domain.facts import Debt, PatronFacts
from circulation.domain.fees import NOTHING
from circulation.domain.policies import Scope, Terms
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


def rule_blocks(patron: PatronFacts, *, terms: Terms, now: datetime) -> tuple[Reason, ...]:
    """Blocks that the owner's rules decide: CO-8 (money owed) and CO-9 (overdue copies)."""
    found = []
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


def cap_blocks(patron: PatronFacts, *, terms: Terms) -> tuple[Reason, ...]:
    """CO-7: every limit in its own scope; one more loan must fit under each."""
    found = []
    for cap in terms.caps:
        count = sum(1 for loan in patron.loans if cap.scope.covers(loan.place))
        if count >= cap.limit:
            found.append(
                reason(ReasonCode.TOO_MANY_LOANS, limit=cap.limit, count=count, rule=cap.rule)
            )
    return tuple(found)


def _owed(debts: Sequence[Debt], *, scope: Scope) -> Decimal:
    return sum(
        (debt.amount for debt in debts if not scope.owner or scope.owner in debt.owner), NOTHING
    )
