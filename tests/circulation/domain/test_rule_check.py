"""Gaps, conflicts and rows that never decide: found, and only those."""

from datetime import date
from decimal import Decimal

import pytest

from circulation.domain.policies import LoanRule
from circulation.domain.rule_check import (
    FindingKind,
    Network,
    Severity,
    check_rules,
)

TODAY = date(2026, 11, 22)
JJ, ZY = ("JJ", "CD"), ("ZY",)
NETWORK = Network(
    stocks=((JJ, "book"), (JJ, "video"), (ZY, "book")),
    branches=(("JJ-MAIN", JJ), ("JJ-ROOM", JJ), ("ZY-MAIN", ZY)),
    categories=("adult", "child"),
)
SOUND = LoanRule(code="network", loan_days=30, max_loans=20, fee_per_day=Decimal("0.1"))


def check(*rules: LoanRule, network: Network = NETWORK, **more):
    return check_rules(rules, network=network, today=TODAY, **more)


def kinds(findings) -> list[tuple[FindingKind, tuple[str, ...]]]:
    return [(finding.kind, finding.rules) for finding in findings]


def test_sound_rules_have_no_finding():
    """RU-1, RU-2, RU-3."""
    assert check(SOUND, LoanRule(code="jj", owner="CD", loan_days=40)) == ()


def test_a_case_without_a_period_and_a_limit_is_a_gap():
    """RU-1."""
    findings = check(
        LoanRule(code="jj", owner="CD", loan_days=30, max_loans=8),
        LoanRule(code="zy", owner="ZY", loan_days=30),
    )

    (gap,) = {(f.parameter, f.owner, f.material, f.severity) for f in findings}
    assert gap == ("max_loans", "ZY", "book", Severity.ERROR)
    assert {place for f in findings for place in f.places} == {"JJ-MAIN", "JJ-ROOM", "ZY-MAIN"}


def test_a_gap_names_only_the_branches_where_it_is():
    """RU-1."""
    findings = check(
        LoanRule(code="caps", max_loans=20), LoanRule(code="at-zy", visited="ZY", loan_days=30)
    )

    assert {f.parameter for f in findings} == {"loan_days"}
    assert {f.places for f in findings} == {("JJ-MAIN", "JJ-ROOM")}


def test_what_may_not_be_lent_needs_no_period():
    """RU-1."""
    assert check(LoanRule(code="shut", is_lendable=False)) == ()


def test_a_gap_that_opens_when_a_rule_ends_is_seen_today():
    """RU-1."""
    findings = check(
        LoanRule(code="until-new-year", loan_days=30, ends_on=date(2026, 12, 31)),
        LoanRule(code="caps", max_loans=20),
    )

    assert {(f.kind, f.on) for f in findings} == {(FindingKind.GAP, date(2027, 1, 1))}


def test_two_rows_of_the_same_keys_and_days_that_differ_are_a_conflict():
    """RU-2."""
    findings = check(
        SOUND,
        LoanRule(code="a", owner="CD", loan_days=30, max_loans=8),
        LoanRule(code="b", owner="CD", loan_days=40),
    )

    (conflict,) = [f for f in findings if f.kind == FindingKind.CONFLICT]
    assert (conflict.rules, conflict.parameter) == (("a", "b"), "loan_days")
    assert (conflict.values, conflict.severity) == (("30", "40"), Severity.ERROR)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"starts_on": date(2026, 12, 1)}, Severity.WARNING),  # the later start holds
        ({"starts_on": date(2027, 1, 1)}, None),  # the first has ended by then
        ({"owner": "CD", "material": "book"}, None),  # more specific
    ],
)
def test_what_a_later_start_or_a_narrower_key_settles_is_no_error(other, expected):
    """RU-2."""
    findings = check(
        SOUND,
        LoanRule(code="a", owner="CD", loan_days=30, ends_on=date(2026, 12, 31)),
        LoanRule(**{"code": "b", "owner": "CD", "loan_days": 40, **other}),
    )

    found = [f.severity for f in findings if f.kind == FindingKind.CONFLICT]
    assert found == ([expected] if expected else [])


def test_a_row_that_others_always_beat_is_unreachable_and_they_are_named():
    """RU-3."""
    findings = check(
        SOUND,
        LoanRule(code="jj", owner="JJ", loan_days=40),
        LoanRule(code="centre", owner="CD", loan_days=50),  # only Jinjiang is below the centre
    )

    assert kinds(findings) == [(FindingKind.UNREACHABLE, ("centre", "jj"))]
    assert findings[0].severity == Severity.ERROR


def test_a_row_that_will_decide_later_is_reachable():
    """RU-3."""
    assert (
        check(SOUND, LoanRule(code="spring", owner="JJ", loan_days=60, starts_on=date(2027, 2, 1)))
        == ()
    )


def test_keys_that_fit_nothing_exclude_each_other_or_have_ended_are_told_apart():
    """RU-3."""
    findings = check(
        SOUND,
        LoanRule(code="maps", material="map", loan_days=3),
        LoanRule(code="crossed", visited="ZY", branch="JJ-MAIN", loan_days=3),
        LoanRule(code="backwards", starts_on=date(2027, 2, 1), ends_on=date(2027, 1, 1)),
        LoanRule(code="old", owner="JJ", loan_days=3, ends_on=date(2020, 1, 1)),
    )

    assert {(f.kind, f.rules[0], f.severity) for f in findings} == {
        (FindingKind.NOWHERE, "maps", Severity.WARNING),
        (FindingKind.IMPOSSIBLE, "crossed", Severity.ERROR),
        (FindingKind.IMPOSSIBLE, "backwards", Severity.ERROR),
        (FindingKind.ENDED, "old", Severity.NOTE),
    }


def test_what_institutions_say_of_their_own_copies_is_nobodys_row():
    """RU-3."""
    agency = LoanRule(code="agency JJ", owner="JJ", loan_days=40)

    assert check(SOUND, built_in=(agency,)) == ()
