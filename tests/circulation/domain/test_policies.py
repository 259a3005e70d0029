"""Which rule holds, and how it says so."""

from datetime import date
from decimal import Decimal

import pytest

from circulation.domain.policies import (
    Context,
    LoanRule,
    Place,
    RenewalBase,
    explain,
    resolve,
)
from circulation.domain.states import ReturnPolicy

TODAY = date(2026, 11, 20)
HERE = Place(owner=("JJ", "CD"), visited=("ZY",), branch="ZY-MAIN", material="book")


def terms(*rules: LoanRule, place: Place = HERE, category: str = "adult", on: date = TODAY):
    return resolve(rules=rules, context=Context(place=place, category=category), on=on)


def test_without_any_rule_the_network_default_holds():
    found = terms()

    assert (found.loan_days, found.renewals, found.fee_cap) == (30, 1, None)
    assert found.rule_for("loan_days") == "network-default"
    assert found.return_policy == ReturnPolicy.HOME


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ({"owner": "JJ"}, {"visited": "ZY", "branch": "ZY-MAIN", "category": "adult"}),
        ({"visited": "ZY"}, {"branch": "ZY-MAIN", "category": "adult", "material": "book"}),
        ({"branch": "ZY-MAIN"}, {"category": "adult", "material": "book"}),
        ({"category": "adult"}, {"material": "book"}),
        ({"material": "book"}, {}),
        ({"owner": "JJ"}, {"owner": "CD", "visited": "ZY"}),  # nearer beats above
        ({"owner": "CD", "material": "book"}, {"owner": "CD"}),
    ],
)
def test_the_more_specific_rule_wins_whatever_the_order(stronger, weaker):
    strong = LoanRule(code="strong", loan_days=10, **stronger)
    weak = LoanRule(code="weak", loan_days=20, **weaker)

    assert terms(strong, weak).loan_days == 10
    assert terms(weak, strong).loan_days == 10


def test_each_parameter_is_decided_by_itself():
    found = terms(
        LoanRule(code="owner", owner="JJ", fee_per_day=Decimal("0.10")),
        LoanRule(code="children", category="adult", loan_days=14),
        LoanRule(code="all", loan_days=30, fee_per_day=Decimal("0.50"), renewals=2),
    )

    assert (found.fee_per_day, found.loan_days, found.renewals) == (Decimal("0.10"), 14, 2)
    assert found.rule_for("fee_per_day") == "owner"
    assert found.rule_for("loan_days") == "children"
    assert found.rule_for("renewals") == "all"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"owner": "ZY"},
        {"visited": "JJ"},
        {"branch": "JJ-MAIN"},
        {"category": "child"},
        {"material": "serial"},
        {"starts_on": date(2026, 11, 21)},
        {"ends_on": date(2026, 11, 19)},
    ],
)
def test_a_rule_about_something_else_is_silent(elsewhere):
    assert terms(LoanRule(code="other", loan_days=1, **elsewhere)).loan_days == 30


def test_a_rule_holds_on_its_first_and_on_its_last_day():
    rule = LoanRule(code="festival", loan_days=60, starts_on=TODAY, ends_on=TODAY)

    assert terms(rule).loan_days == 60


def test_of_two_equally_specific_rules_the_later_start_wins():
    old = LoanRule(code="b", loan_days=20, starts_on=date(2020, 1, 1))
    new = LoanRule(code="a", loan_days=40, starts_on=date(2026, 1, 1))

    assert terms(old, new).loan_days == 40


def test_limits_of_different_scopes_all_hold_and_a_category_decides_inside_one():
    """CO-7."""
    found = terms(
        LoanRule(code="all", max_loans=20),
        LoanRule(code="groups", category="adult", max_loans=200),
        LoanRule(code="books", owner="CD", material="book", max_loans=8),
        LoanRule(code="serials", owner="CD", material="serial", max_loans=4),
    )

    assert {(cap.rule, cap.limit) for cap in found.caps} == {("groups", 200), ("books", 8)}


def test_a_disc_is_lent_by_its_own_library_only():
    rules = (
        LoanRule(code="discs", owner="CD", material="video", is_lendable=False),
        LoanRule(code="here", owner="CD", branch="CD-MAIN", material="video", is_lendable=True),
    )
    away = Place(owner=("CD",), visited=("ZY",), branch="ZY-MAIN", material="video")
    home = Place(owner=("CD",), visited=("CD",), branch="CD-MAIN", material="video")

    assert not terms(*rules, place=away).is_lendable
    assert terms(*rules, place=home).is_lendable


def test_an_explanation_names_the_rule_of_every_parameter():
    found = terms(
        LoanRule(code="jj", owner="JJ", loan_days=14, renewal_base=RenewalBase.DUE_DATE),
        LoanRule(code="cap", max_loans=3),
    )

    lines = {(line.parameter, line.value, line.rule) for line in explain(found)}

    assert ("loan_days", "14", "jj") in lines
    assert ("renewal_base", "due_date", "jj") in lines
    assert ("max_loans", "3", "cap") in lines
    assert ("renewals", "1", "network-default") in lines
