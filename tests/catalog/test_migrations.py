"""Data of older versions after migrating."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalog.domain.profile import key_number
from catalog.models import MatchKey

KEYS = ("isbn:9787506365437", "ta:00ff00ff00ff00ff", "ty:abcdef0123456789")


@pytest.mark.django_db(transaction=True)
def test_match_keys_of_an_older_version_are_those_that_are_looked_up_now():
    to = MigrationExecutor(connection)
    to.migrate([("catalog", "0018_ask_before_withdrawing_much")])
    try:
        old = to.loader.project_state(("catalog", "0018_ask_before_withdrawing_much")).apps
        keys = old.get_model("catalog", "MatchKey").objects
        for source_id, key in enumerate(KEYS, start=1):
            keys.create(source_record_id=source_id, key=key)
    finally:
        again = MigrationExecutor(connection)
        again.migrate(again.loader.graph.leaf_nodes())
    stored = MatchKey.objects.order_by("source_record_id").values_list("key", flat=True)
    assert list(stored) == [key_number(key) for key in KEYS]
    MatchKey.objects.all().delete()
