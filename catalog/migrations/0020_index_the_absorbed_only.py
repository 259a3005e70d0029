"""An index of the absorbed only: through one of all rows SQLite read every living row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0019_number_match_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="manifestation",
            name="absorbed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="catalog.manifestation",
            ),
        ),
        migrations.AlterField(
            model_name="work",
            name="absorbed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="catalog.work",
            ),
        ),
        migrations.AddIndex(
            model_name="manifestation",
            index=models.Index(
                condition=models.Q(("absorbed_by__isnull", False)),
                fields=["absorbed_by"],
                name="manifestations_absorbed",
            ),
        ),
        migrations.AddIndex(
            model_name="work",
            index=models.Index(
                condition=models.Q(("absorbed_by__isnull", False)),
                fields=["absorbed_by"],
                name="works_absorbed",
            ),
        ),
    ]
