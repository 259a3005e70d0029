"""PostgreSQL: lz4 instead of pglz for records, no compression for bytes in transit.

pglz took more time than everything else about storing a record. A server built without lz4 keeps
pglz.
"""

from django.db import migrations

COLUMNS = (
    ("catalog_sourcerecord", "raw"),
    ("catalog_sourcerecord", "neutral"),
    ("catalog_manifestation", "record"),
)


def compress_quickly(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in COLUMNS:
        schema_editor.execute(
            f"DO $$ BEGIN ALTER TABLE {table} ALTER {column} SET COMPRESSION lz4;"
            " EXCEPTION WHEN feature_not_supported THEN NULL; END $$"
        )
    schema_editor.execute("ALTER TABLE catalog_batchchunk ALTER data SET STORAGE EXTERNAL")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_say_what_a_full_batch_kept")]

    operations = [migrations.RunPython(compress_quickly, migrations.RunPython.noop)]
