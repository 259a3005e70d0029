"""May this reader take this copy away from this desk, and until when: RULES.md, CO-."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from catalog.domain.items import ItemStatus
from circulation.domain.blocks import cap_blocks, identity_blocks, rule_blocks
from circulation.domain.calendar import due_at
from circulation.domain.facts import CopyFacts, DeskFacts, HeldLoan, LoanFacts, PatronFacts
from circulation.domain.policies import Context, LoanRule, Place, Terms, resolve
from circulation.domain.reasons import Reason, ReasonCode, Refused, reason
from circulation.domain.states import ITEM_TRANSITIONS, ItemEventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One reader, one copy, one desk."""

    patron: PatronFacts
    copy: CopyFacts
    desk: DeskFacts
    fills: int | None = None  # the reader's own oldest open request that this copy would fill
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    item_id: int
    patron_id: int
    due_at: datetime
    terms: Terms
    fills_request: int | None = None
    releases_request: int | None = None  # somebody else's, back to the queue
    cancels_transit: int | None = None


Decision = Approved | Refused

_ON_LOAN_ALREADY: Final = (ReasonCode.ALREADY_YOURS, ReasonCode.ON_LOAN)


def decide_checkout(asks: Sequence[Ask], *, rules: Sequence[LoanRule]) -> tuple[Decision, ...]:
    """One decision for each ask, in order; what is approved counts against what follows.

    The fold serves one loan, a pile of books on the desk and a group commit of many readers alike.
    """
    taken: dict[int, list[HeldLoan]] = {}  # by reader
    lent: dict[int, LoanFacts] = {}
    decisions: list[Decision] = []
    for ask in asks:
        current = ask
        for loan in taken.get(ask.patron.id, ()):
            current = replace(current, patron=current.patron.with_loan(loan))
        if ask.copy.id in lent:
            current = replace(current, copy=replace(ask.copy, loan=lent[ask.copy.id]))
        decision = _decide_one(current, rules=rules)
        if isinstance(decision, Approved):
            place = place_of(current.copy, desk=current.desk)
            loan = HeldLoan(
                item_id=ask.copy.id, place=place, due_at=decision.due_at, price=ask.copy.price
            )
            taken.setdefault(ask.patron.id, []).append(loan)
            lent[ask.copy.id] = LoanFacts(
                id=0, patron_id=ask.patron.id, lent_at=ask.now, due_at=decision.due_at
            )
        decisions.append(decision)
    return tuple(decisions)


def place_of(copy: CopyFacts, *, desk: DeskFacts) -> Place:
    return Place(owner=copy.owner, visited=desk.agency, branch=desk.branch, material=copy.material)


def _decide_one(ask: Ask, *, rules: Sequence[LoanRule]) -> Decision:
    patron, copy, desk, now = ask.patron, ask.copy, ask.desk, ask.now
    today = desk.calendar.local_date(now)
    context = Context(place=place_of(copy, desk=desk), category=patron.category)
    terms = resolve(rules=rules, context=context, on=today)
    reasons = (
        *identity_blocks(patron, today=today),
        *_member_blocks(copy, desk=desk),
        *_copy_blocks(ask, terms=terms),
    )
    # A reader who is refused this copy anyway need not hear about limits too.
    reasons = reasons or (
        *cap_blocks(patron, terms=terms, price=copy.price),
        *rule_blocks(patron, terms=terms, owner=copy.owner, now=now),
    )
    if reasons:
        return Refused(reasons=reasons)
    assigned = copy.assigned
    is_for_another = assigned is not None and assigned.patron_id != patron.id
    return Approved(
        item_id=copy.id,
        patron_id=patron.id,
        due_at=due_at(start=now, days=terms.loan_days, calendar=desk.calendar),
        terms=terms,
        fills_request=assigned.id if assigned and not is_for_another else ask.fills,  # CO-10
        releases_request=assigned.id if assigned and is_for_another else None,  # CO-11
        cancels_transit=copy.transit.id if copy.transit else None,  # CO-11
    )


def _member_blocks(copy: CopyFacts, *, desk: DeskFacts) -> tuple[Reason, ...]:
    """CO-3: a suspended member neither lends at its desks nor has its copies lent elsewhere."""
    if desk.is_suspended:
        return (reason(ReasonCode.AGENCY_SUSPENDED, agency=desk.agency[0]),)
    if copy.owner_is_suspended:
        return (reason(ReasonCode.AGENCY_SUSPENDED, agency=copy.owner[0]),)
    return ()


def _copy_blocks(ask: Ask, *, terms: Terms) -> tuple[Reason, ...]:
    copy, patron = ask.copy, ask.patron
    if copy.loan is not None:  # CO-4
        mine, anothers = _ON_LOAN_ALREADY
        return (reason(mine if copy.loan.patron_id == patron.id else anothers),)
    if (copy.status, ItemEventKind.CHECKED_OUT) not in ITEM_TRANSITIONS:  # CO-4
        return (reason(ReasonCode.NOT_READY_TO_LEND, status=str(copy.status)),)
    if not (copy.is_lendable and terms.is_lendable):  # CO-6
        rule = terms.rule_for("is_lendable") if copy.is_lendable else ""
        return (reason(ReasonCode.NOT_LENDABLE, rule=rule),)
    is_waiting_here = copy.status == ItemStatus.ON_HOLD_SHELF
    if is_waiting_here and copy.assigned and copy.assigned.patron_id != patron.id:  # CO-5
        return (reason(ReasonCode.HELD_FOR_ANOTHER),)
    return ()
