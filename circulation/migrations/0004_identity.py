
import circulation.domain.credentials
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("circulation", "0003_life_of_requests_and_transits"),
        ("network", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_key", models.BinaryField()),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="device")),
            ],
            options={
                "verbose_name": "device",
                "verbose_name_plural": "devices",
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("rows", models.JSONField(default=dict, verbose_name="rows")),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
            },
        ),
        migrations.CreateModel(
            name="Guardianship",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="consent given")),
                ("taken_by", models.CharField(max_length=60, verbose_name="taken by")),
                ("until", models.DateField(blank=True, null=True, verbose_name="last day")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "guardian",
                "verbose_name_plural": "guardians",
            },
        ),
        migrations.CreateModel(
            name="PatronMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("moved", models.JSONField(default=dict)),
                ("before", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("merged_at", models.DateTimeField(verbose_name="joined")),
                ("merged_by", models.CharField(max_length=60, verbose_name="joined by")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
                (
                    "undone_by",
                    models.CharField(blank=True, max_length=60, verbose_name="undone by"),
                ),
            ],
            options={
                "verbose_name": "joined readers",
                "verbose_name_plural": "joined readers",
            },
        ),
        migrations.CreateModel(
            name="Phone",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seal_id", models.UUIDField(unique=True)),
                ("sealed", models.BinaryField()),
                ("key_version", models.PositiveSmallIntegerField(db_index=True, default=1)),
                ("masked", models.CharField(max_length=40, verbose_name="number")),
                (
                    "blind_index",
                    models.CharField(blank=True, db_index=True, max_length=64, null=True),
                ),
                (
                    "next_blind_index",
                    models.CharField(blank=True, db_index=True, max_length=64, null=True),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="confirmed"),
                ),
            ],
            options={
                "verbose_name": "phone number",
                "verbose_name_plural": "phone numbers",
            },
        ),
        migrations.CreateModel(
            name="PrivacyTerm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "loan_memory_days",
                    models.PositiveSmallIntegerField(
                        default=30, verbose_name="days after the return"
                    ),
                ),
            ],
            options={
                "verbose_name": "privacy term",
                "verbose_name_plural": "privacy terms",
            },
        ),
        migrations.CreateModel(
            name="SignInCode",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("phone_index", models.CharField(db_index=True, max_length=64)),
                ("address_index", models.CharField(db_index=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "sign-in code",
                "verbose_name_plural": "sign-in codes",
            },
        ),
        migrations.CreateModel(
            name="UsedCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("nonce", models.CharField(max_length=32)),
                ("operation", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "used code",
                "verbose_name_plural": "used codes",
            },
        ),
        migrations.AddField(
            model_name="accesslog",
            name="credential",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="circulation.credential",
                verbose_name="number shown",
            ),
        ),
        migrations.AddField(
            model_name="accesslog",
            name="reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="reason given"),
        ),
        migrations.AddField(
            model_name="credential",
            name="key_version",
            field=models.PositiveSmallIntegerField(db_index=True, default=1),
        ),
        migrations.AddField(
            model_name="loan",
            name="reader_category",
            field=models.CharField(
                blank=True, editable=False, max_length=24, null=True, verbose_name="reader category"
            ),
        ),
        migrations.AddField(
            model_name="patron",
            name="keeps_history",
            field=models.BooleanField(default=False, verbose_name="keeps her borrowing history"),
        ),
        migrations.AddField(
            model_name="patron",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="circulation.patron",
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="blind_index",
            field=models.CharField(blank=True, max_length=64, null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="credential",
            name="kind",
            field=models.CharField(
                choices=[
                    (
                        circulation.domain.credentials.CredentialKind["RESIDENT_ID"],
                        "resident ID card",
                    ),
                    (
                        circulation.domain.credentials.CredentialKind["SOCIAL_SECURITY"],
                        "social security card",
                    ),
                    (circulation.domain.credentials.CredentialKind["READER_CARD"], "reader card"),
                    (circulation.domain.credentials.CredentialKind["PASSPORT"], "passport"),
                    (
                        circulation.domain.credentials.CredentialKind["HK_MACAO_PERMIT"],
                        "Hong Kong or Macao travel permit",
                    ),
                    (
                        circulation.domain.credentials.CredentialKind["TAIWAN_PERMIT"],
                        "Taiwan travel permit",
                    ),
                    (
                        circulation.domain.credentials.CredentialKind["FOREIGN_RESIDENT"],
                        "foreign permanent resident card (old)",
                    ),
                    (circulation.domain.credentials.CredentialKind["DEVICE"], "code on a phone"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("blind_index__isnull", False),
                    ("next_blind_index__isnull", False),
                    _connector="OR",
                ),
                name="credential_can_be_found",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="credential",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="device",
                to="circulation.credential",
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="staff",
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="agency",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.agency",
                verbose_name="institution",
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="agency",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.agency",
                verbose_name="institution",
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="guardian",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="wards",
                to="circulation.patron",
                verbose_name="guardian",
            ),
        ),
        migrations.AddField(
            model_name="guardianship",
            name="ward",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="guardians",
                to="circulation.patron",
                verbose_name="minor",
            ),
        ),
        migrations.AddField(
            model_name="patronmerge",
            name="absorbed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="circulation.patron",
                verbose_name="absorbed",
            ),
        ),
        migrations.AddField(
            model_name="patronmerge",
            name="kept",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="circulation.patron",
                verbose_name="kept",
            ),
        ),
        migrations.AddField(
            model_name="phone",
            name="patron",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="phone",
                to="circulation.patron",
                verbose_name="patron",
            ),
        ),
        migrations.AddField(
            model_name="privacyterm",
            name="agency",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="network.agency",
                verbose_name="institution",
            ),
        ),
        migrations.AddField(
            model_name="signincode",
            name="patron",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="circulation.patron",
            ),
        ),
        migrations.AddField(
            model_name="usedcode",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="circulation.device",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.CheckConstraint(
                condition=models.Q(("ward", models.F("guardian")), _negated=True),
                name="nobody_guards_herself",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardianship",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)),
                fields=("ward", "guardian"),
                name="one_link_per_ward_and_guardian",
            ),
        ),
        migrations.AddConstraint(
            model_name="patronmerge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at", None)),
                fields=("absorbed",),
                name="absorbed_at_most_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="usedcode",
            constraint=models.UniqueConstraint(
                fields=("device", "nonce"), name="a_device_code_works_once"
            ),
        ),
    ]
