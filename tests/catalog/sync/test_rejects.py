"""What could not be used stays on a list until somebody sends it mended."""

import base64

import pytest
from django.urls import reverse

from catalog.models import Batch, Reject, SourceRecord
from tests.catalog.files import cnmarc, many
from tests.catalog.members import work
from tests.catalog.sync.member import Changer

pytestmark = pytest.mark.django_db
BROKEN = cnmarc("m1", "蜀道难", "李白")[:-40] + b"\x1d"
MENDED = cnmarc("m1", "蜀道难", "李白")


@pytest.fixture
def reject(jinjiang):
    jinjiang.send(many(3) + b"????\x1d" + many(3, start=3), sequence=5)
    (found,) = jinjiang.get("rejects/").json()["results"]
    return found


def mend(client, reject, content=MENDED):
    path = f"/api/v1/rejects/{reject['id']}/"
    answer = client.post(path, content, content_type="application/marc")
    work()
    return answer


def test_a_mended_record_settles_its_reject_and_the_counts_say_so(jinjiang, reject):
    answer = mend(jinjiang.client, reject)

    assert answer.status_code == 202
    assert SourceRecord.objects.get(source_key="m1").sequence == 5
    assert jinjiang.get("rejects/").json()["results"] == []
    batch = jinjiang.get(f"batches/{reject['batch']}/").json()
    assert (batch["counts"]["quarantined"], batch["counts"]["mended"]) == (1, 1)
    again = mend(jinjiang.client, reject)
    assert (again.status_code, again.json()["code"]) == (409, "reject_settled")


def test_the_bytes_that_were_sent_can_be_fetched_back(jinjiang, reject):
    found = jinjiang.get(f"rejects/{reject['id']}/").json()
    assert base64.b64decode(found["record"]) == b"????\x1d"
    assert found["message"] != found["code"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"????\x1d", "no_leader"),
        (many(2), "one_record_expected"),
        (b"", "one_record_expected"),
    ],
)
def test_what_is_still_broken_is_refused_at_once(jinjiang, reject, content, code):
    answer = mend(jinjiang.client, reject, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert Reject.objects.get().resolved_at is None


def test_a_mended_record_does_not_undo_what_came_later(jinjiang, reject):
    jinjiang.send(cnmarc("m1", "蜀道难（新）", "李白"), sequence=6)
    mend(jinjiang.client, reject)
    assert SourceRecord.objects.get(source_key="m1").neutral["titles"][0]["text"] == "蜀道难（新）"
    assert Reject.objects.get().resolved_at is not None


def test_anothers_reject_is_as_good_as_none(world, reject):
    other = Changer(world, "ZY")
    assert other.get("rejects/").json()["results"] == []
    assert other.get(f"rejects/{reject['id']}/").status_code == 404
    assert mend(other.client, reject).status_code == 404


def test_a_librarian_mends_in_the_admin(world, client, reject):
    client.force_login(world.librarian("JJ"))
    page = reverse("members:mend", args=[reject["id"]])
    assert "????" in client.get(page).content.decode()

    refused = client.post(page, {"text": "no record"})
    assert Reject.objects.get().resolved_at is None
    assert refused.status_code == 200

    xml = "<record><leader>00000nam0 2200000   4500</leader>"
    xml += '<controlfield tag="001">m1</controlfield>'
    xml += '<datafield tag="200" ind1="1" ind2=" "><subfield code="a">蜀道难</subfield></datafield>'
    assert client.post(page, {"text": f"{xml}</record>"}).status_code == 302
    work()
    assert Reject.objects.get().resolved_at is not None
    assert Batch.objects.earliest("pk").mended == 1


def test_another_librarian_cannot_see_it(world, client, reject):
    client.force_login(world.librarian("ZY"))
    assert client.get(reverse("members:mend", args=[reject["id"]])).status_code == 404
