"""The catalogue's REST doors: who may, what is refused and why, what a caller gets."""

import gzip
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from catalog.api.caller import pieces
from catalog.models import Batch, BatchChunk, Item, KeptBytes, SourceRecord
from library_net.jobs.models import JobRun
from tests.catalog.files import cnmarc, many

pytestmark = pytest.mark.django_db


def code(response):
    assert response.headers["Content-Type"].startswith("application/problem+json")
    return response.json()["code"]


# --- batches -----------------------------------------------------------------------------------


def test_an_upload_is_answered_at_once_with_a_place_to_ask(jinjiang):
    answer = jinjiang.post(many(3), mode="delta", sequence=4, filename="friday.mrc")

    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"].endswith(f"/api/v1/batches/{body['id']}/")
    assert (body["state"], body["sequence"], body["file_name"]) == ("queued", 4, "friday.mrc")
    assert JobRun.objects.get().args == {"batch_id": Batch.objects.get().pk}


def test_a_form_upload_is_taken_too(jinjiang):
    data = many(3)
    answer = jinjiang.client.post(
        "/api/v1/batches/", {"file": SimpleUploadedFile("weekly.mrc", data)}, format="multipart"
    )
    assert answer.status_code == 202
    assert answer.json()["file_name"] == "weekly.mrc"
    assert bytes(KeptBytes.objects.get().data) == data


@pytest.mark.parametrize(
    "content_type", ["application/octet-stream", "application/x-www-form-urlencoded", "text/xml"]
)
def test_the_body_is_the_file_whatever_it_is_called(jinjiang, content_type):
    assert jinjiang.post(many(2), content_type=content_type).status_code == 202


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"mode": "everything"}, "bad_batch_mode"),
        ({"sequence": "-1"}, "bad_batch_sequence"),
        ({"sequence": "9" * 19}, "bad_batch_sequence"),
        ({"format": "usmarc"}, "unknown_marc_format"),
        ({"encoding": "klingon"}, "unknown_encoding"),
    ],
)
def test_a_nonsense_parameter_is_refused_by_name(jinjiang, query, problem):
    answer = jinjiang.post(many(1), **query)
    assert (answer.status_code, code(answer)) == (422, problem)
    assert Batch.objects.count() == 0


def test_an_empty_upload_is_refused(jinjiang):
    assert code(jinjiang.post(b"")) == "empty_batch"
    assert Batch.objects.count() == 0


def test_a_cut_off_gzip_leaves_nothing_behind(jinjiang):
    answer = jinjiang.post(gzip.compress(many(50))[:-20])
    assert (answer.status_code, code(answer)) == (400, "damaged_gzip")
    assert Batch.objects.count() == BatchChunk.objects.count() == JobRun.objects.count() == 0


def test_a_file_too_large_when_unpacked_is_refused(jinjiang, settings):
    settings.BATCH_MAX_BYTES = 1024 * 1024
    bomb = gzip.compress(b"0" * 20_000_000)
    answer = jinjiang.post(bomb)
    assert (answer.status_code, code(answer)) == (413, "batch_too_large")
    assert BatchChunk.objects.count() == 0


def test_without_a_key_nothing_is_taken(world):
    answer = APIClient().post("/api/v1/batches/", many(1), content_type="application/marc")
    assert answer.status_code == 401
    assert APIClient().get("/api/v1/changes/").status_code == 401


def test_a_member_sees_its_own_batches_only(jinjiang, ziyang):
    mine = jinjiang.send(many(2))

    assert ziyang.get(f"batches/{mine['id']}/").status_code == 404
    assert ziyang.get(f"batches/{mine['id']}/rejects/").status_code == 404
    assert ziyang.get("batches/").json()["results"] == []
    assert [b["id"] for b in jinjiang.get("batches/").json()["results"]] == [mine["id"]]


def test_a_member_cannot_send_for_another(jinjiang):
    answer = jinjiang.post(many(1), agency="ZY")
    assert (answer.status_code, code(answer)) == (403, "outside_your_agency")


def test_rejects_come_in_pages_and_in_the_callers_language(jinjiang):
    batch = jinjiang.send(b"".join(many(1, start=i) + b"????\x1d" for i in range(5)))

    path = f"/api/v1/batches/{batch['id']}/rejects/"
    first = jinjiang.client.get(path, {"limit": 3}).json()
    rest = jinjiang.client.get(path, {"limit": 3, "cursor": first["next"]}).json()
    assert [r["position"] for r in first["results"] + rest["results"]] == [2, 4, 6, 8, 10]
    assert rest["next"] is None
    english = jinjiang.client.get(path, headers={"Accept-Language": "en"}).json()
    assert english["results"][0]["message"].startswith("No MARC record begins here")


# --- copies ------------------------------------------------------------------------------------


@pytest.fixture
def sent(jinjiang):
    jinjiang.send(cnmarc("a", "活着", "余华") + cnmarc("b", "兄弟", "余华"))
    return jinjiang


