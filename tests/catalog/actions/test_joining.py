"""Records of several members in one catalogue: who joins whom, whose id stays, what copies do."""

from itertools import permutations

import pytest

from catalog.domain.items import ItemStatus
from catalog.domain.marc.write import write_iso2709
from catalog.models import Item, Manifestation, MatchEvidence, SourceRecord, Work
from tests.catalog import files
from tests.catalog.files import cnmarc, marc21
from tests.catalog.members import Sender, clusters

pytestmark = pytest.mark.django_db

SHE_DIAO = {"publisher": "广州出版社", "year": 2002, "pages": 380}


# --- matching across members ---------------------------------------------------------------------


def test_two_members_records_of_one_book_meet_with_evidence(jinjiang, ziyang):
    jinjiang.send(cnmarc("a", "射雕英雄传", "金庸", items=[("B1", "JJ-MAIN", "I1")], **SHE_DIAO))
    work = Work.objects.get()

    batch = ziyang.send(
        marc21(
            "b", "She diao ying xiong zhuan", "Jin, Yong", year=2002, pages=380,
            publisher="Guangzhou chu ban she", han=("射鵰英雄傳", "金庸", "廣州出版社"),
            items=[("B1", "ZY-MAIN", "I2")],
        )
    )  # fmt: skip

    assert batch["counts"]["merged"] == 1
    assert clusters() == {frozenset({("JJ", "a"), ("ZY", "b")})}
    page = ziyang.get(f"records/{work.public_id}/").json()
    (edition,) = page["editions"]
    assert {source["agency"] for source in edition["sources"]} == {"JJ", "ZY"}
    fields = {row["field"]: row["verdict"] for row in edition["evidence"][0]["fields"]}
    assert fields["title"] == fields["author"] == "agree"
    assert [place["branch"] for place in edition["availability"]] == ["JJ-MAIN", "ZY-MAIN"]


def test_twins_inside_one_file_meet_too(jinjiang):
    book = {"isbn": "7-5063-0365-4", "year": 2012, "publisher": "作家出版社"}
    jinjiang.send(cnmarc("a", "活着", "余华", **book) + cnmarc("b", "活著", "余华", **book))
    assert clusters() == {frozenset({("JJ", "a"), ("JJ", "b")})}
    assert MatchEvidence.objects.count() == 1


def test_volumes_stay_apart_and_share_a_work(jinjiang):
    jinjiang.send(
        cnmarc("a", "数学分析", "陈纪修", volume="上册", publisher="高教", year=2004)
        + cnmarc("b", "数学分析", "陈纪修", volume="下册", publisher="高教", year=2004)
    )
    assert Manifestation.objects.count() == 2
    assert Work.objects.count() == 1


def test_the_oldest_public_id_survives_and_the_absorbed_redirects(jinjiang, ziyang):
    """MA-13: a record that fits two editions joins them; every old address still leads there."""
    isbn = "978-7-5063-0365-1"
    jinjiang.send(cnmarc("a", "林间小路的故事", "林小路", isbn=isbn))
    ziyang.send(cnmarc("b", "林间小路的故事"))
    old, young = (SourceRecord.objects.get(source_key=k).manifestation for k in "ab")
    assert old.pk < young.pk

    ziyang.send(cnmarc("b", "林间小路的故事", "林小路", isbn=isbn))

    young.refresh_from_db()
    assert young.absorbed_by_id == old.pk
    assert jinjiang.get(f"records/{young.public_id}/").json()["chosen"] == old.public_id
    assert SourceRecord.objects.get(source_key="b").manifestation_id == old.pk


def test_a_correction_takes_a_record_out_of_a_cluster(jinjiang, ziyang):
    """MA-13."""
    jinjiang.send(cnmarc("a", "射雕英雄传", "金庸", **SHE_DIAO))
    ziyang.send(cnmarc("b", "射鵰英雄傳", "金庸", **SHE_DIAO))
    assert len(clusters()) == 1
    kept = SourceRecord.objects.get(source_key="a").manifestation_id

    ziyang.send(cnmarc("b", "神雕侠侣", "金庸", **SHE_DIAO))

    assert len(clusters()) == 2
    assert SourceRecord.objects.get(source_key="a").manifestation_id == kept
    assert MatchEvidence.objects.count() == 0
    assert Manifestation.objects.get(pk=kept).source_count == 1


