"""A member's file through the REST door into the catalogue: what is stored, counted, told."""

import gzip

import pytest

from catalog.domain.items import ItemStatus
from catalog.models import (
    Batch,
    BatchChunk,
    Change,
    Item,
    Manifestation,
    MatchKey,
    SourceRecord,
    Work,
)
from catalog.models.feed import number_changes
from tests.catalog import files
from tests.catalog.files import cnmarc, many, marc21

pytestmark = pytest.mark.django_db

SHE_DIAO = {"publisher": "广州出版社", "year": 2002, "pages": 380}


@pytest.fixture
def small_steps(settings):
    settings.INGEST_CHUNK_RECORDS = 10


def counts(batch):
    return {name: count for name, count in batch["counts"].items() if count}


# --- records -------------------------------------------------------------------------------------


def test_a_new_file_becomes_records_works_and_copies(jinjiang):
    batch = jinjiang.send(many(30, copies=2))

    assert batch["state"] == "done"
    assert counts(batch) == {"records": 30, "created": 30, "items_created": 60}
    assert batch["progress"]["done"] == batch["progress"]["total"] > 0
    assert Manifestation.objects.count() == Work.objects.count() == 30
    assert Item.objects.filter(status=ItemStatus.AVAILABLE).count() == 60


def test_the_record_is_kept_exactly_as_sent(jinjiang):
    record = cnmarc("n1", "活着", "余华", encoding="gb18030", publisher="作家出版社")
    jinjiang.send(record)

    stored = SourceRecord.objects.get()
    assert bytes(stored.raw) == record
    assert stored.encoding == "gb18030"
    assert stored.neutral["titles"][0]["text"] == "活着"


def test_the_same_file_again_touches_no_row(jinjiang):
    data = many(30, copies=1)
    jinjiang.send(data)
    number_changes()
    before = list(SourceRecord.objects.order_by("pk").values())
    fed = Change.objects.count()

    batch = jinjiang.send(data)

    assert counts(batch) == {"records": 30, "unchanged": 30}
    assert list(SourceRecord.objects.order_by("pk").values()) == before
    assert Change.objects.count() == fed
    assert Batch.objects.count() == 2


def test_a_changed_record_is_updated_in_place(jinjiang):
    jinjiang.send(many(5) + cnmarc("x", "活著", "余华", publisher="作家出版社", year=2012))
    union = SourceRecord.objects.get(source_key="x").manifestation_id

    batch = jinjiang.send(cnmarc("x", "活着", "余华", publisher="作家出版社", year=2013))

    assert counts(batch) == {"records": 1, "updated": 1}
    assert Manifestation.objects.get(pk=union).year == 2013
    assert Manifestation.objects.count() == 6


def test_twice_in_one_file_the_last_wins_and_it_is_said(jinjiang):
    batch = jinjiang.send(cnmarc("x", "初稿", "甲") + many(3) + cnmarc("x", "定稿", "甲"))

    assert counts(batch) == {"records": 5, "created": 4, "repeated": 1}
    assert SourceRecord.objects.get(source_key="x").manifestation.title == "定稿"
    (reject,) = jinjiang.rejects(batch)
    assert (reject["code"], reject["position"]) == ("duplicate_in_file", 1)


def test_twice_in_one_file_far_apart_the_last_wins_and_it_is_said(jinjiang, small_steps):
    batch = jinjiang.send(cnmarc("x", "初稿", "甲") + many(25) + cnmarc("x", "定稿", "甲"))

    assert counts(batch) == {"records": 27, "created": 26, "repeated": 1}
    assert SourceRecord.objects.get(source_key="x").manifestation.title == "定稿"
    assert [r["code"] for r in jinjiang.rejects(batch)] == ["duplicate_in_file"]


def test_a_record_without_number_is_known_by_its_bytes(jinjiang):
    record = cnmarc("", "无号之书", "甲")
    jinjiang.send(record)
    assert counts(jinjiang.send(record)) == {"records": 1, "unchanged": 1}
    assert SourceRecord.objects.get().source_key == SourceRecord.objects.get().digest


def test_two_members_may_use_one_control_number(jinjiang, ziyang):
    jinjiang.send(cnmarc("001", "活着", "余华"))
    ziyang.send(cnmarc("001", "兄弟", "余华"))
    assert SourceRecord.objects.filter(source_key="001").count() == 2


# --- deleting ------------------------------------------------------------------------------------


def test_a_deleted_record_leaves_a_tombstone_and_its_copies(jinjiang):
    copy = ("B1", "JJ-MAIN", "I247/1")
    jinjiang.send(cnmarc("x", "活着", "余华", items=[copy]))
    work = Work.objects.get()

    batch = jinjiang.send(cnmarc("x", "活着", "余华", status="d"))

    assert counts(batch) == {"records": 1, "deleted": 1}
    union = Manifestation.objects.get()
    assert union.deleted_at is not None
    assert union.source_count == 0
    assert Item.objects.filter(barcode="B1").exists()
    assert MatchKey.objects.count() == 0
    assert jinjiang.get(f"records/{work.public_id}/").status_code == 410
    number_changes()
    assert Change.objects.latest("position").kind == "deleted"


def test_deleting_twice_or_what_never_was_changes_nothing(jinjiang):
    gone = cnmarc("x", "活着", status="d")
    assert counts(jinjiang.send(gone)) == {"records": 1, "unchanged": 1}
    jinjiang.send(cnmarc("x", "活着"))
    jinjiang.send(gone)
    assert counts(jinjiang.send(gone)) == {"records": 1, "unchanged": 1}


