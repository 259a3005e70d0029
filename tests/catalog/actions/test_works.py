"""Works of the catalogue: what a reader sees as one book, whoever sent what first."""

from itertools import permutations

import pytest

from catalog.models import Change, Manifestation, SourceRecord, Work, WorkKey
from tests.catalog.files import cnmarc
from tests.catalog.translations import translated, works

pytestmark = pytest.mark.django_db


RED = {
    "a": translated("a", "红与黑", "司汤达", name="Stendhal", year=1988),
    "b": translated("b", "红与黑", "斯丹达尔", name="Stendhal", nation="法", year=1993),
    "c": cnmarc("c", "红与黑", "斯丹达尔", year=2001),
    "d": translated("d", "红与黑", "斯当达", nation="法", life="1783-1842", name="Stendhal"),
    "e": translated("e", "红与黑", "张三", name="Zhang, San", year=2010),
}


def test_all_translations_of_a_novel_are_one_card(jinjiang):
    """MA-18: the author is written in three ways, and one record says nothing about it."""
    jinjiang.send(b"".join(RED.values()))

    assert works() == {frozenset("abcd"), frozenset("e")}
    assert WorkKey.objects.exists()


@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
def test_translations_meet_in_any_order_of_arrival(jinjiang, order):
    """MA-18."""
    for number in order:
        jinjiang.send(RED[number])

    assert works() == {frozenset("abc")}
    living = Work.objects.filter(manifestations__isnull=False).distinct()
    assert [work.pk for work in living] == [Work.objects.order_by("pk").first().pk]
    for work in Work.objects.exclude(pk=living[0].pk):
        assert work.absorbed_by == living[0]


def test_the_reader_finds_the_work_under_the_id_it_had(jinjiang, client):
    """MA-18: an absorbed work redirects, and comes back when the evidence goes."""
    jinjiang.send(cnmarc("c", "红与黑", "斯丹达尔", year=2001))
    jinjiang.send(RED["a"])
    first, second = Work.objects.order_by("pk")
    jinjiang.send(RED["b"])
    assert works() == {frozenset("abc")}
    page = jinjiang.get(f"records/{second.public_id}/").json()
    assert page["id"] == first.public_id

    jinjiang.send(translated("b", "红与黑", "斯丹达尔", nation="法", year=1993))

    assert works() == {frozenset("a"), frozenset("bc")}
    second.refresh_from_db()
    assert second.absorbed_by is None
    assert jinjiang.get(f"records/{second.public_id}/").json()["id"] == second.public_id


def test_two_translated_titles_are_one_work(jinjiang):
    """MA-19."""
    jinjiang.send(translated("a", "彼得·潘", "巴里", name="Barrie, J. M.", original="Peter Pan"))
    jinjiang.send(cnmarc("c", "小飞侠", "贝瑞", year=2001))
    jinjiang.send(translated("b", "小飞侠", "贝瑞", name="Barrie, James", original="Peter Pan"))
    jinjiang.send(cnmarc("d", "彼得·潘", "巴里", year=2011))

    assert works() == {frozenset("abcd")}


def test_two_namesakes_are_two_works_and_a_plain_record_goes_with_one(jinjiang):
    """MA-20."""
    jinjiang.send(cnmarc("c", "经济学", "史密斯", year=2001))
    jinjiang.send(translated("a", "经济学", "史密斯", name="Smith, Adam", year=1990))
    assert works() == {frozenset("ac")}
    jinjiang.send(translated("b", "经济学", "史密斯", name="Smith, John", year=1995))
    assert works() == {frozenset("ac"), frozenset("b")}
    before = dict(Manifestation.objects.values_list("pk", "work_id"))

    jinjiang.send(cnmarc("d", "经济学", "史密斯", year=2015))

    assert works() == {frozenset("acd"), frozenset("b")}
    assert before.items() <= dict(Manifestation.objects.values_list("pk", "work_id")).items()


def test_a_withdrawn_translation_takes_its_evidence_with_it(jinjiang):
    """MA-18."""
    for number in "abc":
        jinjiang.send(RED[number])
    jinjiang.send(RED["a"] + RED["c"], mode="full")

    assert works() == {frozenset("a"), frozenset("c")}


def test_only_works_that_changed_are_told_to_the_feed(jinjiang):
    """MA-18: the other books of the title stay as they are."""
    jinjiang.send(translated("e", "红与黑", "张三", name="Zhang, San", original="Red"))
    jinjiang.send(RED["a"])
    told = set(Change.objects.values_list("pk", flat=True))
    jinjiang.send(RED["b"])

    changes = Change.objects.exclude(pk__in=told).values_list("work_id", flat=True)
    other = SourceRecord.objects.get(source_key="e").manifestation.work_id
    assert other not in set(changes)