def test_a_withdrawn_record_leaves_the_union_to_the_others(jinjiang, ziyang):
    jinjiang.send(cnmarc("a", "射雕英雄传", "金庸", **SHE_DIAO))
    ziyang.send(cnmarc("b", "射鵰英雄傳", "金庸", **SHE_DIAO))

    jinjiang.send(cnmarc("a", "射雕英雄传", "金庸", status="d", **SHE_DIAO))

    union = SourceRecord.objects.get(source_key="b").manifestation
    assert union.deleted_at is None
    assert union.title == "射鵰英雄傳"
    assert union.source_count == 1


BRIDGE = (
    ("JJ", "both", ["978-7-5063-0365-1", "978-7-5339-1845-3"]),
    ("ZY", "one", ["978-7-5063-0365-1"]),
    ("CD", "other", ["978-7-5339-1845-3"]),
    ("MY", "again", ["978-7-5339-1845-3"]),
)


def _bridge(key, isbns):
    fields = files.cnmarc_fields(key, "林间小路的故事", "林小路", publisher="作家出版社", year=2001)
    extra = [("010", "  ", [("a", isbn)]) for isbn in isbns]
    return write_iso2709([fields[0], *extra, *fields[1:]], format=files.CNMARC)


JOINED = {
    frozenset({("CD", "other"), ("MY", "again"), ("JJ", "both")}),
    frozenset({("ZY", "one")}),
}


@pytest.mark.parametrize("order", list(permutations(BRIDGE))[::3])
def test_the_order_of_arrival_does_not_change_the_clusters(world, order):
    """MA-11: one record fits two groups that exclude each other."""
    senders = {agency: Sender(world, agency) for agency in world.agencies}
    for agency, key, isbns in order:
        senders[agency].send(_bridge(key, isbns))
    assert clusters() == JOINED

    # Corrected to one book and back again, in another order, they part as before.
    for agency, key, _isbns in reversed(order):
        senders[agency].send(_bridge(key, ["7-5013-2982-6"]))
    assert len(clusters()) == 1
    for agency, key, isbns in order:
        senders[agency].send(_bridge(key, isbns))
    assert clusters() == JOINED
    living = Manifestation.objects.filter(deleted_at=None, absorbed_by=None)
    assert sorted(living.values_list("source_count", flat=True)) == [1, 3]


# --- copies --------------------------------------------------------------------------------------


def test_a_copy_seen_again_is_described_anew_but_stays_where_it_is(world, jinjiang):
    jinjiang.send(cnmarc("x", "活着", items=[("B1", "JJ-MAIN", "I247/1")]))
    Item.objects.update(status=ItemStatus.ON_LOAN, current_branch=world.branches["ZY-MAIN"])

    batch = jinjiang.send(cnmarc("x", "活着", items=[("B1", "JJ-ROOM", "I247/2")]))

    item = Item.objects.get()
    assert batch["counts"]["items_updated"] == 1
    assert item.call_number == "I247/2"
    assert (item.status, item.current_branch.code) == ("on_loan", "ZY-MAIN")
    assert item.home_branch.code == "JJ-MAIN"


def test_an_unknown_branch_code_falls_back_to_the_main_building_and_is_said(jinjiang):
    batch = jinjiang.send(
        cnmarc("x", "活着", items=[("B1", "总库", "I247/1"), ("B2", "总库", "I247/1")])
    )

    assert set(Item.objects.values_list("home_branch__code", flat=True)) == {"JJ-MAIN"}
    assert [reject["code"] for reject in jinjiang.rejects(batch)] == ["copy_at_unknown_branch"]
    assert batch["counts"]["quarantined"] == 0


def test_a_branch_may_be_named_by_its_name(jinjiang):
    jinjiang.send(cnmarc("x", "活着", items=[("B1", "春熙路阅读空间", "I247/1")]))
    assert Item.objects.get().home_branch.code == "JJ-ROOM"
