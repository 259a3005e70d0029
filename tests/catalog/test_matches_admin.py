"""The librarians' pages for duplicates: the queue, both records side by side, and the buttons."""

import pytest
from django.urls import reverse

from catalog.models import MatchDecision, MatchQuestion, SourceRecord, Work, WorkDecision
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender, clusters

pytestmark = pytest.mark.django_db

QUEUE = "admin:catalog_matchquestion_changelist"
ISBN = "9787506365437"


@pytest.fixture
def question(world):
    Sender(world, "JJ").send(
        cnmarc("q", "资治通鉴", "司马光", isbn=ISBN, volume="第1卷", publisher="中华书局")
    )
    Sender(world, "ZY").send(cnmarc("q", "資治通鑒", "司马光", isbn=ISBN, publisher="中华书局"))
    return MatchQuestion.objects.get()


def page_of(question):
    return reverse("admin:catalog_matchquestion_change", args=[question.pk])


def test_a_question_shows_both_records_and_what_does_not_agree(world, client, question):
    client.force_login(world.librarian("JJ"))
    assert client.get(reverse(QUEUE)).context["cl"].result_count == 1

    page = client.get(page_of(question)).content.decode()

    for shown in ("资治通鉴", "資治通鑒", "第1卷", 'class="missing"'):
        assert shown in page


def test_one_press_joins_and_the_queue_is_empty(world, client, question):
    librarian = world.librarian("JJ")
    client.force_login(librarian)

    answer = client.post(page_of(question), {"join": "1", "reason": "馆藏核对"})

    assert answer.status_code == 302
    assert len(clusters()) == 1
    decision = MatchDecision.objects.get()
    assert (decision.decided_by, decision.reason) == (librarian, "馆藏核对")
    assert client.get(reverse(QUEUE)).context["cl"].result_count == 0


def test_the_other_press_keeps_apart_and_can_be_taken_back(world, client, question):
    client.force_login(world.librarian("ZY"))
    client.post(page_of(question), {"apart": "1"})
    decision = MatchDecision.objects.get(kind="different")

    client.post(
        reverse("admin:catalog_matchdecision_changelist"),
        {"action": "undo", "_selected_action": [decision.pk]},
    )

    decision.refresh_from_db()
    assert decision.undone_by is not None
    assert client.get(reverse(QUEUE)).context["cl"].result_count == 1


def test_a_stranger_to_both_records_sees_no_question(world, client, question):
    client.force_login(world.librarian("MY"))
    assert client.get(reverse(QUEUE)).context["cl"].result_count == 0
    assert client.post(page_of(question), {"join": "1"}).status_code == 404
    assert not MatchDecision.objects.exists()


def test_a_record_is_taken_out_of_its_cluster(world, client):
    for code in ("JJ", "ZY"):
        Sender(world, code).send(cnmarc("x", "活着", "余华", publisher="作家出版社", year=2012))
    client.force_login(world.librarian("ZY"))
    mine = SourceRecord.objects.get(agency__code="ZY")
    page = reverse("admin:catalog_sourcerecord_change", args=[mine.pk])
    assert client.get(page).content.decode().count("活着") >= 2

    client.post(page, {"take_out": "1"})

    assert len(clusters()) == 2
    assert client.get(page).status_code == 200


# --- works (MA-21) -------------------------------------------------------------------------------


@pytest.fixture
def renamed(world):
    """The page of a record whose publisher was renamed, and the edition under the other name."""
    Sender(world, "JJ").send(cnmarc("a", "地方志年鉴", "省地方志编纂委员会", year=1998))
    Sender(world, "ZY").send(cnmarc("b", "地方志年鉴", "省地方志工作办公室", year=2019))
    mine, other = SourceRecord.objects.order_by("pk")
    page = reverse("admin:catalog_sourcerecord_change", args=[mine.pk])
    return page, other.manifestation


def test_a_librarian_names_the_other_work_and_both_show_on_one_card(world, client, renamed):
    page, other = renamed
    client.force_login(world.librarian("JJ"))

    client.post(page, {"join_works": "1", "other": other.public_id, "work_reason": "更名"})

    decision = WorkDecision.objects.get()
    assert (decision.kind, decision.reason) == ("same", "更名")
    assert Work.objects.filter(manifestations__isnull=False).distinct().count() == 1
    assert "省地方志工作办公室" in client.get(page).content.decode()


def test_the_edition_is_taken_off_the_card_and_the_word_taken_back(world, client, renamed):
    page, other = renamed
    client.force_login(world.librarian("JJ"))
    address = f"https://example.org/records/{other.work.public_id}/"
    client.post(page, {"join_works": "1", "other": address})
    client.post(page, {"take_out_of_work": "1"})
    parted = WorkDecision.objects.get(kind="different")
    assert Work.objects.filter(manifestations__isnull=False).distinct().count() == 2

    client.post(
        reverse("admin:catalog_workdecision_changelist"),
        {"action": "undo", "_selected_action": [parted.pk]},
    )

    parted.refresh_from_db()
    assert parted.undone_by is not None


def test_two_namesakes_are_parted_and_later_editions_keep_to_one_of_them(world, client):
    Sender(world, "JJ").send(cnmarc("a", "诗选", "王伟", year=1990))
    Sender(world, "ZY").send(cnmarc("b", "诗选", "王伟", year=2003))
    mine, other = SourceRecord.objects.order_by("pk")
    page = reverse("admin:catalog_sourcerecord_change", args=[mine.pk])
    client.force_login(world.librarian("JJ"))

    client.post(page, {"part_works": "1", "other": other.manifestation.public_id})
    Sender(world, "ZY").send(cnmarc("c", "诗选", "王伟", year=2015))

    assert WorkDecision.objects.get().kind == "different"
    assert Work.objects.filter(manifestations__isnull=False).distinct().count() == 2


def test_a_number_nobody_has_is_told_in_words(world, client, renamed):
    page, _ = renamed
    client.force_login(world.librarian("JJ"))
    for typed in ("m999999", "红与黑", ""):
        answer = client.post(page, {"join_works": "1", "other": typed})
        assert answer.status_code == 200
        assert not WorkDecision.objects.exists()
    assert "没有编号为" in answer.content.decode()
