"""Records fetched from a repository: resumed by what was seen, replayed for nothing."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from catalog.models import Batch, HarvestSource, SourceRecord
from catalog.tasks import harvest, harvest_due
from library_net.jobs.models import JobRun, JobState
from tests.catalog.files import cnmarc_fields, marcxml
from tests.catalog.members import work
from tests.catalog.sync.servers import Repository, nobody, refusal, server

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository():
    found = Repository()
    for number in range(5):
        found.put(f"oai:my:{number}", f"2026-11-0{number + 1}T00:00:00Z", record(number))
    return found


def record(number, title=""):
    xml = marcxml(cnmarc_fields(f"m{number}", title or f"绵阳志之{number}", "甲")).decode()
    return (
        xml[xml.index("<record") : xml.index("</record>") + 9]
        .replace("<record", '<record xmlns="http://www.loc.gov/MARC21/slim"', 1)
        .replace(' xmlns="http://www.loc.gov/MARC21/slim" xmlns=', " xmlns=")
    )


def source_of(world, url, **more):
    return HarvestSource.objects.create(
        agency=world.agencies["MY"], url=url, next_due_at=timezone.now(), **more
    )


def run(source, *, steps=50):
    """A scheduled run from its beginning to its end, and what it brought read in."""
    HarvestSource.objects.filter(pk=source.pk).update(next_due_at=timezone.now())
    assert harvest_due() == 1
    harvest_steps(steps)
    work()
    source.refresh_from_db()
    return JobRun.objects.filter(task="catalog.harvest").latest("pk")


def harvest_steps(steps=50):
    for _ in range(steps):
        job = JobRun.objects.filter(task="catalog.harvest", state=JobState.QUEUED).first()
        if job is None:
            return
        harvest(job_id=job.pk)


def held():
    living = SourceRecord.objects.filter(agency__code="MY", deleted_at=None)
    return {row.source_key: row.neutral["titles"][0]["text"] for row in living}


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr("catalog.actions.harvest_oai.STEP_RECORDS", 2)


def test_a_harvest_brings_every_record_in_pages(world, repository):
    with server(repository) as url:
        source = source_of(world, url, set_spec="local")
        job = run(source)

    assert job.state == JobState.DONE
    assert len(held()) == 5
    assert source.harvested_until == "2026-11-05T00:00:00Z"
    assert repository.asked[0] == {
        "verb": "ListRecords",
        "metadataPrefix": "marcxml",
        "set": "local",
    }
    assert repository.asked[1] == {"verb": "ListRecords", "resumptionToken": "|2"}


def test_the_next_run_begins_with_the_greatest_datestamp_and_repeats_for_nothing(world, repository):
    with server(repository) as url:
        source = source_of(world, url)
        run(source)
        repository.put("oai:my:9", "2026-11-05T00:00:00Z", record(9))  # the same second
        repository.put("oai:my:1", "2026-11-20T00:00:00Z", record(1, "绵阳志（改）"))
        repository.put("oai:my:0", "2026-11-21T00:00:00Z", None)
        repository.asked.clear()
        run(source)

    assert repository.asked[0]["from"] == "2026-11-05T00:00:00Z"
    assert held().keys() == {"m1", "m2", "m3", "m4", "m9"}
    assert held()["m1"] == "绵阳志（改）"
    batch = Batch.objects.latest("pk")
    assert (batch.unchanged, batch.created, batch.updated, batch.deleted) == (1, 1, 1, 1)


def test_a_run_killed_in_the_middle_goes_on_with_its_token(world, repository, small_steps):
    with server(repository) as url:
        source_of(world, url)
        assert harvest_due() == 1
        job = JobRun.objects.get(task="catalog.harvest")
        harvest(job_id=job.pk)
        die_in_the_next_step(job)
        assert HarvestSource.objects.get().token == "|2"
        harvest_steps()
        work()

    assert len(held()) == 5
    assert [asked.get("resumptionToken") for asked in repository.asked] == [None, "|2", "|2", "|4"]
    assert sum(batch.created for batch in Batch.objects.all()) == 5


def die_in_the_next_step(job):
    """The worker is killed when it saves what it fetched; its lease runs out."""

    def gone(execute, sql, *args):
        if "catalog_harvestedrecord" in sql or "catalog_batchchunk" in sql:
            raise DatabaseError("gone")
        return execute(sql, *args)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.execute_wrapper(gone):
        harvest(job_id=job.pk)
    JobRun.objects.update(state=JobState.QUEUED, leased_until=None)


@pytest.mark.parametrize(("is_ordered", "begins"), [(True, "2026-11-02T00:00:00Z"), (False, None)])
def test_an_expired_token_starts_again_where_nothing_can_be_missed(
    world, repository, small_steps, is_ordered, begins
):
    with server(repository) as url:
        source = source_of(world, url)
        harvest_due()
        job = JobRun.objects.get(task="catalog.harvest")
        harvest(job_id=job.pk)
        HarvestSource.objects.update(run_is_ordered=is_ordered)
        repository.interfere = lambda arguments: (
            refusal("badResumptionToken") if arguments.get("resumptionToken") == "|2" else None
        )
        if not is_ordered:  # the whole list comes with the same tokens; only the first is void
            asked = []
            repository.interfere = lambda arguments: (
                asked.append(1) or refusal("badResumptionToken")
                if arguments.get("resumptionToken") == "|2" and not asked
                else None
            )
        harvest_steps()
        work()
        source.refresh_from_db()

    assert len(held()) == 5
    assert repository.asked[2].get("from") == begins
    assert source.harvested_until == "2026-11-05T00:00:00Z"


def test_a_busy_repository_is_left_alone_as_long_as_it_asks(world, repository, small_steps):
    with server(repository) as url:
        source = source_of(world, url)
        repository.interfere = lambda arguments: (
            (503, {"Retry-After": "120"}, b"") if "resumptionToken" in arguments else None
        )
        before = timezone.now()
        job = run(source)
        assert (job.state, source.failures, source.token) == (JobState.FAILED, 1, "|2")
        assert "120" in job.message
        wait = source.next_due_at - before
        assert timedelta(seconds=120) <= wait < timedelta(seconds=180)
        assert harvest_due() == 0

        repository.interfere = lambda _arguments: None
        job = run(source)

    assert (job.state, source.failures, source.last_error) == (JobState.DONE, 0, "")
    assert len(held()) == 5


@pytest.mark.parametrize(
    "answer",
    [
        500,
        (200, {}, b"<html>maintenance</html>"),
        (200, {}, b"\xff\xfe not xml"),
        (200, {}, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        refusal("cannotDisseminateFormat"),
    ],
)
def test_an_answer_that_is_none_is_told_and_tried_again_later(world, repository, answer):
    with server(repository) as url:
        source = source_of(world, url)
        repository.interfere = lambda _arguments: answer
        job = run(source)
        assert job.state == JobState.FAILED
        assert job.message == source.last_error != ""
        repository.interfere = lambda _arguments: None
        run(source)
    assert len(held()) == 5


def test_nobody_at_the_address_is_told(world):
    with nobody() as url:
        job = run(source_of(world, url))
    assert job.state == JobState.FAILED
    assert "ConnectionError" in job.message


def test_a_list_without_end_is_noticed(world, repository):
    page = repository._list({}).replace("|2", "the same").encode()
    with server(repository) as url:
        source = source_of(world, url)
        repository.interfere = lambda _arguments: (200, {}, page)
        assert run(source).state == JobState.FAILED


def test_illegal_characters_cost_nothing(world, repository):
    repository.put("oai:my:7", "2026-11-07T00:00:00Z", record(7).replace("绵阳志", "绵\x0b阳志"))
    with server(repository) as url:
        run(source_of(world, url))
    assert held()["m7"] == "绵阳志之7"


def test_an_empty_repository_is_no_failure(world):
    with server(Repository()) as url:
        job = run(source_of(world, url))
    assert job.state == JobState.DONE
    assert not Batch.objects.exists()


def test_a_run_under_way_is_not_started_twice(world, repository):
    with server(repository) as url:
        source = source_of(world, url)
        assert harvest_due() == 1
        HarvestSource.objects.filter(pk=source.pk).update(next_due_at=timezone.now())
        assert harvest_due() == 0


def test_a_record_renumbered_by_the_repository_leaves_no_double(world, repository):
    with server(repository) as url:
        source = source_of(world, url)
        run(source)
        repository.put("oai:my:0", "2026-11-20T00:00:00Z", record(88))
        run(source)
    assert held().keys() == {"m88", "m1", "m2", "m3", "m4"}
