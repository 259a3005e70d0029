"""PostgreSQL would try to compress every chunk on its way in: most of the time of an upload."""

from django.db import migrations


def store_plain(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE catalog_batchchunk ALTER COLUMN data SET STORAGE EXTERNAL"
        )


def compress(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE catalog_batchchunk ALTER COLUMN data SET STORAGE EXTENDED"
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_prove_what_members_sent")]

    operations = [migrations.RunPython(store_plain, compress)]
