"""Finding a book, and the page of one work."""

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import MatchEvidence
from catalog.search.index import shared_index
from tests.portal.conftest import lend, text_of

SEARCH = "/search"


def work_url(item):
    return f"/works/w{item.source_record.manifestation.work_id}"


def test_one_card_a_work_says_in_words_how_many_copies_are_where(world, client, index):
    record = world.record("三体")
    world.item(record, at="JJ-MAIN")
    world.item(record, at="ZY-MAIN")
    lend(world, world.item("活着"))
    index()

    words = text_of(client.get(SEARCH, {"q": "三体"}))
    lent = text_of(client.get(SEARCH, {"q": "活着"}))

    assert "1 种书" in words
    assert "在架 2 册 · 锦江区图书馆总馆及另外 1 处" in words
    assert "目前全部借出或在途" in lent


def test_on_a_shelf_now_and_a_city_narrow_the_search(world, client, index):
    lend(world, world.item("三体", at="ZY-MAIN"))
    world.item("三体前传", at="ZY-MAIN")
    world.item("三体外传", at="JJ-MAIN")
    index()

    answer = client.get(SEARCH, {"q": "三体", "available": "1", "city": "ZY"})

    words = text_of(answer)
    assert "三体前传" in words
    assert "三体外传" not in words
    assert "1 种书" in words
    # Each choice is a link that takes it away again.
    assert 'href="?q=%E4%B8%89%E4%BD%93&amp;city=ZY"' in answer.content.decode()


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("title", ["长江第二卷", "长江第十卷", "长江谣", "重庆与长江"]),  # cháng before chóng
        ("call_number", ["长江谣", "重庆与长江", "长江第十卷", "长江第二卷"]),
        ("nonsense", None),
    ],
)
def test_results_stand_in_the_order_a_reader_chose(world, client, index, sort, titles):
    for title, call in (
        ("重庆与长江", "I247.5/2"),
        ("长江谣", "I210.97/1"),
        ("长江第十卷", "I247.5/12"),  # a book number counts as a number: after 2
        ("长江第二卷", "I247.57/1"),
    ):
        world.item(title, call_number=call)
    index()

    answer = client.get(SEARCH, {"q": "长江", "sort": sort})

    shown = [card["title"] for card in answer.context["results"]["cards"]]
    assert sorted(shown) == sorted(["重庆与长江", "长江谣", "长江第十卷", "长江第二卷"])
    if titles:
        assert shown == titles
        assert f'href="?q=%E9%95%BF%E6%B1%9F&amp;sort={sort}"' in answer.content.decode()
    # Each order keeps what was asked and goes back to the first page.
    assert "按书名拼音" in text_of(answer)
    assert "按索书号" in text_of(answer)


def test_finding_nothing_says_the_next_step(world, client, index):
    index()

    words = text_of(client.get(SEARCH, {"q": "没有这本书", "language": "chi"}))

    assert "各馆都没有找到" in words
    assert "去掉筛选条件再找一次" in words


@pytest.mark.parametrize(
    "query", ["", '"', "-", "(((", "a:b", "%00", "'; drop table", "🐉", "x" * 5000]
)
def test_whatever_is_typed_there_is_a_page(world, client, index, query):
    world.item("三体")
    index()

    assert client.get(SEARCH, {"q": query, "page": "x", "decade": "²"}).status_code == 200


