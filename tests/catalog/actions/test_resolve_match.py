"""Librarians join, part and undo; what they say outlives what is sent and matched later (MA-16)."""

import pytest

from catalog.actions.resolve_match import join_records, keep_apart, take_out, undo_decision
from catalog.models import (
    Change,
    Item,
    Manifestation,
    MatchDecision,
    MatchEvidence,
    MatchQuestion,
    SourceRecord,
    Work,
)
from library_net.accounts.scope import Scope
from library_net.errors import LibraryError
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender, clusters, now

pytestmark = pytest.mark.django_db

ALL = Scope(everywhere=True)
HUO = {"publisher": "作家出版社", "year": 2012, "pages": 191}


@pytest.fixture
def mianyang(world):
    return Sender(world, "MY")


def record(code, key):
    return SourceRecord.objects.get(agency__code=code, source_key=key)


def say(action, left, right, scope=ALL, **named):
    return action(left_id=left.pk, right_id=right.pk, scope=scope, user_id=None, now=now(), **named)


def part(one, scope=ALL):
    return take_out(source_id=one.pk, scope=scope, user_id=None, now=now())


def undo(decision, scope=ALL):
    return undo_decision(decision_id=decision.pk, scope=scope, user_id=None, now=now())


def catalogue():
    """Everything a reader or a member can see of the clusters, ids and redirects included."""
    columns = ("work_id", "record", "provenance", "title", "source_count", "absorbed_by_id")
    return {
        "members": dict(SourceRecord.objects.values_list("pk", "manifestation_id")),
        "editions": {row[0]: row[1:] for row in Manifestation.objects.values_list("pk", *columns)},
        "works": {row[0]: row[1:] for row in Work.objects.values_list("pk", "title", "author",
                                                                      "absorbed_by_id")},
    }  # fmt: skip


def two_editions(jinjiang, ziyang):
    """Two records the matcher rightly or wrongly keeps apart."""
    jinjiang.send(cnmarc("a", "活着", "余华", **HUO, items=[("B1", "JJ-MAIN", "I247/1")]))
    ziyang.send(
        cnmarc("b", "活着", "余华", publisher="南海出版公司", year=1998, pages=195,
               items=[("B2", "ZY-MAIN", "I247/2")])
    )  # fmt: skip
    return record("JJ", "a"), record("ZY", "b")


def one_edition(*senders):
    """One book at several members."""
    for number, sender in enumerate(senders):
        copy = (f"C{number}", f"{sender.agency}-MAIN", "I247/3")
        sender.send(cnmarc("x", "许三观卖血记", "余华", **HUO, items=[copy]))
    return [record(sender.agency, "x") for sender in senders]


def test_a_librarian_joins_what_the_matcher_kept_apart(jinjiang, ziyang):
    left, right = two_editions(jinjiang, ziyang)
    decision = say(join_records, left, right, reason="同一版，出版年著录有误")

    assert clusters() == {frozenset({("JJ", "a"), ("ZY", "b")})}
    assert decision.reason == "同一版，出版年著录有误"
    evidence = MatchEvidence.objects.get()
    assert ["decision", "agree"] in [row[:2] for row in evidence.fields]


def test_the_absorbed_id_redirects_and_the_oldest_survives(jinjiang, ziyang):
    left, right = two_editions(jinjiang, ziyang)
    say(join_records, left, right)

    survivor, absorbed = Manifestation.objects.order_by("pk")
    assert (survivor.source_count, absorbed.source_count) == (2, 0)
    assert absorbed.absorbed_by == survivor


def test_undoing_a_join_restores_the_exact_state_before(jinjiang, ziyang):
    left, right = two_editions(jinjiang, ziyang)
    before = catalogue()

    undo(say(join_records, left, right))

    assert catalogue() == before
    assert not MatchEvidence.objects.exists()


def test_a_join_of_two_works_undone_gives_both_works_back(jinjiang, ziyang):
    jinjiang.send(cnmarc("a", "活着", "余华", **HUO))
    ziyang.send(cnmarc("b", "兄弟", "余华", **HUO))
    before = catalogue()
    decision = say(join_records, record("JJ", "a"), record("ZY", "b"))
    assert Work.objects.filter(absorbed_by=None).count() == 1

    undo(decision)

    assert catalogue() == before


