"""Ordinary loans and returns share a transaction; what they leave is what one alone leaves."""

from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.domain.items import ItemStatus
from circulation.actions import checkin as checkin_module
from circulation.actions import checkout as checkout_module
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout, checkout_by_card
from circulation.actions.operations import Intent
from circulation.domain.facts import CopyFacts, Debt, HeldLoan, LoanFacts, PatronFacts
from circulation.models import Loan, LoanRule, Transit
from circulation.models.patrons import CredentialStatus
from circulation.readers.facts import copy_state, lock_item, lock_patron, patron_facts
from circulation.readers.reference import load_reference
from circulation.readers.together import Wanted, load_together
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.world import NOW, World, card_of

pytestmark = pytest.mark.django_db


def intent(world: World, operation_id: str, agency: str = "JJ") -> Intent:
    pk = world.agencies[agency].pk
    scope = Scope(agency_ids=frozenset({pk}), home_agency_id=pk)
    return Intent(caller=f"agency:{pk}", operation_id=operation_id, scope=scope)


def test_an_ordinary_loan_and_return_ask_the_database_little(world):
    """Begin, lock, read, write, commit; on SQLite the write is a statement for each table."""
    written = 1 if connection.vendor == "postgresql" else 6
    load_reference(today=NOW.date())
    item = world.item()
    number = {"barcode": item.barcode, "now": NOW}
    card = card_of(world.patrons["雪"])

    with CaptureQueriesContext(connection) as lending:
        checkout_by_card(intent=intent(world, "out"), branch="JJ-MAIN", card=card, **number)
    with CaptureQueriesContext(connection) as returning:
        checkin(intent=intent(world, "in"), branch_id="JJ-MAIN", **number)
    with CaptureQueriesContext(connection) as sending_home:
        answer = checkin(intent=intent(world, "away", "ZY"), branch_id="ZY-MAIN", **number)

    assert len(lending) <= 4 + written
    assert len(returning) <= 4 + written
    assert len(sending_home) <= 4 + written
    assert Loan.objects.get().closed_at == NOW
    assert answer["next"]["transit"] == Transit.objects.get().pk


def test_in_somebodys_transaction_forgotten_statements_are_prepared_again(world):
    load_reference(today=NOW.date())
    for name in ("before", "after"):
        if connection.vendor == "postgresql":
            connection.cursor().execute("DEALLOCATE ALL")  # as psycopg does after a rollback
        with CaptureQueriesContext(connection) as lending:
            checkout_by_card(
                intent=intent(world, name),
                branch="JJ-MAIN",
                card=card_of(world.patrons["雪"]),
                barcode=world.item().barcode,
                now=NOW,
            )

    assert len(lending) <= 20  # the general way takes more


def test_a_card_of_another_institution_goes_together_too(world):
    """ID-10: looked for once more, among the cards of all."""
    load_reference(today=NOW.date())
    item, card = world.item(), card_of(world.patrons["雪"])
    here = intent(world, "out", "ZY")

    with CaptureQueriesContext(connection) as lending:
        answer = checkout_by_card(
            intent=here, branch="ZY-MAIN", card=card, barcode=item.barcode, now=NOW
        )

    assert answer["patron"] == world.patrons["雪"].number
    assert not any("SELECT" in q["sql"] and "circulation_loanrule" in q["sql"] for q in lending)
    assert len(lending) <= (8 if connection.vendor == "postgresql" else 14)


def rows_left() -> dict[str, list[tuple]]:
    """Every row of circulation, of the items and of the feed, in order of their ids."""
    models = [
        *apps.get_app_config("circulation").get_models(),
        apps.get_model("catalog", "Item"),
        apps.get_model("catalog", "Change"),
    ]
    return {
        model.__name__: list(
            model.objects.order_by("pk").values_list(
                *(f.attname for f in model._meta.concrete_fields if f.attname not in VARYING)
            )
        )
        for model in models
    }


VARYING = ("id", "loan_id", "transit_id", "operation_id", "answer", "transaction")
STEPS = {
    "a plain loan": [("lend", "雪", 0)],
    "a loan and its return": [("lend", "雪", 0), ("back", "JJ-MAIN", 0)],
    "a return elsewhere": [("lend", "雪", 0), ("back", "ZY-MAIN", 0)],
    "a return elsewhere of what is not on loan": [("back", "ZY-MAIN", 0)],
    "a return elsewhere, then at home": [
        ("lend", "雪", 0),
        ("back", "ZY-MAIN", 0),
        ("back", "JJ-MAIN", 0),
    ],
    "a return that floats": [("lend", "雪", 1), ("back", "ZY-MAIN", 1)],
    "a return of what is not on loan": [("back", "JJ-MAIN", 0)],
    "a late return": [("lend", "雪", 0), ("late",), ("back", "JJ-MAIN", 0)],
    "more than the limit": [("lend", "雪", n) for n in range(7)],
    "somebody else's copy": [("lend", "雪", 0), ("lend", "川", 0)],
    "a foreign reader": [("lend", "雪", 0, "ZY-MAIN"), ("back", "ZY-MAIN", 0)],
    "a foreign lost card": [("lose", "雪"), ("lend", "雪", 0, "ZY-MAIN")],
    "mine already": [("lend", "雪", 0), ("lend", "雪", 0)],
    "a lost card": [("lose", "雪"), ("lend", "雪", 0)],
    "a lost copy": [("gone", 0), ("lend", "雪", 0), ("back", "JJ-MAIN", 0)],
    "owing and overdue": [("lend", "雪", 0), ("late",), ("back", "JJ-MAIN", 0), ("lend", "雪", 1)],
}


