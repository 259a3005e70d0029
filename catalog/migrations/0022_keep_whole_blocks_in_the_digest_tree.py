"""Blocks of two hex digits in the index; sub-blocks are computed as rows pass."""

import hashlib

from django.db import migrations

_DIVIDE = "UPDATE catalog_sourcerecord SET block = block / 256"


def put_back_into_sub_blocks(apps, schema_editor):
    records = apps.get_model("catalog", "SourceRecord").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(records.filter(pk__gt=last).order_by("pk").only("source_key")[:5000]):
        for row in rows:
            row.block = int.from_bytes(hashlib.sha256(row.source_key.encode()).digest()[:2], "big")
        records.bulk_update(rows, ["block"], batch_size=500)
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_who_confirmed_a_withdrawal")]

    operations = [
        migrations.RunPython(
            lambda _apps, schema_editor: schema_editor.execute(_DIVIDE), put_back_into_sub_blocks
        )
    ]
