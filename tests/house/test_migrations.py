"""Migrations are complete, named and can be undone."""

import importlib
import re

import pytest
from django.core.management import call_command
from django.db import migrations

from tests.house.tree import ROOT, listing, tracked

FILES = [
    path for path in tracked() if path.parent.name == "migrations" and path.name != "__init__.py"
]


@pytest.mark.django_db
def test_no_model_change_lacks_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_migration_has_a_name_that_says_what_it_does():
    unnamed = [
        str(path) for path in FILES if re.match(r"\d{4}_(auto_|alter_.*_and_more)", path.name)
    ]

    assert not unnamed, listing(unnamed)


def test_every_migration_can_be_undone():
    stuck = []
    for path in FILES:
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        stuck += [
            f"{path}: {operation.describe()}"
            for operation in module.Migration.operations
            if isinstance(operation, migrations.RunPython | migrations.RunSQL)
            and not operation.reversible
        ]

    assert not stuck, listing(stuck)


def test_migrations_are_tracked():
    folders = [ROOT / name for name in ("catalog", "circulation", "library_net/network")]

    assert all((folder / "migrations" / "__init__.py").exists() for folder in folders)
    assert FILES
