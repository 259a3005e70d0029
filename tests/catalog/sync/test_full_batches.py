"""What a full file says of records it does not hold, sound or damaged."""

import pytest
from django.urls import reverse

from catalog.models import Batch, SourceRecord
from tests.catalog.files import authority, cnmarc, many, unusable
from tests.catalog.members import work
from tests.catalog.sync.member import upsert

pytestmark = pytest.mark.django_db


def held():
    living = SourceRecord.objects.filter(deleted_at=None, agency__code="JJ")
    return set(living.values_list("source_key", flat=True))


def books(*numbers):
    return b"".join(cnmarc(number, f"第{number}本") for number in numbers)


def test_a_damaged_record_is_kept_and_what_is_missing_is_withdrawn(jinjiang):
    jinjiang.send(books("a", "b", "c", "d"), sequence=1)

    batch = jinjiang.send(books("a") + unusable("b", "第二本"), mode="full", sequence=2)

    assert held() == {"a", "b"}
    assert (batch["counts"]["deleted"], batch["counts"]["quarantined"]) == (2, 1)
    assert (batch["counts"]["lost"], batch["counts"]["withheld"]) == (0, 0)
    assert "1" in batch["note"]


def test_a_span_that_may_be_any_record_withdraws_nothing_and_says_how_many_are_kept(jinjiang):
    jinjiang.send(books("a", "b", "c", "d"))

    batch = jinjiang.send(books("a") + b"GARBAGE\x1d", mode="full")

    assert held() == {"a", "b", "c", "d"}
    assert (batch["counts"]["lost"], batch["counts"]["withheld"]) == (1, 3)
    assert "3" in batch["note"]


def test_a_file_cut_short_withdraws_nothing_though_the_number_of_its_last_record_can_be_read(
    jinjiang,
):
    data = many(40)
    jinjiang.send(data)

    batch = jinjiang.send(data[: len(data) // 2 + 20], mode="full")

    assert len(held()) == 40
    assert batch["counts"]["deleted"] == 0
    assert batch["counts"]["withheld"] >= 19


def test_two_records_run_together_are_no_proof_of_the_first(jinjiang):
    """What a hole in a file leaves: the beginning of one record and the end of another."""
    jinjiang.send(books("a", "b", "c"))
    data = books("a") + books("b", "c").replace(b"\x1d", b"\x00", 1)

    batch = jinjiang.send(data, mode="full")

    assert held() == {"a", "b", "c"}
    assert batch["counts"]["deleted"] == 0


def test_authorities_and_empty_places_in_a_full_file_hide_no_record(jinjiang):
    jinjiang.send(books("a", "b"))

    batch = jinjiang.send(books("a") + b"\x1d" + authority("p1", "余华"), mode="full")

    assert held() == {"a"}
    assert batch["counts"]["quarantined"] == 2
    assert batch["note"] == ""


def test_the_whole_file_sent_again_withdraws_what_was_kept(jinjiang):
    jinjiang.send(books("a", "b", "c"), sequence=1)
    jinjiang.send(books("a") + b"GARBAGE\x1d", mode="full", sequence=2)

    batch = jinjiang.send(books("a", "b"), mode="full", sequence=3)

    assert held() == {"a", "b"}
    assert (batch["counts"]["deleted"], batch["note"]) == (1, "")


def test_a_damaged_record_is_no_floor_for_what_comes_late(jinjiang):
    """The full file says that the record is there, not that an older version is outdated."""
    jinjiang.send(books("a") + unusable("b", "第二本"), mode="full", sequence=5)

    jinjiang.change(upsert("b", 3, books("b")), upsert("c", 3, books("c")))

    assert held() == {"a", "b"}


def test_the_mended_record_takes_the_place_of_the_damaged_one(jinjiang):
    jinjiang.send(books("b"), sequence=1)
    batch = jinjiang.send(unusable("b", "坏"), mode="full", sequence=2)
    (reject,) = jinjiang.rejects(batch)

    jinjiang.client.post(
        f"/api/v1/rejects/{reject['id']}/",
        cnmarc("b", "好"),
        content_type="application/marc",
    )
    work()

    record = SourceRecord.objects.get(source_key="b")
    assert (record.manifestation.title, record.sequence) == ("好", 2)


def test_a_file_with_too_many_damaged_records_proves_nothing(jinjiang, monkeypatch):
    monkeypatch.setattr("catalog.actions.ingest_chunk.MAX_SPARED", 2)
    jinjiang.send(books("a", "b", "c", "d"))

    batch = jinjiang.send(b"".join(unusable(n, "坏") for n in "abc"), mode="full")

    assert held() == {"a", "b", "c", "d"}
    assert (batch["counts"]["lost"], batch["counts"]["withheld"]) == (3, 1)


def test_the_member_sees_it_on_its_page_in_its_report_and_in_the_list_of_batches(
    jinjiang, world, client
):
    jinjiang.send(books("a", "b", "c"))
    jinjiang.send(books("a") + b"GARBAGE\x1d", mode="full")
    client.force_login(world.librarian("JJ"))

    page = client.get(reverse("members:member", args=["JJ"])).content.decode()
    report = jinjiang.get("report/").json()["last_full"]
    batch = Batch.objects.get(mode="full")
    shown = client.get(reverse("admin:catalog_batch_change", args=[batch.pk])).content.decode()

    assert "没有撤回任何记录" in page
    assert "没有撤回任何记录" in shown
    assert (report["withheld"], report["deleted"]) == (2, 0)
    assert report["note"]
