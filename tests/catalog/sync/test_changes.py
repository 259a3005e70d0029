"""Single changes with the member's own sequence: the higher one wins, whenever it arrives."""

from itertools import permutations

import pytest

from catalog.models import Manifestation, SourceRecord
from tests.catalog.files import cnmarc, cnmarc_fields, many, marcxml
from tests.catalog.sync.member import delete, upsert

pytestmark = pytest.mark.django_db


def counts(batch):
    return {name: value for name, value in batch["counts"].items() if value}


def held():
    living = SourceRecord.objects.filter(deleted_at=None)
    return {row.source_key: row.neutral["titles"][0]["text"] for row in living}


def test_records_come_in_as_base64_and_as_marcxml_and_go_again(jinjiang):
    xml = marcxml(cnmarc_fields("b", "兄弟", "余华")).decode()
    record = xml[xml.index("<record") : xml.index("</record>") + 9]
    batch = jinjiang.change(upsert("a", 1, cnmarc("a", "活着", "余华")), upsert("b", 2, record))

    assert (batch["kind"], counts(batch)) == ("changes", {"records": 2, "created": 2})
    assert held() == {"a": "活着", "b": "兄弟"}

    batch = jinjiang.change(delete("a", 3), upsert("b", 4, cnmarc("b", "兄弟（下）", "余华")))
    assert counts(batch) == {"records": 2, "deleted": 1, "updated": 1}
    assert held() == {"b": "兄弟（下）"}


def test_a_json_array_is_taken_too(jinjiang):
    answer = jinjiang.client.post(
        jinjiang.path, [upsert("a", 1, cnmarc("a", "活着")), delete("b", 2)], format="json"
    )
    assert answer.status_code == 202
    refused = jinjiang.client.post(jinjiang.path, b"[{]", content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_change_list")


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_order_of_arrival_ends_with_the_highest_sequence(jinjiang, order):
    changes = [
        upsert("a", 1, cnmarc("a", "一")),
        upsert("a", 2, cnmarc("a", "二")),
        delete("a", 3),
        upsert("b", 3, cnmarc("b", "别的")),
    ]
    for index in order:
        jinjiang.change(changes[index])
    assert held() == {"b": "别的"}
    assert SourceRecord.objects.get(source_key="a").sequence == 3


def test_a_record_unchanged_since_stands_against_what_lies_between(jinjiang):
    first = cnmarc("a", "甲")
    jinjiang.change(upsert("a", 1, first))
    assert counts(jinjiang.change(upsert("a", 3, first))) == {"records": 1, "unchanged": 1}

    batch = jinjiang.change(upsert("a", 2, cnmarc("a", "乙")))
    assert counts(batch) == {"records": 1, "outdated": 1}
    assert held() == {"a": "甲"}


def test_a_deletion_of_what_never_came_is_remembered(jinjiang):
    assert counts(jinjiang.change(delete("a", 5))) == {"records": 1, "unchanged": 1}
    assert counts(jinjiang.change(upsert("a", 4, cnmarc("a", "迟到")))) == {
        "records": 1,
        "outdated": 1,
    }
    assert counts(jinjiang.change(upsert("a", 6, cnmarc("a", "回来")))) == {
        "records": 1,
        "created": 1,
    }
    assert held() == {"a": "回来"}
    assert Manifestation.objects.get().source_count == 1


def test_several_changes_of_one_record_in_one_list_are_no_mistake(jinjiang):
    batch = jinjiang.change(
        upsert("a", 9, cnmarc("a", "后")), upsert("a", 8, cnmarc("a", "先")), delete("b", 1)
    )
    assert (batch["counts"]["repeated"], jinjiang.rejects(batch)) == (1, [])
    assert held() == {"a": "后"}


def test_a_change_list_sent_twice_changes_nothing(jinjiang):
    changes = [upsert("a", 1, cnmarc("a", "甲")), delete("b", 2), upsert("c", 3, cnmarc("c", "丙"))]
    jinjiang.change(*changes)
    assert counts(jinjiang.change(*changes)) == {"records": 3, "unchanged": 3}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", "change_unreadable"),
        ({"op": "insert", "control_number": "a", "sequence": 1}, "change_op_unknown"),
        ({"op": "delete", "sequence": 1}, "missing_field"),
        ({"op": "delete", "control_number": "a"}, "change_without_sequence"),
        ({"op": "delete", "control_number": "a", "sequence": True}, "change_without_sequence"),
        ({"op": "upsert", "control_number": "a", "sequence": 1}, "change_without_record"),
        (upsert("a", 1, "不是base64"), "change_without_record"),
        (upsert("a", 1, cnmarc("b", "另一本")), "control_number_differs"),
        (upsert("a", 1, b"not a record"), "truncated"),
    ],
)
def test_a_bad_change_is_quarantined_by_itself_with_its_reason(jinjiang, line, code):
    batch = jinjiang.change(line, upsert("good", 2, cnmarc("good", "好书")))
    assert (batch["counts"]["created"], batch["counts"]["quarantined"]) == (1, 1)
    (reject,) = jinjiang.rejects(batch)
    assert reject["position"] == 1
    assert reject["message"] != reject["code"]
    assert reject["code"] == code or code == "truncated"


def test_a_long_list_is_read_in_steps(jinjiang, settings):
    settings.INGEST_CHUNK_RECORDS = 10
    changes = [upsert(f"n{i}", i + 1, cnmarc(f"n{i}", f"第{i}本")) for i in range(35)]
    batch = jinjiang.change(*changes)
    assert counts(batch) == {"records": 35, "created": 35}
    assert batch["progress"]["done"] == batch["progress"]["total"]


# --- files have a sequence too --------------------------------------------------------------------


def test_an_older_file_cannot_bring_back_what_a_full_one_left_out(jinjiang):
    jinjiang.send(many(4), mode="full", sequence=10)
    batch = jinjiang.send(many(6), sequence=5)
    assert counts(batch) == {"records": 6, "outdated": 6}
    assert SourceRecord.objects.filter(deleted_at=None).count() == 4

    batch = jinjiang.send(many(2), mode="full", sequence=7)
    assert counts(batch) == {"records": 2, "outdated": 2}
    assert SourceRecord.objects.filter(deleted_at=None).count() == 4


def test_a_file_without_sequence_does_not_open_the_door_to_older_ones(jinjiang):
    jinjiang.send(cnmarc("a", "七"), sequence=7)
    jinjiang.send(cnmarc("a", "无"))
    jinjiang.send(cnmarc("a", "五"), sequence=5)
    assert held() == {"a": "无"}