def test_clusters_of_several_part_again_as_they_were(jinjiang, ziyang, mianyang, world):
    one_edition(jinjiang, ziyang)
    mianyang.send(cnmarc("y", "许三观卖血记", "余华", publisher="南海出版公司", year=1998))
    world.agency("DY", "德阳市图书馆", region="510600")
    Sender(world, "DY").send(
        cnmarc("y", "许三观卖血记", "余华", publisher="南海出版公司", year=1998)
    )
    before = catalogue()
    assert len(clusters()) == 2

    decision = say(join_records, record("JJ", "x"), record("DY", "y"))
    assert len(clusters()) == 1
    undo(decision)

    assert catalogue() == before


def test_taking_a_record_out_equals_a_history_in_which_it_was_never_in(jinjiang, ziyang, mianyang):
    _, middle, _ = one_edition(jinjiang, ziyang, mianyang)
    assert len(clusters()) == 1

    part(middle)

    assert clusters() == {frozenset({("JJ", "x"), ("MY", "x")}), frozenset({("ZY", "x")})}
    union = record("JJ", "x").manifestation
    assert union.source_count == 2
    assert str(middle.pk) not in str(union.provenance)


def test_taking_out_the_oldest_leaves_it_its_own_id(jinjiang, ziyang):
    oldest, other = one_edition(jinjiang, ziyang)
    former = oldest.manifestation_id

    part(oldest)

    assert record("JJ", "x").manifestation_id == former
    assert record("ZY", "x").manifestation_id != former
    assert other.pk  # the younger record moved, the older id stayed with its anchor


def test_putting_it_back_is_the_state_before(jinjiang, ziyang, mianyang):
    _, middle, _ = one_edition(jinjiang, ziyang, mianyang)
    before = clusters()
    decisions = part(middle)
    assert len(decisions) == 2

    undone = undo(decisions[0])

    assert len(undone) == 2
    assert clusters() == before


def test_copies_stay_with_their_record(jinjiang, ziyang):
    left, right = one_edition(jinjiang, ziyang)
    homes = dict(Item.objects.values_list("barcode", "source_record_id"))
    decisions = part(right)
    assert dict(Item.objects.values_list("barcode", "source_record_id")) == homes
    assert Item.objects.get(barcode="C1").source_record.manifestation_id == (
        record("ZY", "x").manifestation_id
    )
    undo(decisions[0])
    assert dict(Item.objects.values_list("barcode", "source_record_id")) == homes
    assert left.pk


def test_a_decision_outlives_a_changed_record(jinjiang, ziyang):
    _, right = one_edition(jinjiang, ziyang)
    part(right)

    ziyang.send(cnmarc("x", "許三觀賣血記", "余华", **HUO))

    assert len(clusters()) == 2


def test_a_join_outlives_a_withdrawal_and_a_return(jinjiang, ziyang):
    left, right = two_editions(jinjiang, ziyang)
    say(join_records, left, right)
    ziyang.send(cnmarc("b", "活着", "余华", status="d"))
    assert len(clusters()) == 1

    ziyang.send(cnmarc("b", "活着", "余华", publisher="南海出版公司", year=1998))

    assert clusters() == {frozenset({("JJ", "a"), ("ZY", "b")})}


def test_decisions_hold_whatever_the_order_of_arrival(jinjiang, ziyang, mianyang):
    """A third record that fits both sides of a cannot-link joins one, always the same one."""
    one_edition(jinjiang, ziyang)
    say(keep_apart, record("JJ", "x"), record("ZY", "x"))
    mianyang.send(cnmarc("x", "许三观卖血记", "余华", **HUO))
    first = clusters()

    mianyang.send(cnmarc("x", "许三观卖血记", "余华", status="d"))
    mianyang.send(cnmarc("x", "许三观卖血记", "余华", **HUO))

    assert clusters() == first
    assert len(first) == 2


