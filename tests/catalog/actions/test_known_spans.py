"""A member's file sent again: what is unchanged is known by its bytes, and never wrongly."""

import pytest

from catalog.models import Change, KnownSpan, SourceRecord
from tests.catalog.files import cnmarc, many
from tests.catalog.members import Sender
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return Sender(World.build(), "JJ")


@pytest.fixture(autouse=True)
def steps_of_200(settings):
    settings.INGEST_CHUNK_RECORDS = 200


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
    file = many(300)
    member.send(file)
    number = SourceRecord.objects.order_by("pk")[100].source_key
    member.send(cnmarc(number, "改了的书", "乙", publisher="另一社"))

    assert counts(member.send(file)) == {"records": 300, "updated": 1, "unchanged": 299}
    assert counts(member.send(file)) == {"records": 300, "unchanged": 300}


def test_a_span_does_not_hide_a_record_withdrawn_meanwhile(member):
    file = many(300)
    member.send(file)
    number = SourceRecord.objects.order_by("pk")[100].source_key
    member.send(cnmarc(number, "书", "甲", status="d"))

    assert counts(member.send(file)) == {"records": 300, "created": 1, "unchanged": 299}


def test_an_old_file_sent_late_is_outdated_not_unchanged(member):
    file = many(300)
    member.send(file, sequence=1)
    member.send(file, sequence=5)

    assert counts(member.send(file, sequence=3)) == {"records": 300, "outdated": 300}


def test_a_full_file_known_by_its_spans_withdraws_what_it_lacks(member):
    file = many(300)
    member.send(file + cnmarc("gone", "旧书", "甲", publisher="某社"), mode="full")

    assert counts(member.send(file, mode="full"))["deleted"] == 1
    assert counts(member.send(file, mode="full")) == {"records": 300, "unchanged": 300}


def test_spans_no_recent_file_held_are_forgotten(member):
    member.send(many(300))
    held = set(KnownSpan.objects.values_list("pk", flat=True))
    for number in range(9):
        member.send(cnmarc(f"n{number}", f"书{number}", "甲", publisher="某社"))

    assert not held & set(KnownSpan.objects.values_list("pk", flat=True))
