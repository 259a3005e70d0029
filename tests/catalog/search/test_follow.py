"""What commits in the database appears in the index and on the search page."""

import os
import threading
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from catalog.domain.items import ItemStatus
from catalog.domain.query import Filters, parse_box
from catalog.models import Change, ChangeKind, FeedHead, Item, Manifestation, Work
from catalog.models.feed import note_changes, number_changes
from catalog.readers import search_works
from catalog.search import follow
from catalog.search.documents import load_documents
from catalog.search.follow import CHUNK, Follower, follow_once, follow_until, rebuild
from catalog.search.index import SearchIndex, shared_index
from catalog.search.query import search
from library_net.jobs.models import JobRun, JobState
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    index = shared_index(settings.SEARCH_INDEX_PATH)
    yield index
    index.close()


def note(*work_ids: int, kind: str = ChangeKind.RECORD) -> None:
    note_changes(work_ids=work_ids, kind=kind, now=NOW)


def start_import() -> JobRun:
    return JobRun.objects.create(
        task="catalog.ingest", state=JobState.RUNNING, created_at=timezone.now()
    )


def total(index: SearchIndex, typed: str) -> int:
    return search(index, parse_box(typed)).total


def on_shelf(index: SearchIndex, typed: str) -> int:
    return search(index, parse_box(typed, filters=Filters(is_available=True))).total


def lend(copy: Item) -> None:
    Item.objects.filter(pk=copy.pk).update(status=ItemStatus.ON_LOAN)
    note(copy.source_record.manifestation.work_id, kind=ChangeKind.AVAILABILITY)


def lend_and_close(copy: Item) -> None:
    lend(copy)
    connection.close()


def test_the_first_look_builds_the_index_from_the_works_there_are(world, index):
    world.item("三体", call_number="I247.55/2", barcode="B-0003")
    follow_once(index)
    assert [total(index, typed) for typed in ("三体", "santi", "B-0003", "I247.55")] == [1] * 4


def test_books_are_found_as_books_though_their_records_leave_it_unsaid(world, index):
    book, _disc = world.record("三体"), world.record("三体全集", material="audio")
    assert "material" not in book.neutral
    follow_once(index)
    found = search(index, parse_box("三体"))
    assert {one.value: one.count for one in found.facets["material"]} == {"book": 1, "audio": 1}
    books = search(index, parse_box("三体", filters=Filters(materials=frozenset({"book"}))))
    assert [hit.work_id for hit in books.hits] == [book.manifestation.work_id]


def test_a_change_is_followed_and_not_followed_twice(world, index):
    follow_once(index)
    item = world.item("三体")
    assert follow_once(index) == 0  # nobody noted a change
    work = item.source_record.manifestation.work
    note(work.pk)
    note(work.pk, kind=ChangeKind.AVAILABILITY)
    assert follow_once(index) == 2
    assert follow_once(index) == 0
    assert total(index, "三体") == 1


def test_a_work_without_editions_leaves_the_index(world, index):
    work = world.item("三体").source_record.manifestation.work
    follow_once(index)
    Manifestation.objects.filter(work=work).update(deleted_at=NOW)
    note(work.pk, kind=ChangeKind.DELETED)
    follow_once(index)
    assert total(index, "三体") == 0


def test_an_absorbed_work_leaves_the_index(world, index):
    kept, absorbed = (world.item("三体").source_record.manifestation.work for _ in range(2))
    follow_once(index)
    Manifestation.objects.filter(work=absorbed).update(work=kept)
    Work.objects.filter(pk=absorbed.pk).update(absorbed_by=kept)
    note(kept.pk, absorbed.pk)
    follow_once(index)
    assert total(index, "三体") == 1


