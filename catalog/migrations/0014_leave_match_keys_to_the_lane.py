"""Match keys without a foreign key in the database: four checks a record, for derived rows."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0013_name_problems_of_copies_apart")]

    operations = [
        migrations.AlterField(
            model_name="matchkey",
            name="source_record",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="match_keys",
                to="catalog.sourcerecord",
            ),
        ),
    ]
