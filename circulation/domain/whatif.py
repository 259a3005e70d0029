"""What a draft of the rules would have changed: last month's loans, decided again by both. RU-4.

Both sides see the reader as she was (what she held, what she owed); each keeps its own due dates
through the renewals, so a longer period also shows in the fees. Nobody is assumed to behave
otherwise: a copy comes back on the day it came back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from circulation.domain.calendar import Calendar, days_late
from circulation.domain.calendar import due_at as first_due
from circulation.domain.checkout import Approved, Ask, decide_checkout, place_of
from circulation.domain.facts import LoanFacts, PatronFacts
from circulation.domain.fees import NOTHING, overdue_fee
from circulation.domain.policies import Context, LoanRule, RuleBook, Terms, resolve
from circulation.domain.reasons import ReasonCode, Refused
from circulation.domain.renewal import RenewalFacts, Renewed, decide_renewal


class ChangeKind(StrEnum):
    NEWLY_REFUSED = "newly_refused"
    NO_LONGER_REFUSED = "no_longer_refused"
    DUE_LATER = "due_later"
    DUE_EARLIER = "due_earlier"
    FEE_HIGHER = "fee_higher"
    FEE_LOWER = "fee_lower"


class EventKind(StrEnum):
    CHECKOUT = "checkout"
    RENEWAL = "renewal"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolonged:
    at: datetime
    patron: PatronFacts  # as it was then


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One loan as it happened."""

    loan_id: int
    ask: Ask  # what was asked at the desk, with the reader as she was
    renewals: tuple[Prolonged, ...] = ()
    returned_at: datetime | None = None
    return_calendar: Calendar | None = None
    since: datetime  # events before this are replayed, not reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    kind: ChangeKind
    event: EventKind
    loan_id: int
    at: datetime
    before: str  # a date, a sum, or the code of a refusal
    after: str
    rule: str = ""  # of the draft, that decided


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRefusal:
    """What was refused because of one rule; who asked for what is not kept."""

    code: str
    rule: str
    count: int = 0  # copies on loan at that moment, where a limit refused


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    events: int
    changes: tuple[Change, ...]
    fees_before: Decimal
    fees_after: Decimal

    def count(self) -> dict[ChangeKind, int]:
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in ChangeKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What one side said at one event."""

    event: EventKind
    at: datetime
    refusal: str = ""
    due_at: datetime | None = None
    fee: Decimal | None = None
    rule: str = ""


def what_if(stories: Iterable[Story], *, now_rules: RuleBook, draft: RuleBook) -> WhatIf:
    """Every event since each story's day where the two sides differ."""
    events = 0
    changes: list[Change] = []
    fees = [NOTHING, NOTHING]
    for story in stories:
        for before, after in zip(_live(story, now_rules), _live(story, draft), strict=True):
            if before.at < story.since:
                continue
            events += 1
            fees[0] += before.fee or NOTHING
            fees[1] += after.fee or NOTHING
            changes += _compare(story, before, after)
    return WhatIf(events=events, changes=tuple(changes), fees_before=fees[0], fees_after=fees[1])


def _live(story: Story, rules: RuleBook) -> Iterator[_Step]:
    """The loan's life by these rules. A refusal is told and the loan goes on all the same."""
    ask, calendar = story.ask, story.ask.desk.calendar
    (decision,) = decide_checkout((ask,), rules=rules)
    lent_terms = _terms(ask, rules=rules, at=ask.now)
    due_at = first_due(start=ask.now, days=lent_terms.loan_days, calendar=calendar)
    if isinstance(decision, Approved):
        yield _Step(
            event=EventKind.CHECKOUT,
            at=ask.now,
            due_at=due_at,
            rule=lent_terms.rule_for("loan_days"),
        )
    else:
        yield _refusal(EventKind.CHECKOUT, ask.now, decision)
    for done, prolonged in enumerate(story.renewals):
        step = _renew(story, prolonged, done=done, due_at=due_at, rules=rules)
        due_at = step.due_at or due_at
        yield step
    if story.returned_at is not None and story.return_calendar is not None:
        yield _return(story.returned_at, story.return_calendar, due_at=due_at, terms=lent_terms)


