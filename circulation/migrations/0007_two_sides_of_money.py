"""New columns of the ledger, still empty; 0008 fills them, 0009 makes them binding."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

ACCOUNTS = [
    ("reader", "owed by readers"),
    ("cash", "collected at the desk"),
    ("due_from", "owed by another institution"),
    ("due_to", "owed to another institution"),
    ("fees", "overdue fees"),
    ("compensation", "compensation"),
    ("waived", "waived"),
    ("refunds", "refunds"),
    ("points", "paid with points"),
]


def _agency(name: str = "", *, null: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        null=null,
        blank=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="network.agency",
        verbose_name=name,
    )


def _id() -> tuple[str, models.BigAutoField]:
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("circulation", "0006_rules_say_more"),
        ("network", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CollectionAgreement",
            fields=[
                _id(),
                ("code", models.CharField(max_length=40, unique=True, verbose_name="agreement")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid to")),
                (
                    "collector",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.agency",
                        verbose_name="who may collect it",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.agency",
                        verbose_name="whose money",
                    ),
                ),
            ],
            options={
                "verbose_name": "collection agreement",
                "verbose_name_plural": "collection agreements",
            },
        ),
        migrations.CreateModel(
            name="Settlement",
            fields=[
                _id(),
                ("month", models.DateField(verbose_name="month")),
                (
                    "first_owes",
                    models.DecimalField(
                        decimal_places=2, max_digits=12, verbose_name="the first owes (CNY)"
                    ),
                ),
                (
                    "second_owes",
                    models.DecimalField(
                        decimal_places=2, max_digits=12, verbose_name="the second owes (CNY)"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="settled on")),
                ("first", _agency("one institution")),
                ("second", _agency("the other institution")),
            ],
            options={"verbose_name": "settlement", "verbose_name_plural": "settlements"},
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                fields=("month", "first", "second"), name="one_settlement_per_month_and_pair"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_id__lt", models.F("second_id"))),
                name="settlement_sides_in_order",
            ),
        ),
        migrations.AddField(
            "ledgerentry", "transaction", models.UUIDField(default=uuid.uuid4)
        ),
        migrations.AddField("ledgerentry", "book", _agency("in the books of", null=True)),
        migrations.AddField(
            "ledgerentry",
            "debit",
            models.CharField(
                choices=ACCOUNTS, default="", max_length=12, verbose_name="to account"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "ledgerentry",
            "credit",
            models.CharField(
                choices=ACCOUNTS, default="", max_length=12, verbose_name="from account"
            ),
            preserve_default=False,
        ),
        migrations.AddField("ledgerentry", "other", _agency("the other side", null=True)),
        migrations.AddField(
            "ledgerentry",
            "reason",
            models.CharField(blank=True, max_length=200, default="", verbose_name="reason"),
            preserve_default=False,
        ),
        migrations.AddField(
            "ledgerentry",
            "settlement",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transfers",
                to="circulation.settlement",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "patron",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger",
                to="circulation.patron",
                verbose_name="patron",
            ),
        ),
        migrations.AlterField(
            "ledgerentry",
            "kind",
            models.CharField(
                choices=[
                    ("overdue", "overdue fee"),
                    ("compensation", "compensation for a lost copy"),
                    ("processing", "processing fee"),
                    ("damage", "compensation for damage"),
                    ("payment", "payment"),
                    ("waiver", "waived"),
                    ("points", "paid with points"),
                    ("refund", "given back: the copy was found"),
                    ("payout", "paid out to the reader"),
                    ("transfer", "settlement paid"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="SettledEntry",
            fields=[
                _id(),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settled",
                        to="circulation.ledgerentry",
                    ),
                ),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="circulation.settlement",
                    ),
                ),
            ],
            options={
                "verbose_name": "settled entry",
                "verbose_name_plural": "settled entries",
            },
        ),
    ]
