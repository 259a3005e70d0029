"""Match keys as numbers: a smaller index, and no comparing of texts.

The way back cannot tell the texts from the numbers: it has all records matched anew instead.
"""

from hashlib import blake2b

from django.db import migrations, models

AT_ONCE = 10_000


def number(_apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM catalog_matchkey")
        last = cursor.fetchone()[0]
        for start in range(0, last + 1, AT_ONCE):
            cursor.execute(
                "SELECT text, id FROM catalog_matchkey WHERE id >= %s AND id < %s",
                [start, start + AT_ONCE],
            )
            rows = [(_number_of(text), pk) for text, pk in cursor.fetchall()]
            if rows:
                cursor.executemany("UPDATE catalog_matchkey SET key = %s WHERE id = %s", rows)


def _number_of(text):
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def match_anew(apps, _schema_editor):
    apps.get_model("catalog", "SourceRecord").objects.update(matcher_version=0)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0018_ask_before_withdrawing_much")]

    operations = [
        migrations.RemoveIndex(model_name="matchkey", name="match_keys"),
        migrations.RenameField(model_name="matchkey", old_name="key", new_name="text"),
        migrations.AddField(
            model_name="matchkey", name="key", field=models.BigIntegerField(default=0)
        ),
        migrations.RunPython(number, match_anew),
        # With a default, so that the way back can make the column.
        migrations.AlterField(
            model_name="matchkey", name="text", field=models.CharField(max_length=72, default="")
        ),
        migrations.RemoveField(model_name="matchkey", name="text"),
        migrations.AlterField(model_name="matchkey", name="key", field=models.BigIntegerField()),
        migrations.AddIndex(
            model_name="matchkey", index=models.Index(fields=["key"], name="match_keys")
        ),
    ]
