"""A member's file sent again: what is unchanged is known by its bytes, and never wrongly."""

import hashlib

import pytest

from catalog.actions.ingesting.reading import stored_bytes
from catalog.models import Batch, Change, KeptBytes, KnownSpan, SourceRecord
from tests.catalog.files import cnmarc, many, unusable
from tests.catalog.members import Sender
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return Sender(World.build(), "JJ")


@pytest.fixture(autouse=True)
def steps_of_400(settings):
    settings.INGEST_CHUNK_RECORDS = 400


def counts(batch):
    return {name: count for name, count in batch["counts"].items() if count}


def test_an_unchanged_file_is_taken_over_span_by_span(member):
    file = many(600)
    member.send(file)
    spans = set(KnownSpan.objects.values_list("pk", flat=True))
    fed = Change.objects.count()

    assert counts(member.send(file)) == {"records": 600, "unchanged": 600}
    assert set(KnownSpan.objects.values_list("pk", flat=True)) == spans  # and none was read again
    assert len(spans) >= 3
    assert Change.objects.count() == fed


def test_a_record_put_in_front_costs_the_reading_of_its_own_span_only(member):
    file = many(1000)
    member.send(file)
    before = set(KnownSpan.objects.values_list("pk", flat=True))

    again = member.send(cnmarc("new", "新书", "甲", publisher="某社") + file)

    assert counts(again) == {"records": 1001, "created": 1, "unchanged": 1000}
    after = set(KnownSpan.objects.values_list("pk", flat=True))
    assert len(after - before) < len(before & after)


def test_a_span_does_not_hide_what_came_between(member):
    file = many(400)
    member.send(file)
    number = SourceRecord.objects.order_by("pk")[100].source_key
    member.send(cnmarc(number, "改了的书", "乙", publisher="另一社"))

    assert counts(member.send(file)) == {"records": 400, "updated": 1, "unchanged": 399}
    assert counts(member.send(file)) == {"records": 400, "unchanged": 400}


def test_a_span_does_not_hide_a_record_withdrawn_meanwhile(member):
    file = many(400)
    member.send(file)
    number = SourceRecord.objects.order_by("pk")[100].source_key
    member.send(cnmarc(number, "书", "甲", status="d"))

    assert counts(member.send(file)) == {"records": 400, "created": 1, "unchanged": 399}


def test_an_old_file_sent_late_is_outdated_not_unchanged(member):
    file = many(400)
    member.send(file, sequence=1)
    member.send(file, sequence=5)

    assert counts(member.send(file, sequence=3)) == {"records": 400, "outdated": 400}


def test_a_full_file_known_by_its_spans_withdraws_what_it_lacks(member):
    file = many(400)
    member.send(file + cnmarc("gone", "旧书", "甲", publisher="某社"), mode="full")

    assert counts(member.send(file, mode="full"))["deleted"] == 1
    assert counts(member.send(file, mode="full")) == {"records": 400, "unchanged": 400}


def test_spans_no_recent_file_held_are_forgotten(member):
    member.send(many(400))
    held = set(KnownSpan.objects.values_list("pk", flat=True))
    for number in range(9):
        member.send(cnmarc(f"n{number}", f"书{number}", "甲", publisher="某社"))

    assert not held & set(KnownSpan.objects.values_list("pk", flat=True))


def test_bytes_that_are_here_are_not_stored_again(member):
    file = many(1000)
    member.send(file)
    before = set(KeptBytes.objects.values_list("pk", flat=True))

    again = cnmarc("new", "新书", "甲", publisher="某社") + file
    member.send(file)
    assert set(KeptBytes.objects.values_list("pk", flat=True)) == before
    member.send(again)

    added = KeptBytes.objects.exclude(pk__in=before)
    assert sum(len(kept.data) for kept in added) < len(file) // 2
    last = Batch.objects.order_by("-pk").first()
    assert b"".join(stored_bytes(last.pk, 0)) == again
    assert (last.byte_count, last.digest) == (len(again), hashlib.sha256(again).hexdigest())


def test_members_do_not_share_bytes(member):
    other = Sender(member.world, "ZY")
    member.send(many(10))
    other.send(many(10))

    assert KeptBytes.objects.count() == 2


def test_an_upload_that_breaks_off_leaves_what_others_hold(member, settings):
    file = many(1000)
    member.send(file)
    before = set(KeptBytes.objects.values_list("pk", flat=True))
    settings.BATCH_MAX_BYTES = len(file) + 1000

    assert member.post(file + many(1000, start=5000)).status_code == 413

    assert set(KeptBytes.objects.values_list("pk", flat=True)) == before
    assert counts(member.send(file)) == {"records": 1000, "unchanged": 1000}


def test_a_record_put_in_the_middle_costs_the_reading_of_its_own_piece_only(member):
    file = many(1000)
    member.send(file)
    before = set(KnownSpan.objects.values_list("pk", flat=True))
    middle = file.index(b"\x1d", len(file) // 2) + 1
    longer = file[:middle] + cnmarc("new", "新书", "甲", publisher="某社") + file[middle:]

    assert counts(member.send(longer)) == {"records": 1001, "created": 1, "unchanged": 1000}

    assert len(set(KnownSpan.objects.values_list("pk", flat=True)) - before) <= 3


def test_an_unusable_record_costs_the_reading_of_its_own_piece_only(member):
    file = unusable("bad", "坏书") + many(1000)
    first = member.send(file)
    assert first["counts"]["quarantined"] == 1
    spans = set(KnownSpan.objects.values_list("pk", flat=True))
    assert len(spans) >= 2

    again = member.send(file)["counts"]

    assert (again["unchanged"], again["quarantined"]) == (1000, 1)
    assert set(KnownSpan.objects.values_list("pk", flat=True)) == spans
