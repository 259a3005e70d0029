"""Data of older versions after migrating."""

import hashlib

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from catalog.domain.profile import key_number
from catalog.models import MatchKey, SourceRecord
from library_net.network.models import Agency

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


@pytest.mark.django_db(transaction=True)
def test_records_of_an_older_version_stand_in_the_blocks_of_the_digest_tree_of_today():
    before = [("catalog", "0021_who_confirmed_a_withdrawal")]
    agency = Agency.objects.create(code="JJ", name_zh="锦江区图书馆", kind="peer")
    keys = ["n1", "n2", "上海"]
    for key in keys:
        SourceRecord.objects.create(agency=agency, source_key=key, received_at=timezone.now())
    try:
        MigrationExecutor(connection).migrate(before)
        older = dict(SourceRecord.objects.values_list("source_key", "block"))
    finally:
        again = MigrationExecutor(connection)
        again.migrate(again.loader.graph.leaf_nodes())
    digests = {key: hashlib.sha256(key.encode()).digest() for key in keys}
    assert older == {key: 256 * digest[0] + digest[1] for key, digest in digests.items()}
    found = dict(SourceRecord.objects.values_list("source_key", "block"))
    assert found == {key: digest[0] for key, digest in digests.items()}
    SourceRecord.objects.all().delete()
    agency.delete()
