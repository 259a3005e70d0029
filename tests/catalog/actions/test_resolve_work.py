"""Librarians say what is one work; it outlives what is sent and matched later (MA-21)."""

import pytest

from catalog.actions.recluster import start_recluster
from catalog.actions.resolve_match import join_records
from catalog.actions.resolve_work import (
    join_works,
    part_works,
    take_out_of_work,
    undo_work_decision,
)
from catalog.models import Change, Manifestation, SourceRecord, Work, WorkDecision, WorkKey
from catalog.tasks import recluster
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from library_net.jobs.models import JobRun
from tests.catalog.files import cnmarc
from tests.catalog.members import now
from tests.catalog.translations import translated, works

pytestmark = pytest.mark.django_db

ALL = Scope(everywhere=True)
A_B, APART = {frozenset("ab")}, {frozenset("a"), frozenset("b")}


def record(key, code="JJ"):
    return SourceRecord.objects.get(agency__code=code, source_key=key)


def say(action, left, right, scope=ALL, **named):
    left_id, right_id = record(left).pk, record(right).pk
    return action(left_id=left_id, right_id=right_id, scope=scope, user_id=None, now=now(), **named)


def take_out(key):
    return take_out_of_work(source_id=record(key).pk, scope=ALL, user_id=None, now=now())


def undo(decision, scope=ALL):
    return undo_work_decision(decision_id=decision.pk, scope=scope, user_id=None, now=now())


def catalogue():
    """Everything a reader can see of works and editions, redirects included."""
    return {
        "editions": dict(Manifestation.objects.values_list("pk", "work_id")),
        "works": sorted(Work.objects.values_list("pk", "title", "author", "grouping_key",
                                                 "absorbed_by_id")),
        "keys": sorted(WorkKey.objects.values_list("manifestation_id", "key")),
    }  # fmt: skip


@pytest.fixture
def renamed_body(jinjiang):
    """A yearbook under the two names of the bureau that makes it."""
    jinjiang.send(cnmarc("a", "地方志年鉴", "省地方志编纂委员会", year=1998))
    jinjiang.send(cnmarc("b", "地方志年鉴", "省地方志工作办公室", year=2019))
    assert works() == APART
    return jinjiang


@pytest.fixture
def namesakes(jinjiang):
    """Poems of two people of one name, and one of neither is known."""
    for key, year in (("a", 1990), ("b", 2003), ("c", 2015)):
        jinjiang.send(cnmarc(key, "诗选", "王伟", year=year))
    assert works() == {frozenset("abc")}
    return jinjiang


def test_librarians_join_what_no_record_could_tell(renamed_body):
    before = Work.objects.order_by("pk").first()
    decision = say(join_works, "a", "b", reason="2018年机构改革更名")

    assert works() == A_B
    assert decision.reason == "2018年机构改革更名"
    assert {edition.work_id for edition in Manifestation.objects.all()} == {before.pk}
    assert Work.objects.exclude(pk=before.pk).get().absorbed_by == before


def test_undoing_a_join_of_works_restores_the_exact_state_before(renamed_body):
    before = catalogue()
    undo(say(join_works, "a", "b"))
    assert catalogue() == before
    assert WorkDecision.objects.get().undone_at is not None


def test_later_editions_go_with_the_joined_work(renamed_body):
    say(join_works, "a", "b")
    for key, body in (("c", "省地方志编纂委员会"), ("d", "省地方志工作办公室")):
        renamed_body.send(cnmarc(key, "地方志年鉴", body, year=2021))

    assert works() == {frozenset("abcd")}


def test_undoing_sorts_later_editions_to_their_own_work(renamed_body):
    decision = say(join_works, "a", "b")
    for key, body in (("c", "省地方志编纂委员会"), ("d", "省地方志工作办公室")):
        renamed_body.send(cnmarc(key, "地方志年鉴", body, year=2021))
    undo(decision)

    assert works() == {frozenset("ac"), frozenset("bd")}


