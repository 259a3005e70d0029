"""Rules and books in the admin."""

import pytest
from django.urls import reverse

from circulation.models import CollectionAgreement, LedgerEntry, LoanRule
from tests.circulation.bookkeeping import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(world, client):
    client.force_login(world.network_admin())
    return client


def page(client, name: str, *ids: int) -> str:
    answer = client.get(reverse(f"admin:circulation_{name}", args=ids))
    assert answer.status_code == 200
    return answer.content.decode()


def fields_of(rule: LoanRule, **changed: str) -> dict[str, str]:
    """What the form holds when it is opened."""
    values = {field.name: getattr(rule, field.attname) for field in rule._meta.fields}
    shown = {name: "" if value is None else str(value) for name, value in values.items()}
    return {**shown, "points": "", "compensation": "", **changed}


def test_the_list_of_rules_leads_to_the_check(keeper):
    assert reverse("desk:rules") in page(keeper, "loanrule_changelist")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("compensation", '{"factors": [{"times": "many"}]}', "compensation.factors[0].times"),
        ("points", '{"per_lone": 2}', "per_lone"),
    ],
)
def test_a_wrong_grammar_is_named_at_its_field(keeper, field, value, named):
    rule = LoanRule.objects.get()

    answer = keeper.post(
        reverse("admin:circulation_loanrule_change", args=[rule.pk]),
        fields_of(rule, **{field: value}),
    )

    assert named in answer.content.decode()
    assert getattr(LoanRule.objects.get(), field) is None


def test_a_rule_is_changed_in_the_admin(keeper):
    rule = LoanRule.objects.get()
    sent = fields_of(rule, points='{"start": 300, "per_loan": 2}', suspend_days="0.5")

    answer = keeper.post(reverse("admin:circulation_loanrule_change", args=[rule.pk]), sent)

    assert answer.status_code == 302, answer.content.decode()
    assert LoanRule.objects.get().points == {"start": 300, "per_loan": 2}


def test_what_was_booked_can_be_read_and_not_changed(world, keeper, client):
    """FE-10."""
    Desk(world).late(world.item(), days=3)
    entry = LedgerEntry.objects.get()
    address = reverse("admin:circulation_ledgerentry_change", args=[entry.pk])

    assert "0.30" in page(keeper, "ledgerentry_changelist")
    assert keeper.post(address, {"amount": "0.01"}).status_code == 403
    client.force_login(world.librarian("MY"))
    assert "0.30" not in page(client, "ledgerentry_changelist")


@pytest.mark.parametrize("name", ["settlement", "pointentry", "suspension", "collectionagreement"])
def test_the_other_books_have_their_lists(keeper, name):
    page(keeper, f"{name}_changelist")


def test_an_agreement_is_made_by_the_network_only(world, keeper, client):
    """FE-5."""
    sent = {"code": "new", "owner": "", "collector": "", "valid_from": "2026-11-22", "valid_to": ""}
    address = reverse("admin:circulation_collectionagreement_add")
    keeper.post(address, sent)
    assert CollectionAgreement.objects.filter(code="new").exists()

    client.force_login(world.librarian("JJ"))
    assert client.post(address, {**sent, "code": "mine"}).status_code == 403