def _renew(
    story: Story, prolonged: Prolonged, *, done: int, due_at: datetime, rules: RuleBook
) -> _Step:
    ask = story.ask
    loan = LoanFacts(
        id=story.loan_id,
        patron_id=ask.patron.id,
        lent_at=ask.now,
        due_at=due_at,
        renewals=done,
    )
    terms = _terms(ask, rules=rules, at=prolonged.at)
    decision = decide_renewal(
        RenewalFacts(
            loan=loan,
            patron=prolonged.patron,
            copy=replace(ask.copy, loan=loan),
            desk=ask.desk,
            terms=terms,
            now=prolonged.at,
        )
    )
    if isinstance(decision, Renewed):
        return _Step(
            event=EventKind.RENEWAL,
            at=prolonged.at,
            due_at=decision.due_at,
            rule=terms.rule_for("renewal_days"),
        )
    return _refusal(EventKind.RENEWAL, prolonged.at, decision)


def _return(at: datetime, calendar: Calendar, *, due_at: datetime, terms: Terms) -> _Step:
    fee = overdue_fee(
        days_late=days_late(due=due_at, returned=at, calendar=calendar),
        per_day=terms.fee_per_day,
        cap=terms.fee_cap,
        grace_days=terms.grace_days,
        step_days=terms.fee_step_days,
        per_day_after=terms.fee_per_day_after,
    )
    return _Step(event=EventKind.RETURN, at=at, fee=fee, rule=terms.rule_for("fee_per_day"))


def _terms(ask: Ask, *, rules: RuleBook, at: datetime) -> Terms:
    context = Context(place=place_of(ask.copy, desk=ask.desk), category=ask.patron.category)
    return resolve(rules=rules, context=context, on=ask.desk.calendar.local_date(at))


def _refusal(event: EventKind, at: datetime, decision: Refused) -> _Step:
    first = decision.reasons[0]
    rule = dict(first.params).get("rule", "")
    return _Step(event=event, at=at, refusal=str(first.code), rule=str(rule))


def _compare(story: Story, before: _Step, after: _Step) -> Iterator[Change]:
    def change(kind: ChangeKind, was: str, now: str) -> Change:
        return Change(
            kind=kind,
            event=before.event,
            loan_id=story.loan_id,
            at=before.at,
            before=was,
            after=now,
            rule=after.rule,
        )

    if bool(before.refusal) != bool(after.refusal):
        kind = ChangeKind.NEWLY_REFUSED if after.refusal else ChangeKind.NO_LONGER_REFUSED
        yield change(kind, before.refusal, after.refusal)
    elif before.due_at is not None and after.due_at is not None:
        calendar = story.ask.desk.calendar
        was, now = (calendar.local_date(due) for due in (before.due_at, after.due_at))
        if was != now:
            kind = ChangeKind.DUE_LATER if now > was else ChangeKind.DUE_EARLIER
            yield change(kind, was.isoformat(), now.isoformat())
    elif before.fee is not None and after.fee is not None and before.fee != after.fee:
        kind = ChangeKind.FEE_HIGHER if after.fee > before.fee else ChangeKind.FEE_LOWER
        yield change(kind, str(before.fee), str(after.fee))


def may_vanish(
    refusals: Iterable[PastRefusal], *, draft: Iterable[LoanRule]
) -> dict[tuple[str, str], int]:
    """How many refusals of which kind by which rule the draft's rule of that name would lift.

    Another rule may refuse them all the same, so this is the most that can vanish.
    """
    rules = {rule.code: rule for rule in draft}
    found: Counter[tuple[str, str]] = Counter()
    for refusal in refusals:
        rule = rules.get(refusal.rule)
        limit = rule.max_loans if rule is not None else None
        lifted = {
            ReasonCode.TOO_MANY_LOANS: limit is None or refusal.count < limit,
            ReasonCode.NOT_LENDABLE: rule is None or rule.is_lendable is not False,
        }
        known = {str(code): value for code, value in lifted.items()}
        if refusal.rule and known.get(refusal.code, False):
            found[refusal.code, refusal.rule] += 1
    return dict(found)
