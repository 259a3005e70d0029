"""CO-: may this reader take this copy from this desk?"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.domain.items import ItemStatus
from circulation.domain.calendar import Calendar
from circulation.domain.checkout import Approved, Ask, decide_checkout
from circulation.domain.facts import Debt, RequestFacts, TransitFacts
from circulation.domain.policies import LoanRule
from circulation.domain.reasons import ReasonCode, Refused, reason
from circulation.domain.scans import Ambiguous, Candidate, Unknown, settle_loan
from circulation.domain.states import TransitReason, TransitState
from tests.circulation.domain.examples import (
    HOME,
    JJ,
    NOW,
    ZY,
    copy,
    desk,
    held,
    open_loan,
    reader,
)

MINE = RequestFacts(id=50, patron_id=7, pickup_id=HOME)
ANOTHERS = RequestFacts(id=51, patron_id=8, pickup_id=HOME)


def decide(*, rules=(), fills=None, **given):
    ask = Ask(
        patron=given.get("patron", reader()),
        copy=given.get("copy", copy()),
        desk=given.get("desk", desk()),
        fills=fills,
        now=NOW,
    )
    (decision,) = decide_checkout((ask,), rules=rules)
    return decision


def codes(decision) -> list[str]:
    assert isinstance(decision, Refused), decision
    return [str(reason.code) for reason in decision.reasons]


def test_a_free_copy_is_lent_until_the_end_of_the_period():
    """CO-12."""
    decision = decide(rules=(LoanRule(code="r", loan_days=14),))

    assert isinstance(decision, Approved)
    assert decision.due_at == datetime(2026, 12, 4, 15, 59, 59, tzinfo=UTC)


def test_the_calendar_of_the_desk_moves_the_due_date():
    """CO-12."""
    closed = Calendar(closed_dates=frozenset({date(2026, 12, 4)}))

    decision = decide(desk=desk(calendar=closed), rules=(LoanRule(code="r", loan_days=14),))

    assert decision.due_at == datetime(2026, 12, 5, 15, 59, 59, tzinfo=UTC)


def test_a_blocked_credential_opens_nothing():
    """CO-1."""
    assert codes(decide(patron=reader(credential_blocked=True))) == ["credential_blocked"]


def test_a_blocked_account_and_one_past_its_last_day_do_not_borrow():
    """CO-2."""
    assert codes(decide(patron=reader(is_suspended=True))) == ["patron_suspended"]
    assert codes(decide(patron=reader(expires_on=date(2026, 11, 19)))) == ["patron_expired"]
    assert isinstance(decide(patron=reader(expires_on=date(2026, 11, 20))), Approved)


def test_neither_a_suspended_desk_nor_a_suspended_owner_lends():
    """CO-3."""
    assert codes(decide(desk=desk(is_suspended=True))) == ["agency_suspended"]
    refused = decide(copy=copy(owner=ZY, owner_is_suspended=True))
    assert refused.reasons[0] == reason(ReasonCode.AGENCY_SUSPENDED, agency="ZY")


def test_a_copy_on_loan_is_not_lent_again():
    """CO-4."""
    status = ItemStatus.ON_LOAN
    mine, anothers = open_loan(patron_id=7), open_loan(patron_id=8)

    assert codes(decide(copy=copy(status=status, loan=mine))) == ["already_yours"]
    assert codes(decide(copy=copy(status=status, loan=anothers))) == ["on_loan"]


@pytest.mark.parametrize("status", ["withdrawn", "on_order", "in_process"])
def test_a_copy_that_is_not_ready_is_not_lent(status):
    """CO-4."""
    refused = decide(copy=copy(status=ItemStatus(status)))

    assert refused.reasons[0] == reason(ReasonCode.NOT_READY_TO_LEND, status=status)


def test_a_copy_on_the_hold_shelf_goes_to_the_reader_it_waits_for():
    """CO-5, CO-10."""
    waiting = copy(status=ItemStatus.ON_HOLD_SHELF, assigned=ANOTHERS)

    assert codes(decide(copy=waiting)) == ["held_for_another"]
    lent = decide(copy=replace(waiting, assigned=MINE))
    assert lent.fills_request == MINE.id


def test_a_copy_taken_from_the_shelf_fills_the_readers_own_waiting_request():
    """CO-10."""
    assert decide(fills=52).fills_request == 52


def test_what_is_for_use_in_the_library_is_not_lent():
    """CO-6."""
    rule = LoanRule(code="reference", material="reference", is_lendable=False)

    assert codes(decide(copy=copy(is_lendable=False))) == ["not_lendable"]
    refused = decide(copy=copy(material="reference"), rules=(rule,))
    assert refused.reasons[0] == reason(ReasonCode.NOT_LENDABLE, rule="reference")


@pytest.mark.parametrize("status", ["in_transit", "missing", "lost", "reshelving"])
def test_a_scan_in_hand_beats_the_plan(status):
    """CO-11."""
    transit = TransitFacts(
        id=70, state=TransitState.PENDING, reason=TransitReason.TO_PICKUP, destination_id=9
    )

    decision = decide(copy=copy(status=ItemStatus(status), transit=transit, assigned=ANOTHERS))

    assert (decision.cancels_transit, decision.releases_request) == (70, ANOTHERS.id)
    assert decision.fills_request is None


def test_one_more_loan_must_fit_under_every_limit():
    """CO-7."""
    rules = (
        LoanRule(code="all", max_loans=3),
        LoanRule(code="jj", owner="JJ", max_loans=2),
    )
    theirs = held(1, owner=ZY)

    at_owner = decide(patron=reader(loans=(held(1), held(2))), rules=rules)
    overall = decide(patron=reader(loans=(theirs, theirs, held(1))), rules=rules)

    assert at_owner.reasons == (reason(ReasonCode.TOO_MANY_LOANS, limit=2, count=2, rule="jj"),)
    assert [dict(r.params)["rule"] for r in overall.reasons] == ["all"]
    assert isinstance(decide(patron=reader(loans=(theirs, held(1))), rules=rules), Approved)


def test_debts_stop_lending_only_above_the_limit_of_the_owners_rule():
    """CO-8."""
    rule = LoanRule(code="cd", owner="CD", max_owed=Decimal(5))
    five, more = Debt(owner=JJ, amount=Decimal(5)), Debt(owner=JJ, amount=Decimal("5.10"))
    far = Debt(owner=ZY, amount=Decimal(500))

    assert isinstance(decide(patron=reader(debts=(five, far)), rules=(rule,)), Approved)
    refused = decide(patron=reader(debts=(more,)), rules=(rule,))
    assert refused.reasons[0] == reason(
        ReasonCode.OWES_TOO_MUCH, amount=Decimal("5.10"), limit=Decimal(5)
    )


def test_overdue_copies_stop_lending_where_a_rule_says_so():
    """CO-9."""
    late = reader(loans=(held(1, due_in_days=-1),))

    assert isinstance(decide(patron=late), Approved)
    assert codes(decide(patron=late, rules=(LoanRule(code="r", max_overdue=0),))) == ["has_overdue"]


def test_limits_are_not_mentioned_when_the_copy_itself_cannot_be_lent():
    refused = decide(
        patron=reader(loans=(held(1),)),
        copy=copy(is_lendable=False),
        rules=(LoanRule(code="r", max_loans=1),),
    )

    assert codes(refused) == [ReasonCode.NOT_LENDABLE]


def test_every_reason_about_the_reader_is_given_at_once():
    refused = decide(patron=reader(is_suspended=True, credential_blocked=True))

    assert codes(refused) == ["credential_blocked", "patron_suspended"]


def test_a_pile_of_books_is_decided_one_after_the_other():
    """CO-7, CO-4: what is approved counts against what follows."""
    rules = (LoanRule(code="r", max_loans=2),)
    pile = [Ask(patron=reader(), copy=copy(id=n), desk=desk(), now=NOW) for n in (1, 2, 1, 3)]

    first, second, again, third = decide_checkout(pile, rules=rules)

    assert isinstance(first, Approved)
    assert isinstance(second, Approved)
    assert codes(again) == ["already_yours"]
    assert codes(third) == ["too_many_loans"]


def test_a_blocked_card_opens_nothing_behind_a_good_one_of_the_same_reader():
    """CO-1, CO-7: the fold remembers what was lent to a reader, not which card was shown."""
    asks = [
        Ask(patron=reader(credential_blocked=lost), copy=copy(id=item), desk=desk(), now=NOW)
        for item, lost in ((1, False), (2, True), (3, False))
    ]

    first, refused, third = decide_checkout(asks, rules=())

    assert isinstance(first, Approved)
    assert codes(refused) == ["credential_blocked"]
    assert isinstance(third, Approved)


def test_many_readers_in_one_fold_do_not_share_a_limit():
    """CO-7: the same function serves a group commit."""
    rules = (LoanRule(code="r", max_loans=1),)
    asks = [
        Ask(patron=reader(id=patron), copy=copy(id=item), desk=desk(), now=NOW)
        for patron, item in ((1, 1), (2, 2), (1, 3), (3, 2))
    ]

    one, two, over, taken = decide_checkout(asks, rules=rules)

    assert isinstance(one, Approved)
    assert isinstance(two, Approved)
    assert codes(over) == ["too_many_loans"]
    assert codes(taken) == ["on_loan"]


def test_a_repeated_barcode_is_settled_by_owner_then_by_what_is_here():
    """CO-13."""
    here = Candidate(item_id=1, owner="JJ", is_on_loan=False, is_here=True)
    away = Candidate(item_id=2, owner="ZY", is_on_loan=False, is_here=False)
    lent = Candidate(item_id=3, owner="MY", is_on_loan=True, is_here=True)

    assert settle_loan([here, away, lent], owner="ZY") == 2
    assert settle_loan([here, away, lent]) == 1
    assert settle_loan([lent]) == 3
    assert settle_loan([here, replace(here, item_id=4, owner="CD")]) == Ambiguous(
        owners=("CD", "JJ")
    )
    assert settle_loan([here], owner="CD") == Unknown()
    assert settle_loan([]) == Unknown()


def test_a_decision_depends_on_its_facts_alone():
    later = NOW + timedelta(days=400)
    ask = Ask(patron=reader(), copy=copy(), desk=desk(), now=later)

    assert decide_checkout((ask,), rules=()) == decide_checkout((ask,), rules=())