def test_a_list_of_copies_keeps_the_good_rows_and_names_the_bad(sent):
    rows = [
        {"control_number": "a", "barcode": "B1", "branch": "JJ-ROOM", "call_number": "I247/1"},
        {"control_number": "a", "barcode": "B2", "price": "CNY 28.00"},
        {"control_number": "nowhere", "barcode": "B3"},
        {"control_number": "b"},
        "not a row",
        {"control_number": "b", "barcode": "B4", "branch": "书库"},
    ]
    answer = sent.list_items(rows).json()

    assert (answer["created"], answer["refused"], answer["unchanged"]) == (3, 3, 0)
    told = {(p["row"], p["code"], p["is_refused"]) for p in answer["problems"]}
    assert told == {
        (3, "copy_of_unknown_record", True),
        (4, "missing_field", True),
        (5, "not_a_row", True),
        (6, "copy_at_unknown_branch", False),
    }
    item = Item.objects.get(barcode="B1")
    assert (item.home_branch.code, item.call_number) == ("JJ-ROOM", "I247/1")
    assert str(Item.objects.get(barcode="B2").price) == "28.00"


def test_the_same_list_again_changes_nothing(sent):
    rows = [{"control_number": "a", "barcode": "B1", "price": "28"}]
    sent.list_items(rows)
    answer = sent.list_items(rows).json()
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (0, 0, 1)


def test_a_csv_list_is_taken(sent):
    table = "\ufeffcontrol_number,barcode,branch\na,B1,JJ-MAIN\nb,B2,JJ-ROOM\n"
    answer = sent.client.post("/api/v1/items/", table.encode(), content_type="text/csv")
    assert answer.json()["created"] == 2
    assert SourceRecord.objects.get(source_key="b").items.get().barcode == "B2"


@pytest.mark.parametrize("body", [b"", b"{", b'"x"', b'{"items": 3}', b"\xff\xfe"])
def test_a_list_that_is_none_is_refused(sent, body):
    answer = sent.client.post("/api/v1/items/", body, content_type="application/json")
    assert (answer.status_code, code(answer)) == (400, "bad_item_list")


def test_what_a_list_says_of_a_copy_beats_the_record(sent):
    sent.list_items([{"control_number": "a", "barcode": "B1", "call_number": "LIST"}])
    sent.send(cnmarc("a", "活着", "余华", items=[("B1", "JJ-MAIN", "MARC")]))
    assert Item.objects.get().call_number == "LIST"


def test_a_bare_barcode_may_find_copies_of_several_owners(sent, ziyang):
    sent.list_items([{"control_number": "a", "barcode": "01234567"}])
    ziyang.send(cnmarc("z", "长江", items=[("01234567", "ZY-MAIN", "K9")]))

    found = ziyang.get("items/", barcode="01234567").json()["results"]
    assert {item["owner"] for item in found} == {"JJ", "ZY"}
    one = ziyang.get("items/JJ/01234567/").json()
    assert one["record"] == SourceRecord.objects.get(source_key="a").manifestation.public_id
    assert code(ziyang.get("items/JJ/404/")) == "not_found"
    assert code(ziyang.get("items/")) == "barcode_needed"


# --- reading -----------------------------------------------------------------------------------


def test_anyone_may_look_at_a_record(sent):
    work = SourceRecord.objects.get(source_key="a").manifestation.work
    page = APIClient().get(f"/api/v1/records/{work.public_id}/").json()
    assert page["title"] == "活着"
    (edition,) = page["editions"]
    assert edition["record"]["contributors"][0]["name"] == "余华"
    assert edition["sources"][0]["control_number"] == "a"
    assert edition["provenance"] == {"*": edition["sources"][0]["source"]}


@pytest.mark.parametrize("wrong", ["w0", "m999999", "x1", "w" + "9" * 30, "活着", "w-1"])
def test_a_record_that_never_was_is_not_found(world, wrong):
    assert APIClient().get(f"/api/v1/records/{wrong}/").status_code == 404


def test_the_feed_is_read_to_its_end_without_a_gap(jinjiang):
    jinjiang.send(many(7))
    first = jinjiang.get("changes/", limit=4).json()
    second = jinjiang.get("changes/", limit=4, cursor=first["next"]).json()
    positions = [row["position"] for row in first["results"] + second["results"]]
    assert positions == [1, 2, 3, 4, 5, 6, 7]
    assert (first["has_more"], second["has_more"]) == (True, False)

    jinjiang.send(many(1, start=7))
    later = jinjiang.get("changes/", cursor=second["next"]).json()
    assert [row["position"] for row in later["results"]] == [8]
    assert code(jinjiang.get("changes/", cursor="forged")) == "bad_cursor"


def test_an_upload_is_read_in_pieces_and_never_held_whole(jinjiang):
    """The body is a stream that counts how much was asked for at once."""

    class Watched(io.BytesIO):
        most = 0

        def read(self, size=-1):
            Watched.most = max(Watched.most, size if size >= 0 else 10**9)
            return super().read(size)

    data = many(400)
    assert b"".join(pieces(Watched(data))) == data
    assert Watched.most <= 64 * 1024


def test_the_search_answers_as_json(jinjiang):
    answer = APIClient().get("/api/v1/search/", {"q": "活着"})
    assert answer.status_code == 200
    assert json.loads(answer.content)["results"] == []