def test_librarians_part_namesakes_and_later_editions_keep_to_one_side(namesakes):
    say(part_works, "b", "a", reason="同名诗人，1955年生与1978年生")
    found = works()
    assert len(found) == 2
    namesakes.send(cnmarc("d", "诗选", "王伟", year=2020))

    (with_d,) = [work for work in works() if "d" in work]
    assert with_d - {"d"} in found
    assert len(works()) == 2


def test_undoing_a_parting_restores_the_exact_state_before(namesakes):
    before = catalogue()
    undo(say(part_works, "a", "b"))
    assert works() == {frozenset("abc")}
    assert catalogue()["editions"] == before["editions"]
    assert catalogue()["keys"] == before["keys"]


def test_an_edition_is_taken_out_of_its_work_in_one_act(namesakes):
    before = catalogue()["editions"]
    decisions = take_out("b")

    assert works() == {frozenset("ac"), frozenset("b")}
    assert len(decisions) == 2
    undo(decisions[0])
    assert catalogue()["editions"] == before


def test_taking_out_goes_before_a_decision_that_joined(renamed_body):
    say(join_works, "a", "b")
    take_out("b")
    assert works() == APART


def test_a_parting_holds_against_evidence(jinjiang):
    jinjiang.send(translated("a", "红与黑", "司汤达", name="Stendhal"))
    jinjiang.send(translated("b", "红与黑", "斯丹达尔", name="Stendhal"))
    assert works() == A_B
    decision = say(part_works, "a", "b", reason="改编本")
    assert works() == APART
    undo(decision)
    assert works() == A_B


def test_decisions_outlive_changes_withdrawals_and_returns(renamed_body):
    say(join_works, "a", "b")
    renamed_body.send(cnmarc("b", "地方志年鉴（修订）", "省地方志工作办公室", year=2020))
    assert works() == A_B
    renamed_body.send(cnmarc("a", "地方志年鉴", "省地方志编纂委员会", year=1998), mode="full")
    assert works() == {frozenset("a")}
    renamed_body.send(cnmarc("b", "地方志年鉴", "省地方志工作办公室", year=2019))
    assert works() == A_B


def test_decisions_outlive_matching_anew(renamed_body):
    say(join_works, "a", "b")
    SourceRecord.objects.update(matcher_version=1)
    Manifestation.objects.filter(sources=record("b")).update(work=Work.objects.last())
    WorkKey.objects.all().delete()

    start_recluster(now=now())
    recluster(job_id=JobRun.objects.latest("pk").pk)

    assert works() == A_B


def test_an_edition_joined_with_another_keeps_the_words_on_its_records(renamed_body):
    """MA-16 and MA-21 together."""
    renamed_body.send(cnmarc("c", "地方志年鉴", "省地方志编纂委员会", year=2001))
    say(join_works, "a", "b")
    say(join_records, "a", "c")
    assert works() == {frozenset("abc")}
    assert Manifestation.objects.filter(absorbed_by=None).count() == 2


def test_a_decision_that_contradicts_others_is_refused(namesakes):
    say(part_works, "a", "b")
    say(join_works, "a", "c")
    before = catalogue()
    with pytest.raises(LibraryError) as refused:
        say(join_works, "b", "c")
    assert refused.value.code == "match_contradicts_decision"
    assert catalogue() == before
    with pytest.raises(LibraryError) as refused:
        say(join_works, "b", "a")
    assert refused.value.code == "match_decided_otherwise"


def test_only_who_holds_one_of_the_records_decides(renamed_body, world):
    mine, strangers = (
        Scope(agency_ids=frozenset({world.agencies[code].pk})) for code in ("JJ", "MY")
    )
    with pytest.raises(LibraryError) as refused:
        say(join_works, "a", "b", scope=strangers)
    assert refused.value.code == "outside_your_agency"
    decision = say(join_works, "a", "b", scope=mine)
    with pytest.raises(LibraryError):
        undo(decision, scope=strangers)
    assert works() == A_B


def test_the_feed_is_told_of_both_works(renamed_body):
    first, second = Work.objects.order_by("pk")
    told = set(Change.objects.values_list("pk", flat=True))
    say(join_works, "a", "b")
    changes = Change.objects.exclude(pk__in=told).values_list("work_id", "kind")
    assert set(changes) == {(first.pk, "record"), (second.pk, "deleted")}
