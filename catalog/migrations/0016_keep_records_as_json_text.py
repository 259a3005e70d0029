"""Records as the JSON text they were written as: taking them apart cost more than storing them."""

from django.db import migrations

import catalog.models.json_text


def compress_quickly(apps, schema_editor):
    """Again what 0011 asked for: another type forgets it."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in (("catalog_sourcerecord", "neutral"), ("catalog_manifestation", "record")):
        schema_editor.execute(
            f"DO $$ BEGIN ALTER TABLE {table} ALTER {column} SET COMPRESSION lz4;"
            " EXCEPTION WHEN feature_not_supported THEN NULL; END $$"
        )


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
        migrations.RunPython(compress_quickly, migrations.RunPython.noop),
    ]
