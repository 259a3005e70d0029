"""The ledger becomes binding: no empty side, nothing changed, nothing deleted."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

from library_net.append_only import guard, unguard

# What was booked stays. The person behind it may be joined with another or erased.
LEDGER = (
    "transaction", "book_id", "debit", "credit", "amount", "other_id", "owner_id",
    "collector_id", "kind", "rule", "reason", "settlement_id", "operation_id", "at",
)  # fmt: skip
SETTLEMENT = (
    "month", "first_id", "second_id", "first_owes", "second_owes", "created_at",
)  # fmt: skip
POINTS = ("scheme_id", "kind", "points", "day", "at")


def close_the_books(apps, schema_editor):
    guard(schema_editor, "circulation_ledgerentry", LEDGER)
    guard(schema_editor, "circulation_settlement", SETTLEMENT)
    guard(schema_editor, "circulation_settledentry", ("entry_id", "settlement_id"))
    guard(schema_editor, "circulation_pointentry", POINTS)


def open_the_books(apps, schema_editor):
    for name in ("ledgerentry", "settlement", "settledentry", "pointentry"):
        unguard(schema_editor, f"circulation_{name}")


class Migration(migrations.Migration):
    dependencies = [("circulation", "0008_book_money_twice")]

    operations = [
        migrations.AlterField(
            "ledgerentry",
            "book",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.agency",
                verbose_name="in the books of",
            ),
        ),
        migrations.AddField(
            "ledgerentry",
            "owed",
            models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(debit="reader", then=models.F("amount")),
                    models.When(
                        credit="reader",
                        then=models.expressions.CombinedExpression(
                            models.F("amount"), "*", models.Value(Decimal(-1))
                        ),
                    ),
                    default=models.Value(Decimal(0)),
                ),
                output_field=models.DecimalField(decimal_places=2, max_digits=10),
                verbose_name="owed (CNY)",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("other__isnull", False)),
                fields=["book", "other"],
                name="ledger_crossing",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="ledger_amount_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("debit", models.F("credit")), _negated=True),
                name="ledger_two_accounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("other", None),
                    models.Q(
                        ("debit__in", ["due_from", "due_to"]),
                        ("credit__in", ["due_from", "due_to"]),
                        _connector="OR",
                    ),
                    _connector="XOR",
                ),
                name="ledger_other_side_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind__in", ("overdue", "compensation", "processing", "refund"))
                ),
                fields=("loan", "kind"),
                name="one_fee_of_a_kind_per_loan",
            ),
        ),
        migrations.RunPython(close_the_books, open_the_books),
    ]
