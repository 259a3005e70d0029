"""An institution's own software looks at readers too, and leaves the same trace (ID-28)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("circulation", "0015_count_anew_what_is_told_later")]

    operations = [
        migrations.AlterField(
            "accesslog",
            "actor",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="staff",
            ),
        ),
        migrations.AddConstraint(
            "accesslog",
            models.CheckConstraint(
                condition=models.Q(
                    ("actor__isnull", False), ("agency__isnull", False), _connector="OR"
                ),
                name="look_says_who",
            ),
        ),
    ]
