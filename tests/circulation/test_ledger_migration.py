"""The simple ledger of before becomes double entry, and can be undone."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("circulation", "0007_two_sides_of_money")]
MANY = 1_500  # the migration goes by the thousand
AT = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def old_apps(transactional_db):
    """The database as it was before the books were doubled; put back afterwards."""
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    try:
        yield executor.loader.project_state(BEFORE).apps
    finally:
        for table in ("ledgerentry", "patron", "patroncategory"):
            _empty(f"circulation_{table}")
        _empty("network_agency")
        MigrationExecutor(connection).migrate(latest)


def _empty(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}"')


def forward() -> None:
    MigrationExecutor(connection).migrate([("circulation", "0008_book_money_twice")])


def rows() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, debit, credit, amount, book_id = owner_id, other_id IS NOT NULL"
            " FROM circulation_ledgerentry ORDER BY id"
        )
        return [
            (kind, debit, credit, Decimal(str(amount)).quantize(Decimal("0.01")), *map(bool, flags))
            for kind, debit, credit, amount, *flags in cursor.fetchall()
        ]


@pytest.mark.slow
def test_charges_payments_and_waivers_of_before_get_two_sides(old_apps):
    """FE-4. More than a batch: rows added for the collector are not met again on the way."""
    agency, category, patron_model, entry = (
        old_apps.get_model(app, name)
        for app, name in (
            ("network", "Agency"),
            ("circulation", "PatronCategory"),
            ("circulation", "Patron"),
            ("circulation", "LedgerEntry"),
        )
    )
    owner, other = (
        agency.objects.create(code=code, name_zh=code, kind="city", joined_date=date(2020, 1, 1))
        for code in ("A", "B")
    )
    patron = patron_model.objects.create(
        number="P1",
        name="雪",
        category=category.objects.create(code="adult", name_zh="成人"),
        registered_at_agency=owner,
        created_at=AT,
    )
    for kind, collector, amount in (
        ("overdue", other, "3.00"),
        ("payment", other, "-0.50"),
        ("payment", owner, "-1.00"),
        ("waiver", owner, "-1.50"),
    ):
        entry.objects.create(
            patron=patron, owner=owner, collector=collector, kind=kind, amount=amount, at=AT
        )
    fen = {"patron": patron, "owner": owner, "collector": other, "kind": "payment", "at": AT}
    entry.objects.bulk_create(entry(**fen, amount="-0.01") for _ in range(MANY))

    forward()

    yes, no = True, False
    assert rows() == [
        ("overdue", "reader", "fees", Decimal("3.00"), yes, no),
        ("payment", "due_from", "reader", Decimal("0.50"), yes, yes),
        ("payment", "cash", "reader", Decimal("1.00"), yes, no),
        ("waiver", "waived", "reader", Decimal("1.50"), yes, no),
        *[("payment", "due_from", "reader", Decimal("0.01"), yes, yes)] * MANY,
        ("payment", "cash", "due_to", Decimal("0.50"), no, yes),
        *[("payment", "cash", "due_to", Decimal("0.01"), no, yes)] * MANY,
    ]

    MigrationExecutor(connection).migrate(BEFORE)
    assert [amount for _, _, _, amount, *_ in rows()] == [
        Decimal("3.00"),
        Decimal("-0.50"),
        Decimal("-1.00"),
        Decimal("-1.50"),
        *[Decimal("-0.01")] * MANY,
    ]
