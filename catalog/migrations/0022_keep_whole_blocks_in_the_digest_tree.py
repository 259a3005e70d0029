"""Blocks of two hex digits in the index; sub-blocks are computed as rows pass."""

from importlib import import_module

from django.db import migrations

_before = import_module("catalog.migrations.0006_prove_what_members_sent")
_DIVIDE = "UPDATE catalog_sourcerecord SET block = block / 256"


def keep_whole_blocks(_apps, schema_editor):
    schema_editor.execute(_DIVIDE)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_who_confirmed_a_withdrawal")]

    operations = [migrations.RunPython(keep_whole_blocks, _before.put_into_blocks)]
