"""Records as the JSON text they were written as: taking them apart cost more than storing them."""

from django.db import migrations

import catalog.models.json_text


class Migration(migrations.Migration):
    dependencies = [("catalog", "0015_keep_what_makes_a_work")]

    operations = [
        migrations.AlterField(
            model_name="manifestation",
            name="provenance",
            field=catalog.models.json_text.JsonTextField(default=dict),
        ),
        migrations.AlterField(
            model_name="manifestation",
            name="record",
            field=catalog.models.json_text.JsonTextField(default=dict),
        ),
        migrations.AlterField(
            model_name="sourcerecord",
            name="flags",
            field=catalog.models.json_text.JsonTextField(default=list),
        ),
        migrations.AlterField(
            model_name="sourcerecord",
            name="neutral",
            field=catalog.models.json_text.JsonTextField(),
        ),
    ]