def test_a_record_that_comes_back_has_its_old_public_id(jinjiang):
    record = cnmarc("x", "活着", "余华")
    jinjiang.send(record)
    before = SourceRecord.objects.get()
    jinjiang.send(cnmarc("x", "活着", "余华", status="d"))

    batch = jinjiang.send(record)

    after = SourceRecord.objects.get()
    assert counts(batch) == {"records": 1, "created": 1}
    assert after.manifestation_id == before.manifestation_id
    assert after.manifestation.deleted_at is None


def test_a_full_batch_withdraws_what_it_does_not_hold(jinjiang, ziyang, small_steps):
    jinjiang.send(many(40))
    ziyang.send(many(3, start=100))

    batch = jinjiang.send(many(15), mode="full")

    assert counts(batch) == {"records": 15, "unchanged": 15, "deleted": 25}
    assert SourceRecord.objects.filter(deleted_at=None, agency__code="JJ").count() == 15
    assert SourceRecord.objects.filter(deleted_at=None, agency__code="ZY").count() == 3


def test_an_older_batch_cannot_undo_a_newer_one(jinjiang):
    jinjiang.send(cnmarc("x", "新"), sequence=7)
    batch = jinjiang.send(cnmarc("x", "旧"), sequence=6)
    assert counts(batch) == {"records": 1, "outdated": 1}
    assert SourceRecord.objects.get().manifestation.title == "新"


# --- damage --------------------------------------------------------------------------------------


def test_garbage_in_the_middle_costs_only_itself(jinjiang):
    head, tail = many(7), many(8, start=7)
    garbage = b"\x00\xff not a record at all \x1d"

    batch = jinjiang.send(head + garbage + tail)

    assert batch["state"] == "done"
    assert counts(batch) == {"records": 15, "created": 15, "quarantined": 1, "lost": 1}
    (reject,) = jinjiang.rejects(batch)
    assert (reject["position"], reject["length"]) == (8, len(garbage.lstrip(b"\x00")))
    assert head + garbage == (head + garbage)[: reject["offset"] + reject["length"]]
    assert reject["message"] != reject["code"]


def test_a_truncated_file_gives_all_but_its_last_record(jinjiang):
    data = many(10)
    last = many(1, start=10)

    batch = jinjiang.send(data + last[: len(last) // 2])

    assert counts(batch) == {"records": 10, "created": 10, "quarantined": 1, "lost": 1}
    (reject,) = jinjiang.rejects(batch)
    assert (reject["offset"], reject["length"]) == (len(data), len(last) // 2)
    assert reject["code"] == "truncated"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_chinese_file_is_read_in_whatever_encoding(jinjiang, encoding):
    data = b"".join(
        cnmarc(f"n{i}", title, "老舍", encoding=encoding)
        for i, title in enumerate(["骆驼祥子", "四世同堂", "茶馆"])
    )
    batch = jinjiang.send(data)
    assert counts(batch) == {"records": 3, "created": 3}
    titles = set(Manifestation.objects.values_list("title", flat=True))
    assert titles == {"骆驼祥子", "四世同堂", "茶馆"}


def test_a_marc8_file_is_read(jinjiang):
    record = bytearray(marc21("m8", "Cancao do exi", "Santos, M"))
    # acute and i in MARC-8: the mark comes first; three letters become "Mí" and stay as long
    at = record.find(b"Santos, M")
    record[at : at + 9] = b"Santos\xe2iM"
    batch = jinjiang.send(bytes(record))
    assert counts(batch) == {"records": 1, "created": 1}
    stored = SourceRecord.objects.get()
    assert "í" in stored.neutral["contributors"][0]["name"]
    assert bytes(stored.raw) == bytes(record)


def test_a_file_of_nothing_but_garbage_ends_with_one_span(jinjiang):
    batch = jinjiang.send(b"this is a letter, not a catalogue")
    assert batch["state"] == "done"
    assert counts(batch) == {"quarantined": 1, "lost": 1}


# --- the upload ----------------------------------------------------------------------------------


def test_marcxml_and_gzip_are_taken(jinjiang):
    xml = files.marcxml(*(files.cnmarc_fields(f"x{i}", f"书之{i}号", "甲") for i in range(12)))
    batch = jinjiang.send(gzip.compress(xml), content_type="application/marcxml+xml")
    assert counts(batch) == {"records": 12, "created": 12}


def test_joined_gzip_files_are_one_file(jinjiang):
    packed = gzip.compress(many(3)) + gzip.compress(many(3, start=3)) + b"\x00" * 20
    assert counts(jinjiang.send(packed)) == {"records": 6, "created": 6}


def test_a_large_file_is_kept_in_pieces_that_add_up(jinjiang, small_steps, settings):
    settings.INGEST_CHUNK_RECORDS = 1000
    data = many(3600)
    assert len(data) > 1024 * 1024

    batch = jinjiang.send(data)

    assert counts(batch) == {"records": 3600, "created": 3600}
    pieces = [bytes(chunk.kept.data) for chunk in BatchChunk.objects.order_by("offset")]
    assert b"".join(pieces) == data
    assert len(pieces) > 1
    assert all(len(piece) <= 1024 * 1024 for piece in pieces)


def test_earlier_batches_of_a_member_are_read_first(world, jinjiang):
    from catalog.tasks import ingest

    first = jinjiang.post(cnmarc("x", "先"))
    second = jinjiang.post(cnmarc("x", "后"))
    jobs = list(Batch.objects.order_by("pk").values_list("job_id", flat=True))

    ingest(job_id=jobs[1])
    assert jinjiang.client.get(second["Location"]).json()["state"] == "queued"
    ingest(job_id=jobs[0])
    ingest(job_id=jobs[1])

    assert jinjiang.client.get(first["Location"]).json()["counts"]["created"] == 1
    assert SourceRecord.objects.get().manifestation.title == "后"
