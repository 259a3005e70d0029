from django.db import migrations, models


class Migration(migrations.Migration):
    """The stamp row; the triggers that change it are made after every migration."""

    dependencies = [("network", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ReferenceStamp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("value", models.CharField(max_length=36)),
            ],
        ),
    ]
