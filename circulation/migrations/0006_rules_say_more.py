import django.db.models.deletion
from django.db import migrations, models


def _decimal(name: str, digits: int) -> models.DecimalField:
    return models.DecimalField(
        blank=True, decimal_places=2, max_digits=digits, null=True, verbose_name=name
    )


def _days(name: str) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(blank=True, null=True, verbose_name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("circulation", "0005_sip_terminals"),
        ("network", "0001_initial"),
    ]

    operations = [
        migrations.AddField("loanrule", "max_value", _decimal("most value on loan at once (CNY)", 10)),
        migrations.AddField("loanrule", "min_age", _days("youngest reader (years)")),
        migrations.AddField("loanrule", "fee_step_days", _days("late days before the fee changes")),
        migrations.AddField(
            "loanrule", "fee_per_day_after", _decimal("overdue fee per day after that (CNY)", 8)
        ),
        migrations.AddField(
            "loanrule", "suspend_days", _decimal("days without lending per late day", 5)
        ),
        migrations.AddField("loanrule", "suspend_cap", _days("most days without lending")),
        migrations.AddField(
            "loanrule", "points", models.JSONField(blank=True, null=True, verbose_name="points")
        ),
        migrations.AddField(
            "loanrule",
            "compensation",
            models.JSONField(blank=True, null=True, verbose_name="compensation"),
        ),
        migrations.AddField("patron", "suspensions", models.JSONField(blank=True, default=dict)),
        migrations.CreateModel(
            name="PointEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("start", "to begin with"),
                            ("loan", "borrowed"),
                            ("late", "returned late"),
                            ("damage", "damaged"),
                            ("loss", "lost"),
                            ("paid", "paid a fee"),
                            ("correction", "corrected"),
                        ],
                        max_length=12,
                        verbose_name="what for",
                    ),
                ),
                ("points", models.IntegerField(verbose_name="points")),
                ("day", models.DateField(verbose_name="counts for the day")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "loan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="circulation.loan",
                    ),
                ),
                (
                    "patron",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="points",
                        to="circulation.patron",
                        verbose_name="patron",
                    ),
                ),
                (
                    "scheme",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.agency",
                        verbose_name="scheme of",
                    ),
                ),
            ],
            options={"verbose_name": "points entry", "verbose_name_plural": "points entries"},
        ),
        migrations.AddConstraint(
            model_name="pointentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["loan", "late", "loss"])),
                fields=("loan", "kind"),
                name="points_once_per_loan",
            ),
        ),
        migrations.CreateModel(
            name="Suspension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateField(verbose_name="until")),
                ("days", models.PositiveSmallIntegerField(verbose_name="days")),
                ("rule", models.CharField(blank=True, max_length=40, verbose_name="rule")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "loan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="circulation.loan",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.agency",
                        verbose_name="copies of",
                    ),
                ),
                (
                    "patron",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspension_rows",
                        to="circulation.patron",
                        verbose_name="patron",
                    ),
                ),
            ],
            options={"verbose_name": "suspension", "verbose_name_plural": "suspensions"},
        ),
    ]