@pytest.mark.parametrize("name", STEPS)
def test_together_leaves_the_same_rows_as_alone(world, name, monkeypatch):
    """The lane is left out for the second way, by its own word for it: act alone."""
    items = [world.item(f"书{n}", owner="ZY" if n == 1 else None) for n in range(7)]
    left = []
    for way in ("together", "alone"):
        before = transaction.savepoint()
        if way == "alone":
            monkeypatch.setattr(checkout_module._LANE, "run", lambda _call: None)
            monkeypatch.setattr(checkin_module._LANE, "run", lambda _call: None)
        answers = [do(world, items, step, n) for n, step in enumerate(STEPS[name])]
        left.append((rows_left(), [told(answer) for answer in answers]))
        transaction.savepoint_rollback(before)

    assert left[0] == left[1]


def do(world, items, step, number):
    load_reference(today=NOW.date())
    kind, *given = step
    operation = intent(world, f"op-{number}", "ZY" if "ZY-MAIN" in given else "JJ")
    try:
        if kind == "lend":
            reader, item, *elsewhere = given
            branch = elsewhere[0] if elsewhere else "JJ-MAIN"
            card = card_of(world.patrons[reader])
            barcode = items[item].barcode
            return checkout_by_card(
                intent=operation, branch=branch, card=card, barcode=barcode, now=NOW
            )
        if kind == "back":
            branch, item = given
            barcode = items[item].barcode
            return checkin(intent=operation, branch_id=branch, barcode=barcode, now=NOW)
    except LibraryError as error:
        return {"code": error.code, "params": error.params}
    if kind == "late":
        Loan.objects.update(due_at=NOW - timedelta(days=3))
    elif kind == "lose":
        world.patrons[given[0]].credentials.update(status=CredentialStatus.LOST)
    else:
        type(items[0]).objects.filter(pk=items[given[0]].pk).update(status=ItemStatus.LOST)
    return None


def told(answer):
    """An answer without the ids that differ between two runs."""
    if answer is None:
        return None
    hidden = {"loan", "closed_loan", "exceptions"}
    plain = {name: value for name, value in answer.items() if name not in hidden}
    if isinstance(plain.get("next"), dict):
        plain["next"] = {k: v for k, v in plain["next"].items() if k != "transit"}
    return plain


def test_what_is_read_together_is_what_is_read_alone(world):
    LoanRule.objects.update(max_loans=20)
    reader = world.patrons["雪"]
    reader.birth_date = date(2012, 2, 29)
    reader.suspensions = {"ZY": "2026-12-01"}
    reader.save()
    items = [world.item(f"书{n}", price=Decimal("12.5")) for n in range(3)]
    for n, item in enumerate(items[:2]):
        checkout(
            intent=intent(world, f"op-{n}"),
            branch_id=world.branches["JJ-MAIN"].pk,
            patron_id=reader.pk,
            barcode=item.barcode,
            now=NOW,
        )
    Loan.objects.filter(item=items[1]).update(due_at=NOW - timedelta(days=9))
    checkin(intent=intent(world, "in"), branch_id="JJ-MAIN", barcode=items[1].barcode, now=NOW)
    wanted = Wanted(
        operations={("x", "y")}, barcodes={i.barcode for i in items}, patron_ids={reader.pk}
    )

    with transaction.atomic():
        reference = load_reference(today=NOW.date())
        found = load_together(wanted).values(reference)
        alone = patron_facts(lock_patron(reader.pk), reference=reference)
        copies = [copy_state(lock_item(item.pk), reference=reference).facts for item in items]

    assert found.people[reader.pk].facts == alone
    assert alone.debts == (Debt(owner=("JJ", "CD"), amount=Decimal("0.90")),)
    assert [found.copies[item.barcode].facts for item in items] == copies


def test_a_new_fact_is_read_by_both(world):
    """Whoever adds a field adds it to readers/facts.py *and* readers/together.py, then here."""
    known = {
        PatronFacts: "id category is_suspended expires_on credential_blocked birth_date"
        " suspensions loans debts",
        HeldLoan: "item_id place due_at price",
        LoanFacts: "id patron_id lent_at due_at renewals claimed_at is_recalled",
        CopyFacts: "id barcode owner status material home_id current_id price is_lendable"
        " owner_is_suspended loan transit assigned",
    }
    for kind, names in known.items():
        assert {field.name for field in fields(kind)} == set(names.split()), kind.__name__