def test_before_there_is_an_index_the_page_says_so(world, client, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "none"

    assert "建立索引" in text_of(client.get(SEARCH, {"q": "三体"}))


def test_while_the_first_index_is_built_the_page_says_how_far_it_is(
    world, client, settings, tmp_path
):
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    with shared_index(settings.SEARCH_INDEX_PATH).rebuild(feed="test", cursor=0) as builder:
        builder.note_progress(total=12_000)

        words = text_of(client.get(SEARCH, {"q": "三体"}))

    assert "共 12000 种书，已完成 0 种" in words
    assert "各馆都没有找到" not in words


def test_a_search_costs_the_same_for_one_and_for_many(
    world, client, index, django_assert_max_num_queries
):
    for number in range(12):
        world.item(f"三体{number}")
    index()

    with django_assert_max_num_queries(5):
        client.get(SEARCH, {"q": "三体"})


def test_the_record_page_lists_copies_by_city_with_call_number(world, client):
    record = world.record("三体", publisher="重庆出版社")
    world.item(record, at="JJ-MAIN", call_number="I247.55/123")
    lent = world.item(record, at="ZY-MAIN", call_number="I247.55/9")
    lend(world, lent)

    words = text_of(client.get(work_url(lent)))

    assert words.index("成都") < words.index("资阳 ")
    assert "索书号 I247.55/123" in words
    assert "借出" in words or "on loan" in words


def test_the_reason_for_a_merge_can_be_opened(world, client):
    ours = world.record("三体", agency="JJ")
    theirs = world.record("三体", agency="ZY")
    theirs.manifestation = ours.manifestation
    theirs.save()
    MatchEvidence.objects.create(
        source_record=theirs,
        matched_with=ours,
        score=0.95,
        fields=[["title", "agree", 0.4, "三体", "三体"], ["year", "near", 0.1, "2008", "2009"]],
        matcher_version=1,
        decided_at=timezone.now(),
    )

    words = text_of(client.get(f"/works/w{ours.manifestation.work_id}"))

    assert "2 馆的书目记录与合并依据" in words
    assert "吻合度 95%" in words
    assert "题名 一致" in words
    assert "年份 相近" in words


def test_an_edition_and_an_absorbed_work_lead_to_the_page_that_stays(world, client):
    kept, gone = world.item("三体"), world.item("三体（另一条）")
    edition = kept.source_record.manifestation
    absorbed = gone.source_record.manifestation.work
    absorbed.absorbed_by = edition.work
    absorbed.save()

    to_edition = client.get(f"/works/m{edition.pk}")
    to_work = client.get(f"/works/w{absorbed.pk}")

    assert to_edition.headers["Location"] == f"/works/w{edition.work_id}#m{edition.pk}"
    assert (to_work.status_code, to_work.headers["Location"]) == (301, f"/works/w{edition.work_id}")


def test_a_work_nobody_holds_any_more_is_gone_not_missing(world, client):
    item = world.item("三体")
    edition = item.source_record.manifestation
    edition.deleted_at = timezone.now()
    edition.save()

    assert client.get(work_url(item)).status_code == 410
    assert client.get("/works/w999999").status_code == 404


def test_the_home_page_counts_what_is_there(world, client):
    world.item("三体")
    world.item("活着", at="ZY-MAIN")

    words = text_of(client.get(reverse("portal:home")))

    assert "2 种书" in words.replace("titles", "种书") or "种书 2" in words
    assert "成都 3 馆 · 1 册" in words
    assert "资阳 1 馆 · 1 册" in words


def test_a_misspelt_title_offers_what_was_meant(world, client, index):
    world.item("射雕英雄传")
    index()

    answer = client.get(SEARCH, {"q": "射雕英熊传"})

    assert "射雕英雄传" in text_of(answer)
    assert 'href="?q=%E5%B0%84%E9%9B%95%E8%8B%B1%E9%9B%84%E4%BC%A0"' in answer.content.decode()


def test_suggestions_name_each_title_once_and_lead_to_the_work(
    world, client, index, django_assert_max_num_queries
):
    first = world.item("射雕英雄传")
    world.item("射鵰英雄傳")  # another member's record that was not merged
    world.item("神雕侠侣")
    index()

    with django_assert_max_num_queries(1):
        answer = client.get("/suggestions", {"q": "she d"})

    found = answer.json()["suggestions"]
    assert [one["title"] for one in found] in (["射雕英雄传"], ["射鵰英雄傳"])
    assert client.get(found[0]["url"]).status_code == 200
    assert found[0]["url"] == work_url(first) or found[0]["title"] == "射鵰英雄傳"
    assert "max-age" in answer["Cache-Control"]


@pytest.mark.parametrize("typed", ["", " ", "s", '"', "😀", "x" * 5000])
def test_nothing_is_suggested_for_next_to_nothing(world, client, index, typed):
    world.item("三体")
    index()

    assert client.get("/suggestions", {"q": typed}).json() == {"suggestions": []}