def test_a_join_against_standing_decisions_is_refused_and_leaves_no_trace(
    jinjiang, ziyang, mianyang
):
    one_edition(jinjiang, ziyang)
    say(keep_apart, record("JJ", "x"), record("ZY", "x"))
    mianyang.send(cnmarc("y", "另一本书", "余华", **HUO))
    say(join_records, record("ZY", "x"), record("MY", "y"))
    before = catalogue()

    with pytest.raises(LibraryError, match="match_contradicts_decision"):
        say(join_records, record("JJ", "x"), record("MY", "y"))

    assert catalogue() == before
    assert MatchDecision.objects.count() == 2


def test_one_pair_has_one_standing_decision(jinjiang, ziyang):
    left, right = one_edition(jinjiang, ziyang)
    first = say(keep_apart, left, right)
    assert say(keep_apart, right, left).pk == first.pk
    with pytest.raises(LibraryError, match="match_decided_otherwise"):
        say(join_records, left, right)


def test_what_was_undone_stays_in_the_history(jinjiang, ziyang):
    left, right = one_edition(jinjiang, ziyang)
    decision = say(keep_apart, left, right)
    undo(decision)
    decision.refresh_from_db()
    assert decision.undone_at is not None
    with pytest.raises(LibraryError, match="match_decision_already_undone"):
        undo(decision)
    assert say(keep_apart, left, right).pk != decision.pk


def test_only_staff_of_an_institution_involved_may_decide(jinjiang, ziyang, world):
    left, right = one_edition(jinjiang, ziyang)
    outsider = Scope(agency_ids=frozenset({world.agencies["MY"].pk}))
    insider = Scope(agency_ids=frozenset({world.agencies["ZY"].pk}))
    for act in (lambda: say(keep_apart, left, right, outsider), lambda: part(left, outsider)):
        with pytest.raises(LibraryError, match="outside_your_agency"):
            act()
    decision = say(keep_apart, left, right, insider)
    with pytest.raises(LibraryError, match="outside_your_agency"):
        undo(decision, outsider)


@pytest.mark.parametrize(
    ("ids", "code"),
    [((1, 1), "same_source_record"), ((998, 999), "unknown_source_record")],
)
def test_nonsense_is_refused_by_name(ids, code):
    with pytest.raises(LibraryError, match=code):
        join_records(left_id=ids[0], right_id=ids[1], scope=ALL, user_id=None, now=now())


def test_undoing_what_never_was_is_refused():
    with pytest.raises(LibraryError, match="unknown_match_decision"):
        undo_decision(decision_id=999, scope=ALL, user_id=None, now=now())


def test_followers_of_both_works_are_told(jinjiang, ziyang):
    left, right = two_editions(jinjiang, ziyang)
    seen = Change.objects.count()
    say(join_records, left, right)
    assert Change.objects.count() > seen


# --- questions -----------------------------------------------------------------------------------


def a_doubt(jinjiang, ziyang):
    isbn = "9787506365437"
    jinjiang.send(cnmarc("q", "资治通鉴", "司马光", isbn=isbn, volume="第1卷", year=2009))
    ziyang.send(cnmarc("q", "资治通鉴", "司马光", isbn=isbn, year=2009))
    return record("JJ", "q"), record("ZY", "q")


def test_what_the_matcher_cannot_tell_is_a_question(jinjiang, ziyang):
    left, right = a_doubt(jinjiang, ziyang)
    question = MatchQuestion.objects.open().get()
    assert {question.left, question.right} == {left, right}
    assert "volume" in [row[0] for row in question.fields]
    assert len(clusters()) == 2


@pytest.mark.parametrize("action", [join_records, keep_apart])
def test_an_answer_closes_the_question_and_undoing_opens_it(jinjiang, ziyang, action):
    left, right = a_doubt(jinjiang, ziyang)
    decision = say(action, left, right)
    assert not MatchQuestion.objects.open().exists()
    undo(decision)
    assert MatchQuestion.objects.open().count() == 1


def test_a_question_falls_when_the_record_is_mended(jinjiang, ziyang):
    a_doubt(jinjiang, ziyang)
    ziyang.send(cnmarc("q", "资治通鉴", "司马光", isbn="9787506365437", volume="第1卷", year=2009))
    assert not MatchQuestion.objects.exists()
    assert len(clusters()) == 1
