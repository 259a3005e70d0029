"""What a journal tells late is counted anew: corrections in the ledger, suspensions replaced."""

from django.db import migrations, models


def close_what_is_booked_now(apps, _schema_editor):
    """Nobody has to decide about a late return any more: its fee is booked by itself."""
    conflicts = apps.get_model("circulation", "OfflineConflict").objects
    conflicts.filter(code="offline_late_return", closed_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [("circulation", "0014_tell_members_systems")]

    operations = [
        migrations.AddField(
            "suspension",
            "corrected_at",
            models.DateTimeField(blank=True, null=True, verbose_name="counted anew"),
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
                    ("correction", "counted anew"),
                    ("transfer", "settlement paid"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.RunPython(close_what_is_booked_now, migrations.RunPython.noop),
    ]
