from django.db import migrations

RENAMED = {"unknown_branch": "copy_at_unknown_branch", "unknown_record": "copy_of_unknown_record"}


def rename(apps, _schema_editor):
    """The desk has codes of these names with other texts, which then were shown to members."""
    rejects = apps.get_model("catalog", "Reject").objects
    for old, new in RENAMED.items():
        rejects.filter(code=old).update(code=new)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_remember_spans_of_files")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