def test_the_follower_reads_in_chunks_and_reaches_the_head(world, index):
    follow_once(index)
    works = [world.item(f"甲{n}").source_record.manifestation.work.pk for n in range(5)]
    note(*works)
    assert [follow_once(index, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert index.count() == 5


def test_a_chunk_costs_the_same_queries_however_large(world, index, django_assert_max_num_queries):
    follow_once(index)
    note(*(world.item(f"甲{n}").source_record.manifestation.work.pk for n in range(30)))
    number_changes()
    start_import()  # whose next portion these few do not wait for
    with django_assert_max_num_queries(11):
        assert follow_once(index, limit=CHUNK) == 30


@pytest.mark.django_db(transaction=True)
def test_portions_of_an_import_are_committed_together(index):
    follow_once(index)
    job = start_import()

    def go_on() -> None:
        note(*range(1, 101))
        time.sleep(1.0)  # the follower looks four times meanwhile
        job.finish(now=timezone.now())
        connection.close()

    note(*range(101, 701))
    importing = threading.Timer(0.3, go_on)
    importing.start()
    assert follow_once(index) == 700
    importing.join()
    note(*range(1, 601))
    assert follow_once(index) == 600  # nothing imports, so nothing is waited for


@pytest.mark.django_db(transaction=True)
def test_a_loan_ends_the_wait_for_an_imports_next_portion(index):
    copy = World.build().item("三体")
    follow_once(index)
    start_import()
    note(*range(100_001, 100_701))
    lending = threading.Timer(0.5, lend_and_close, args=(copy,))
    lending.start()
    begun = time.monotonic()
    follow_once(index)
    assert time.monotonic() - begun < follow.BULK_S / 2
    assert on_shelf(index, "三体") == 0
    lending.join()


@pytest.mark.django_db(transaction=True)
def test_a_follower_that_is_told_to_stop_waits_for_no_import(index):
    follow_once(index)
    start_import()
    note(*range(101, 801))
    stopping = threading.Event()
    threading.Timer(0.5, stopping.set).start()
    begun = time.monotonic()
    assert Follower(index, stopping=stopping).once() == 700
    assert time.monotonic() - begun < follow.BULK_S / 2


def test_a_loan_far_behind_in_the_feed_is_seen_after_one_chunk(world, index, monkeypatch):
    monkeypatch.setattr(follow, "CHUNK", 10)
    copy = world.item("三体")
    follower = Follower(index)
    follower.once()
    note(*range(100_001, 100_061))
    lend(copy)
    assert follower.once() == 10
    assert on_shelf(index, "三体") == 0
    assert follower.once() == 51  # the loan's turn comes too, and ends nothing a second time
    assert [on_shelf(index, "三体"), total(index, "三体")] == [0, 1]


def test_a_list_of_copies_is_no_reason_to_commit_after_each_chunk(world, index, monkeypatch):
    monkeypatch.setattr(follow, "CHUNK", 10)
    monkeypatch.setattr(follow, "FEW", 5)
    monkeypatch.setattr(follow, "COMMIT_S", 30.0)
    follower = Follower(index)
    follower.once()
    note(*range(100_001, 100_061), kind=ChangeKind.AVAILABILITY)
    assert follower.once() == 60


def test_a_loan_is_written_ahead_again_when_the_first_time_failed(world, index, monkeypatch):
    monkeypatch.setattr(follow, "CHUNK", 10)
    copy = world.item("三体")
    follower = Follower(index)
    follower.once()
    note(*range(100_001, 100_061))
    lend(copy)
    right = Manifestation.objects.get().record
    Manifestation.objects.update(record={"titles": [{}]})
    with pytest.raises(ValueError, match="text"):
        follower.once()
    Manifestation.objects.update(record=right)
    assert follower.once() == 10
    assert on_shelf(index, "三体") == 0


def test_an_index_of_another_database_is_built_anew(world, index):
    with index.rebuild(feed="another", cursor=0) as builder:
        builder.add([])
    world.item("三体")
    follow_once(index)
    assert total(index, "三体") == 1


def test_a_feed_that_was_cut_short_makes_the_index_anew(world, index):
    follow_once(index)
    first = world.item("三体").source_record.manifestation.work
    second = world.item("流浪地球").source_record.manifestation.work
    note(first.pk)
    number_changes()
    Change.objects.all().delete()
    note(second.pk)
    follow_once(index)
    assert [total(index, "三体"), total(index, "流浪地球")] == [1, 1]
    assert index.state().cursor == FeedHead.objects.get().position


def test_a_rebuild_tells_how_far_it_is(world, index):
    for n in range(3):
        world.item(f"甲{n}")
    steps = []
    assert rebuild(index, progress=lambda done, whole: steps.append((done, whole))) == 3
    assert steps == [(3, 3)]


def test_readers_are_told_how_far_the_first_index_is(world, index):
    for n in range(3):
        world.item(f"甲{n}")
    assert search_works(typed="甲").building is None  # nobody builds one
    told = []
    with index.rebuild(feed="test", cursor=0) as builder:
        builder.add(load_documents(Work.objects.values_list("pk", flat=True)[:2]))
        builder.note_progress(total=3)
        page = search_works(typed="甲")
        told.append((page.is_ready, page.building.done, page.building.total))
    assert told == [(False, 2, 3)]
    assert search_works(typed="甲").building is None
    assert index.building() is None


def test_the_progress_of_a_builder_that_was_killed_is_not_told_for_ever(index):
    with pytest.raises(KeyboardInterrupt), index.rebuild(feed="test", cursor=0) as builder:
        builder.note_progress(total=9)
        file = next(index.path.glob("g*/progress.json"))
        assert index.building().total == 9
        os.utime(file, (0, 0))
        assert index.building() is None
        raise KeyboardInterrupt


def test_the_command_catches_up_and_rebuilds(world, index, capsys):
    world.item("三体")
    call_command("follow_index", "--once")
    assert total(index, "三体") == 1
    call_command("follow_index", "--rebuild")
    assert total(index, "三体") == 1


def test_a_card_shows_editions_and_where_copies_are(world, index):
    record = world.record("射雕英雄传", year=1994, publisher="三联书店")
    Work.objects.update(author="金庸")
    Manifestation.objects.update(year=1994, publisher="三联书店")
    world.item(record, at="JJ-MAIN")
    world.item(record, at="ZY-MAIN", owner="JJ")
    world.item(record, at="ZY-MAIN", status=ItemStatus.ON_LOAN)
    world.item(record, at="ZY-MAIN", status=ItemStatus.LOST)
    follow_once(index)
    page = search_works(typed="sdyxz")
    card = page.cards[0]
    assert (page.total, page.pages) == (1, 1)
    assert (card.title, card.author, card.publisher, card.year) == (
        "射雕英雄传", "金庸", "三联书店", 1994,
    )  # fmt: skip
    places = [(p.branch.code, p.available, p.total) for p in card.availability]
    assert places == [("JJ-MAIN", 1, 1), ("ZY-MAIN", 1, 2)]
    assert [run.text for run in card.highlight if run.is_match] == ["射雕英雄传"]
    assert {choice.name for choice in page.facets["available_at"]} == {
        "锦江区图书馆总馆",
        "资阳市图书馆总馆",
    }


def test_availability_is_what_the_database_says_now(world, index):
    world.item("三体")
    follow_once(index)
    Item.objects.update(status=ItemStatus.ON_LOAN)  # and the follower has not looked yet
    assert search_works(typed="三体").cards[0].available == 0


def test_a_work_withdrawn_since_is_not_shown(world, index):
    world.item("三体")
    follow_once(index)
    Manifestation.objects.update(deleted_at=NOW + timedelta(seconds=1))
    assert search_works(typed="三体").cards == ()


def test_the_page_costs_the_same_queries_however_many_works(
    world, index, django_assert_max_num_queries
):
    for n in range(20):
        world.item(f"长江{n}")
    follow_once(index)
    with django_assert_max_num_queries(3):
        page = search_works(typed="长江", filters=Filters(is_available=True))
    assert len(page.cards) == 20


def test_before_the_first_index_the_page_says_so(index):
    with_nothing = search_works(typed="三体")
    assert not with_nothing.is_ready


@pytest.mark.django_db(transaction=True)
def test_the_followers_thread_sees_a_commit_and_stops_when_told(index):
    stopping = threading.Event()
    thread = threading.Thread(
        target=follow_until, args=(stopping,), kwargs={"index_path": index.path, "interval_s": 0.1}
    )
    thread.start()
    try:
        note(World.build().item("三体").source_record.manifestation.work_id)
        deadline = time.monotonic() + 20
        while total(index, "三体") == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert total(index, "三体") == 1
    finally:
        stopping.set()
        thread.join(20)
    assert not thread.is_alive()
