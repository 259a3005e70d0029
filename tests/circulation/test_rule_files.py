"""`manage.py load_rules`: rule sets as data."""

import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from circulation.domain.calendar import local_date
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.states import ReturnPolicy
from circulation.models import LoanRule, PatronCategory
from circulation.readers.reference import load_reference
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def test_the_chengdu_rules_load_and_load_again(capsys):
    world = World()
    world.agency("CN-510100-1-CDL", "成都图书馆", kind="center")
    world.agency("CN-510104-1-JJ", "锦江区图书馆", parent="CN-510100-1-CDL")
    world.agency("CN-512000-1-ZYL", "资阳市图书馆", kind="city")

    call_command("load_rules")
    first = set(LoanRule.objects.values_list("code", "loan_days", "max_loans", "owner__code"))
    call_command("load_rules")

    assert (
        set(LoanRule.objects.values_list("code", "loan_days", "max_loans", "owner__code")) == first
    )
    assert ("chengdu-books", None, 8, "CN-510100-1-CDL") in first
    assert PatronCategory.objects.get(code="child").name_zh == "少儿读者"
    printed = capsys.readouterr().out
    assert "skipped chongqing" in printed  # not in this network
    assert "skipped chengdu-video:" in printed  # its branch is not here


def test_a_district_inherits_what_the_centre_rules():
    world = World()
    world.agency("CN-510100-1-CDL", "成都图书馆", kind="center")
    jinjiang = world.agency("CN-510104-1-JJ", "锦江区图书馆", parent="CN-510100-1-CDL")
    call_command("load_rules")
    reference = load_reference(today=local_date(NOW))
    place = Place(
        owner=reference.lineages[jinjiang.pk],
        visited=("CN-512000-1-ZYL",),
        branch="CN-512000-1-ZYL",
        material="book",
    )

    terms = resolve(
        rules=reference.rules,
        context=Context(place=place, category="adult"),
        on=local_date(NOW),
    )

    assert (terms.loan_days, terms.renewals, terms.fee_per_day) == (30, 1, Decimal("0.10"))
    assert terms.rule_for("loan_days") == "chengdu"
    assert {(cap.rule, cap.limit) for cap in terms.caps} == {
        ("chengdu-books", 8),
        ("network", 20),
    }
    assert terms.return_policy == ReturnPolicy.HOLD_FIRST


def test_an_agencys_own_return_policy_beats_the_networks_and_is_inherited():
    world = World.build()
    LoanRule.objects.update(return_policy="float")
    reference = load_reference(today=local_date(NOW))

    def policy(agency: str) -> str:
        place = Place(
            owner=reference.lineages[world.agencies[agency].pk],
            visited=("ZY",),
            branch="ZY-MAIN",
            material="book",
        )
        context = Context(place=place, category="adult")
        return resolve(rules=reference.rules, context=context, on=local_date(NOW)).return_policy

    assert policy("JJ") == "home"  # as its centre says
    assert policy("MY") == "float"  # it says nothing itself


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "rules.json"),
        (json.dumps({"rules": [{"code": "a", "lone_days": 3}]}), "lone_days"),
        (json.dumps({"rules": [{"code": "a", "loan_days": "many"}]}), "loan_days"),
        (json.dumps({"rules": [{"loan_days": 3}]}), "no code"),
    ],
)
def test_a_bad_rule_file_is_refused_with_the_place_named_and_changes_nothing(
    tmp_path, content, named
):
    path = tmp_path / "rules.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(CommandError, match=named):
        call_command("load_rules", path)

    assert LoanRule.objects.count() == 0


def test_a_replaced_rule_forgets_what_it_no_longer_says(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": [{"code": "a", "loan_days": 3, "max_loans": 2}]}))
    call_command("load_rules", path)
    path.write_text(json.dumps({"rules": [{"code": "a", "loan_days": 4}]}))
    call_command("load_rules", path)

    assert LoanRule.objects.values_list("loan_days", "max_loans").get() == (4, None)
