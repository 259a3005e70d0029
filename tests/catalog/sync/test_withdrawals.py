"""A full file that lacks much: nothing goes before somebody of the member has said so."""

import pytest
from django.urls import reverse

from catalog.models import Batch, BatchSeen, SourceRecord
from tests.catalog.files import cnmarc, many
from tests.catalog.members import work
from tests.catalog.sync.member import Changer, upsert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_library(settings):
    settings.FULL_WITHDRAWS_FREELY = 5
    settings.INGEST_CHUNK_RECORDS = 10


def held():
    living = SourceRecord.objects.filter(deleted_at=None, agency__code="JJ")
    return set(living.values_list("source_key", flat=True))


def numbers(first, after):
    return {f"N{number:06d}" for number in range(first, after)}


def confirm(member, batch):
    answer = member.client.post(f"/api/v1/batches/{batch['id']}/withdrawal/")
    work()
    return answer


def again(member, batch):
    return member.get(f"batches/{batch['id']}/").json()


def test_a_file_cut_short_between_two_records_withdraws_nothing_and_asks(jinjiang):
    """WD-1."""
    jinjiang.send(many(40))

    batch = jinjiang.send(many(25), mode="full")

    assert held() == numbers(0, 40)
    assert (batch["state"], batch["withdrawal"]) == ("done", "asked")
    assert (batch["counts"]["withheld"], batch["counts"]["deleted"]) == (15, 0)
    assert "15" in batch["note"]
    report = jinjiang.get("report/").json()["last_full"]
    assert (report["withdrawal"], report["note"]) == ("asked", batch["note"])


@pytest.mark.parametrize(("had", "has"), [(40, 32), (10, 5)])
def test_a_fifth_or_a_handful_is_withdrawn_at_once(jinjiang, had, has):
    """WD-1: eight of forty; five of ten."""
    jinjiang.send(many(had))

    batch = jinjiang.send(many(has), mode="full")

    assert held() == numbers(0, has)
    assert (batch["withdrawal"], batch["note"]) == ("", "")


def test_a_first_full_file_asks_nothing(jinjiang):
    """WD-1."""
    assert jinjiang.send(many(40), mode="full", sequence=1)["withdrawal"] == ""


def test_how_much_is_much_is_a_setting(jinjiang, settings):
    """WD-1."""
    settings.FULL_WITHDRAWS_PERCENT = 50
    jinjiang.send(many(40))

    assert jinjiang.send(many(25), mode="full")["counts"]["deleted"] == 15


@pytest.mark.parametrize("sequence", [0, 7])
def test_the_member_confirms_and_what_the_file_lacked_goes(jinjiang, sequence):
    """WD-2."""
    jinjiang.send(many(40))
    batch = jinjiang.send(many(5), mode="full", sequence=sequence)

    assert confirm(jinjiang, batch).status_code == 202

    told = again(jinjiang, batch)
    assert held() == numbers(0, 5)
    assert (told["state"], told["withdrawal"], told["note"]) == ("done", "confirmed", "")
    assert (told["counts"]["withheld"], told["counts"]["deleted"]) == (0, 35)
    assert told["withdrawal_confirmed_at"] >= told["received_at"]
    refused = confirm(jinjiang, batch)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_withdrawal_asked")
    assert not BatchSeen.objects.exists()


@pytest.mark.parametrize("sequences", [(0, 0), (3, 4)])
def test_what_came_after_the_file_stays(jinjiang, sequences):
    """WD-2: new, changed, or merely sent again unchanged."""
    jinjiang.send(many(40))
    batch = jinjiang.send(many(5), mode="full", sequence=sequences[0])
    later = cnmarc("new", "新书", "甲") + many(1, start=20) + many(1, start=30, version="再版")
    jinjiang.send(later, sequence=sequences[1])

    confirm(jinjiang, batch)

    assert held() == numbers(0, 5) | numbers(20, 21) | numbers(30, 31) | {"new"}


def test_the_whole_file_sent_again_makes_the_question_void(jinjiang):
    """WD-2."""
    jinjiang.send(many(40))
    batch = jinjiang.send(many(5), mode="full", sequence=1)

    whole = jinjiang.send(many(40), mode="full", sequence=2)

    told = again(jinjiang, batch)
    assert (told["withdrawal"], told["note"]) == ("overtaken", "")
    assert (whole["withdrawal"], whole["counts"]["deleted"]) == ("", 0)
    assert confirm(jinjiang, batch).status_code == 409
    assert held() == numbers(0, 40)


def test_a_later_file_that_lacks_as_much_asks_anew(jinjiang):
    """WD-2: the first question is void, the second is asked of the second file."""
    jinjiang.send(many(40))
    first = jinjiang.send(many(5), mode="full")
    second = jinjiang.send(many(6), mode="full")

    assert (again(jinjiang, first)["withdrawal"], second["withdrawal"]) == ("overtaken", "asked")
    confirm(jinjiang, second)
    assert held() == numbers(0, 6)


def test_a_full_file_of_before_that_comes_late_answers_nothing(jinjiang):
    """WD-2."""
    jinjiang.send(many(40), sequence=1)
    batch = jinjiang.send(many(5), mode="full", sequence=5)
    jinjiang.send(many(40), mode="full", sequence=4)

    assert again(jinjiang, batch)["withdrawal"] == "asked"


def test_a_file_that_waits_stands_for_the_records_it_held_only(jinjiang):
    """WD-1: an older change of a record it held is outdated; of one it lacked, it is taken in."""
    jinjiang.send(many(40), sequence=1)
    batch = jinjiang.send(many(5), mode="full", sequence=9)

    jinjiang.change(
        upsert("N000001", 8, cnmarc("N000001", "旧版")),
        upsert("N000030", 8, cnmarc("N000030", "新版")),
    )

    titles = dict(SourceRecord.objects.values_list("source_key", "manifestation__title"))
    assert (titles["N000001"] == "旧版", titles["N000030"]) == (False, "新版")
    confirm(jinjiang, batch)
    late = jinjiang.change(upsert("N000035", 8, cnmarc("N000035", "迟到")))
    assert late["counts"]["outdated"] == 1


def test_nobody_answers_for_another_member(jinjiang, world, client):
    jinjiang.send(many(40))
    batch = jinjiang.send(many(5), mode="full")
    other = Changer(world, "ZY")
    client.force_login(world.librarian("ZY"))
    place = reverse("members:withdraw", args=[Batch.objects.get(mode="full").pk])

    assert confirm(other, batch).status_code == 404
    assert client.post(place).status_code == 404
    assert held() == numbers(0, 40)


def test_a_librarian_of_the_member_confirms_on_its_page(jinjiang, world, client):
    """WD-2."""
    jinjiang.send(many(40))
    jinjiang.send(many(5), mode="full")
    batch = Batch.objects.get(mode="full")
    librarian = world.librarian("JJ")
    client.force_login(librarian)
    page = reverse("members:member", args=["JJ"])
    place = reverse("members:withdraw", args=[batch.pk])

    shown = client.get(page).content.decode()
    assert place in shown
    assert "尚未撤回任何记录" in shown
    assert "撤回 35 条记录" in shown

    answer = client.post(place, follow=True).content.decode()
    work()

    assert "正在撤回" in answer
    assert held() == numbers(0, 5)
    assert place not in client.get(page).content.decode()
    batch.refresh_from_db()
    assert batch.confirmed_by == librarian
    told = client.get(reverse("admin:catalog_batch_change", args=[batch.pk])).content.decode()
    assert "确认撤回" in told
    assert "答复过" in client.post(place, follow=True).content.decode()
