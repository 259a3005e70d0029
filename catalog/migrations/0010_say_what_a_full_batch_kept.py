from django.db import migrations, models
from django.db.models import F


def distrust_old_full_batches(apps, _schema_editor):
    """What was quarantined before could have been anything."""
    batches = apps.get_model("catalog", "Batch").objects.filter(mode="full", quarantined__gt=0)
    batches.update(lost=F("quarantined"))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_count_what_records_lack")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="lost",
            field=models.PositiveIntegerField(default=0, verbose_name="unidentified spans"),
        ),
        migrations.AddField(
            model_name="batch",
            name="spared",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="batch",
            name="withheld",
            field=models.PositiveIntegerField(default=0, verbose_name="kept for lack of proof"),
        ),
        migrations.RunPython(distrust_old_full_batches, migrations.RunPython.noop),
    ]
