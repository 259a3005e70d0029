"""PostgreSQL: lz4 for the bytes members sent: less to write than to compress.

A server built without lz4 keeps them as they are: pglz takes longer than writing them. What is
stored already stays as it is.
"""

from django.db import migrations

_COMPRESS = """
    DO $$ BEGIN
        ALTER TABLE catalog_keptbytes ALTER data SET COMPRESSION lz4;
        ALTER TABLE catalog_keptbytes ALTER data SET STORAGE EXTENDED;
    EXCEPTION WHEN feature_not_supported THEN NULL; END $$
"""
_STORE_PLAIN = "ALTER TABLE catalog_keptbytes ALTER data SET STORAGE EXTERNAL"


def compress_quickly(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_COMPRESS)


def store_plain(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_STORE_PLAIN)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0022_keep_whole_blocks_in_the_digest_tree")]

    operations = [migrations.RunPython(compress_quickly, store_plain)]
