"""May this loan be prolonged, and until when: RULES.md, RN-."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from circulation.domain.blocks import identity_blocks, rule_blocks
from circulation.domain.calendar import due_at
from circulation.domain.facts import CopyFacts, DeskFacts, LoanFacts, PatronFacts
from circulation.domain.policies import RenewalBase, Terms
from circulation.domain.reasons import Reason, ReasonCode, Refused, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFacts:
    loan: LoanFacts | None  # None: it was returned meanwhile
    patron: PatronFacts
    copy: CopyFacts
    desk: DeskFacts  # the branch of the checkout: its calendar and its member count
    terms: Terms
    waiting: int = 0  # readers in the queue who could be given this copy
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    loan_id: int
    due_at: datetime
    renewals_left: int
    terms: Terms


def decide_renewal(facts: RenewalFacts) -> Renewed | Refused:
    """The new due date, or every reason why not."""
    loan, terms = facts.loan, facts.terms
    if loan is None:
        return Refused(reasons=(reason(ReasonCode.LOAN_CLOSED),))  # RN-1
    reasons = (*_reader_and_members(facts), *_loan_blocks(facts, loan=loan))
    if reasons:
        return Refused(reasons=reasons)
    start = loan.due_at if terms.renewal_base == RenewalBase.DUE_DATE else facts.now  # RN-7
    proposed = due_at(start=start, days=terms.renewal_days, calendar=facts.desk.calendar)
    return Renewed(
        loan_id=loan.id,
        due_at=max(proposed, loan.due_at),  # RN-8
        renewals_left=terms.renewals - loan.renewals - 1,
        terms=terms,
    )


def _reader_and_members(facts: RenewalFacts) -> tuple[Reason, ...]:
    """RN-2: a renewal is lending, so whatever stops lending to this reader stops it too."""
    today = facts.desk.calendar.local_date(facts.now)
    reasons = list(identity_blocks(facts.patron, today=today))
    for is_suspended, agency in (
        (facts.desk.is_suspended, facts.desk.agency),
        (facts.copy.owner_is_suspended, facts.copy.owner),
    ):
        if is_suspended:
            reasons.append(reason(ReasonCode.AGENCY_SUSPENDED, agency=agency[0]))
            break
    reasons.extend(
        rule_blocks(
            facts.patron,
            terms=facts.terms,
            owner=facts.copy.owner,
            now=facts.now,
        )
    )
    return tuple(reasons)


def _loan_blocks(facts: RenewalFacts, *, loan: LoanFacts) -> tuple[Reason, ...]:
    terms, calendar = facts.terms, facts.desk.calendar
    reasons = []
    if loan.claimed_at is not None:  # RN-9
        reasons.append(reason(ReasonCode.LOAN_CLAIMED))
    if loan.is_recalled:  # RN-10
        reasons.append(reason(ReasonCode.LOAN_RECALLED))
    if loan.renewals >= terms.renewals:  # RN-3
        reasons.append(reason(ReasonCode.NO_RENEWALS_LEFT, limit=terms.renewals))
    if loan.due_at < facts.now:  # RN-4
        due_date = calendar.local_date(loan.due_at).isoformat()
        reasons.append(reason(ReasonCode.LOAN_OVERDUE, due_date=due_date))
    if facts.waiting:  # RN-5
        reasons.append(reason(ReasonCode.WANTED_BY_ANOTHER, count=facts.waiting))
    first_day = calendar.local_date(loan.lent_at) + timedelta(days=terms.renew_after_days)
    if calendar.local_date(facts.now) < first_day:  # RN-6
        reasons.append(reason(ReasonCode.TOO_EARLY_TO_RENEW, from_date=first_day.isoformat()))
    return tuple(reasons)
