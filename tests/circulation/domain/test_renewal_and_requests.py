"""RN- and RQ-: prolonging a loan, waiting for a title."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from circulation.domain.calendar import Calendar, local_date
from circulation.domain.facts import Debt, RequestFacts
from circulation.domain.policies import LoanRule, RenewalBase
from circulation.domain.reasons import ReasonCode, Refused, reason
from circulation.domain.renewal import RenewalFacts, Renewed, decide_renewal
from circulation.domain.requests import (
    Cancelled,
    Placed,
    PlaceRequestFacts,
    decide_cancel,
    decide_request,
    in_queue_order,
)
from circulation.domain.states import OPEN_REQUEST_STATES, RequestState
from tests.circulation.domain.examples import JJ, NOW, copy, desk, held, open_loan, reader, terms


def codes(decision) -> list[str]:
    assert isinstance(decision, Refused), decision
    return [str(reason.code) for reason in decision.reasons]


def renew(*rules: LoanRule, **given):
    facts = {
        "loan": open_loan(),
        "patron": reader(),
        "copy": copy(),
        "desk": desk(),
        "terms": terms(*rules),
        "now": NOW,
        **given,
    }
    return decide_renewal(RenewalFacts(**facts))


def test_a_loan_is_renewed_from_today_or_from_its_due_date():
    """RN-7: the same input, two rule sets, two dates."""
    today = renew(LoanRule(code="sichuan", renewal_days=30, renewal_base=RenewalBase.TODAY))
    due = renew(LoanRule(code="qianjiang", renewal_days=15, renewal_base=RenewalBase.DUE_DATE))

    assert isinstance(today, Renewed)
    assert local_date(today.due_at) == date(2026, 12, 20)
    assert local_date(due.due_at) == date(2026, 12, 15)
    assert today.renewals_left == 0


def test_a_renewal_that_ends_on_a_closed_day_moves_to_an_open_one():
    """RN-7."""
    calendar = Calendar(closed_dates=frozenset({date(2026, 12, 20)}))

    assert local_date(renew(desk=desk(calendar=calendar)).due_at) == date(2026, 12, 21)


def test_a_renewal_never_shortens_a_loan():
    """RN-8."""
    long_loan = open_loan(due_in_days=50)

    assert renew(loan=long_loan).due_at == long_loan.due_at


def test_a_returned_copy_has_nothing_to_renew():
    """RN-1."""
    assert codes(renew(loan=None)) == ["loan_closed"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"patron": reader(is_suspended=True)}, "patron_suspended"),
        ({"desk": desk(is_suspended=True)}, "agency_suspended"),
        ({"copy": copy(owner_is_suspended=True)}, "agency_suspended"),
        ({"patron": reader(debts=(Debt(owner=JJ, amount=Decimal(6)),))}, "owes_too_much"),
        ({"patron": reader(loans=(held(1, due_in_days=-1),))}, "has_overdue"),
    ],
)
def test_whatever_stops_lending_stops_a_renewal(given, code):
    """RN-2."""
    strict = LoanRule(code="strict", max_owed=Decimal(5), max_overdue=0)

    assert codes(renew(strict, **given)) == [code]


def test_a_loan_is_renewed_as_often_as_allowed():
    """RN-3."""
    twice = LoanRule(code="r", renewals=2)

    assert isinstance(renew(twice, loan=open_loan(renewals=1)), Renewed)
    assert codes(renew(twice, loan=open_loan(renewals=2))) == ["no_renewals_left"]


def test_an_overdue_loan_is_returned_not_renewed():
    """RN-4."""
    assert codes(renew(loan=open_loan(due_in_days=-1))) == ["loan_overdue"]


def test_a_title_somebody_waits_for_is_not_renewed():
    """RN-5."""
    assert codes(renew(waiting=1)) == ["wanted_by_another"]


def test_some_libraries_renew_only_after_some_days():
    """RN-6."""
    rule = LoanRule(code="children", renew_after_days=7)
    young = open_loan(lent_at=NOW - timedelta(days=6))

    refused = renew(rule, loan=young)

    assert refused.reasons[0] == reason(ReasonCode.TOO_EARLY_TO_RENEW, from_date="2026-11-21")
    assert isinstance(renew(rule, loan=replace(young, lent_at=NOW - timedelta(days=7))), Renewed)


def test_every_reason_against_a_renewal_is_given():
    """RN-3, RN-4, RN-5."""
    refused = renew(loan=open_loan(due_in_days=-1, renewals=1), waiting=2)

    assert codes(refused) == ["no_renewals_left", "loan_overdue", "wanted_by_another"]


def ask(*rules: LoanRule, **given):
    facts = {
        "patron": reader(),
        "pickup": desk(),
        "pickup_is_offered": True,
        "terms": terms(*rules),
        "open_requests": 0,
        "has_same": False,
        "has_it_on_loan": False,
        "lendable_copies": 1,
        "now": NOW,
        **given,
    }
    return decide_request(PlaceRequestFacts(**facts))


def test_a_reader_may_wait_for_a_title():
    assert ask() == Placed()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"patron": reader(is_suspended=True)}, "patron_suspended"),  # RQ-1
        ({"patron": reader(expires_on=date(2020, 1, 1))}, "patron_expired"),  # RQ-1
        ({"pickup_is_offered": False}, "pickup_not_offered"),  # RQ-2
        ({"pickup": desk(is_suspended=True)}, "agency_suspended"),  # RQ-2
        ({"has_same": True}, "already_requested"),  # RQ-3
        ({"has_it_on_loan": True}, "already_borrowed"),  # RQ-3
        ({"open_requests": 5}, "request_limit"),  # RQ-4
        ({"lendable_copies": 0}, "no_copy_to_wait_for"),  # RQ-5
    ],
)
def test_a_request_is_refused_with_its_reason(given, code):
    """RQ-1 to RQ-5."""
    assert codes(ask(**given)) == [code]


def test_the_limit_on_requests_comes_from_the_rules():
    """RQ-4."""
    assert ask(LoanRule(code="r", max_requests=2), open_requests=1) == Placed()
    assert codes(ask(LoanRule(code="r", max_requests=2), open_requests=2)) == ["request_limit"]


def test_who_asked_first_is_served_first():
    """RQ-6."""
    late, early = (RequestFacts(id=n, patron_id=n, pickup_id=1) for n in (9, 3))

    assert [request.id for request in in_queue_order([late, early])] == [3, 9]


@pytest.mark.parametrize("state", list(RequestState))
def test_only_an_open_request_can_be_cancelled(state):
    """RQ-7."""
    decision = decide_cancel(request_id=1, state=state, has_copy=True)

    if state in OPEN_REQUEST_STATES:
        assert decision == Cancelled(request_id=1, frees_copy=True)
    else:
        assert decision.reasons[0] == reason(ReasonCode.REQUEST_CLOSED, state=str(state))
