"""Matching anew after the matcher changed: in steps, without anything being sent (MA-17)."""

import pytest
from django.core.management import call_command
from msgspec.structs import replace

from catalog.actions.recluster import TASK, start_recluster
from catalog.actions.resolve_match import take_out
from catalog.domain.records import BibRecord
from catalog.models import Manifestation, MatchKey, SourceRecord, Work, WorkKey
from catalog.tasks import recluster, recluster_outdated
from library_net.accounts.scope import Scope
from library_net.jobs.models import JobRun, JobState
from tests.catalog.files import cnmarc, many
from tests.catalog.members import Sender, clusters, now
from tests.catalog.translations import translated, works
from tests.world import World

pytestmark = pytest.mark.django_db
OF_THE_OLD_KIND = 1  # a key nobody computes any more


@pytest.fixture
def senders():
    world = World.build()
    return [Sender(world, code) for code in ("JJ", "ZY")]


def fill(senders):
    for sender in senders:
        sender.send(many(7) + cnmarc("x", "活着", "余华", publisher="作家出版社", year=2012))


def as_an_older_matcher_left_it():
    """Every record alone under an old version, with keys nobody computes any more."""
    for source in SourceRecord.objects.all():
        union = Manifestation.objects.get(pk=source.manifestation_id)
        if union.sources.order_by("pk").first() != source:
            union.pk, union.source_count, union.anchor_id = None, 1, source.pk
            union.save()
            source.manifestation = union
            source.save()
    SourceRecord.objects.update(matcher_version=1)
    MatchKey.objects.update(key=OF_THE_OLD_KIND)


def work():
    for _ in range(100):
        job = JobRun.objects.filter(task=TASK, state=JobState.QUEUED).first()
        if job is None:
            return
        recluster(job_id=job.pk)


def test_a_newer_matcher_gives_the_clusters_of_a_first_run(senders, settings):
    settings.INGEST_CHUNK_RECORDS = 3
    fill(senders)
    right = clusters()
    as_an_older_matcher_left_it()
    assert clusters() != right

    assert recluster_outdated()
    work()

    assert clusters() == right
    assert not SourceRecord.objects.filter(matcher_version=1).exists()
    assert not MatchKey.objects.filter(key=OF_THE_OLD_KIND).exists()
    job = JobRun.objects.get(task=TASK)
    assert (job.state, job.done) == (JobState.DONE, 16)


def test_decisions_hold_in_the_new_run(senders):
    fill(senders)
    apart = SourceRecord.objects.get(agency__code="ZY", source_key="x")
    take_out(source_id=apart.pk, scope=Scope(everywhere=True), user_id=None, now=now())
    before = clusters()
    SourceRecord.objects.update(matcher_version=1)

    start_recluster(now=now())
    work()

    assert clusters() == before


def test_nothing_old_means_nothing_to_do(senders):
    fill(senders)
    assert start_recluster(now=now()) is None


def test_two_starts_are_one_job(senders):
    fill(senders)
    SourceRecord.objects.update(matcher_version=1)
    assert start_recluster(now=now()) == start_recluster(now=now())


def test_the_command_does_it_here(senders, capsys):
    fill(senders)
    before = clusters()
    call_command("recluster", "--all", "--here")
    assert clusters() == before
    assert "16" in capsys.readouterr().out


def test_a_newer_reader_reaches_what_was_read_before(senders):
    """MA-17: the original name was sent, but an older reader did not keep it."""
    (jinjiang, _) = senders
    for number, author in (("a", "司汤达"), ("b", "斯丹达尔")):
        jinjiang.send(translated(number, "红与黑", author, name="Stendhal"))
    right = works()
    as_an_older_reader_left_it()
    assert works() != right

    assert recluster_outdated()
    work()

    assert works() == right == {frozenset("ab")}
    records = [BibRecord.from_json(one.neutral) for one in SourceRecord.objects.all()]
    assert {record.contributors[0].original for record in records} == {"Stendhal"}


def as_an_older_reader_left_it():
    for source in SourceRecord.objects.all():
        record = BibRecord.from_json(source.neutral)
        (author,) = record.contributors
        older = replace(record, contributors=(replace(author, original=""),))
        source.neutral = older.to_json()
        source.matcher_version = 1
        source.save()
        work = Work.objects.create(title=record.title, grouping_key="old", updated_at=now())
        Manifestation.objects.filter(sources=source).update(work=work)
    WorkKey.objects.all().delete()


def test_what_cannot_be_read_any_more_stays_as_it_was_read(senders):
    """MA-17."""
    (jinjiang, _) = senders
    jinjiang.send(cnmarc("a", "活着", "余华", year=2012))
    before = SourceRecord.objects.get().neutral
    SourceRecord.objects.update(matcher_version=1, raw=b"00000 no record any more")

    assert recluster_outdated()
    work()

    source = SourceRecord.objects.get()
    assert source.neutral == before
    assert source.matcher_version > 1
