"""Pieces of members' files are kept once, and batches say which piece stands where in them."""

import hashlib

import django.db.models.deletion
from django.db import migrations, models


def keep_once(apps, schema_editor):
    chunks = apps.get_model("catalog", "BatchChunk")
    bytes_kept = apps.get_model("catalog", "KeptBytes")
    for pk, agency_id in chunks.objects.order_by("pk").values_list("pk", "batch__agency_id"):
        data = bytes(chunks.objects.values_list("data", flat=True).get(pk=pk))
        digest = hashlib.sha256(data).hexdigest()
        same = {"agency_id": agency_id, "digest": digest}
        kept = bytes_kept.objects.filter(**same).first()
        if kept is None:
            kept = bytes_kept.objects.create(**same, data=data)
        chunks.objects.filter(pk=pk).update(kept_id=kept.pk, length=len(data))
    _check_now(schema_editor)


def keep_each(apps, schema_editor):
    chunks = apps.get_model("catalog", "BatchChunk")
    for pk in chunks.objects.values_list("pk", flat=True):
        data = chunks.objects.values_list("kept__data", flat=True).get(pk=pk)
        chunks.objects.filter(pk=pk).update(data=data, kept=None)
    _check_now(schema_editor)


def _check_now(schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def store_plain(_apps, schema_editor):
    """See 0007."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE catalog_keptbytes ALTER data SET STORAGE EXTERNAL")


def _id():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def _key(to, on_delete, **more):
    return models.ForeignKey(on_delete=on_delete, to=to, **more)


PROTECT, CASCADE = django.db.models.deletion.PROTECT, django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("catalog", "0016_keep_records_as_json_text")]

    operations = [
        migrations.CreateModel(
            name="KeptBytes",
            fields=[
                ("id", _id()),
                ("digest", models.CharField(max_length=64)),
                ("data", models.BinaryField()),
                ("agency", _key("network.agency", PROTECT, related_name="+", db_index=False)),
            ],
            options={
                "indexes": [models.Index(fields=["agency", "digest"], name="bytes_by_digest")]
            },
        ),
        migrations.RunPython(store_plain, migrations.RunPython.noop),
        migrations.AddField("batchchunk", "length", models.IntegerField(default=0)),
        migrations.AddField(
            "batchchunk", "kept", _key("catalog.keptbytes", PROTECT, related_name="chunks", null=True)
        ),
        migrations.AlterField("batchchunk", "data", models.BinaryField(default=b"")),
        migrations.RunPython(keep_once, keep_each),
        migrations.RemoveField("batchchunk", "data"),
        migrations.AlterField("batchchunk", "length", models.IntegerField()),
        migrations.AlterField(
            "batchchunk", "kept", _key("catalog.keptbytes", PROTECT, related_name="chunks")
        ),
        # A cache: members' next files fill it again.
        migrations.DeleteModel("KnownSpan"),
        migrations.CreateModel(
            name="KnownSpan",
            fields=[
                ("id", _id()),
                ("source_ids", models.BinaryField()),
                ("witness", models.CharField(max_length=120)),
                ("agency", _key("network.agency", CASCADE, related_name="+")),
                ("batch", _key("catalog.batch", CASCADE, related_name="+")),
                (
                    "kept",
                    models.OneToOneField(
                        on_delete=CASCADE, related_name="span", to="catalog.keptbytes"
                    ),
                ),
            ],
        ),
    ]
