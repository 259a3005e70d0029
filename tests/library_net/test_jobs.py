"""Long work survives lost messages and dead workers."""

from datetime import UTC, datetime, timedelta

import pytest

from library_net.jobs.models import LEASE, MAX_ATTEMPTS, JobRun, JobState, LostLeaseError
from library_net.jobs.tasks import recover_after_restart, sweep

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return JobRun.start(task="jobs.sweep", now=NOW)


def test_only_one_worker_gets_a_job(job):
    twin = JobRun.objects.get(pk=job.pk)

    assert job.take(now=NOW)
    assert not twin.take(now=NOW + timedelta(seconds=1))


def test_a_dead_workers_job_can_be_taken_when_its_lease_has_run_out(job):
    job.take(now=NOW)

    assert JobRun.objects.get(pk=job.pk).take(now=NOW + LEASE + timedelta(seconds=1))


def test_a_finished_job_cannot_be_taken(job):
    job.take(now=NOW)
    job.finish(now=NOW)

    assert not job.take(now=NOW + timedelta(days=1))


def test_the_sweep_gives_up_on_a_job_that_never_advances(job):
    JobRun.objects.filter(pk=job.pk).update(attempts=MAX_ATTEMPTS)

    sweep()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "gave up" in job.message


def test_a_restart_takes_back_what_was_running(job):
    job.take(now=NOW)

    recover_after_restart()

    job.refresh_from_db()
    assert (job.state, job.leased_until) == (JobState.QUEUED, None)


@pytest.mark.parametrize("write", ["step_done", "yield_turn", "finish", "fail"])
def test_a_worker_that_was_overtaken_writes_nothing(job, write):
    slow = JobRun.objects.get(pk=job.pk)
    slow.take(now=NOW)
    fast = JobRun.objects.get(pk=job.pk)
    fast.take(now=NOW + LEASE + timedelta(seconds=1))
    fast.finish(now=NOW)
    arguments = {
        "step_done": {"done": 1, "total": 2, "now": NOW},
        "yield_turn": {},
        "finish": {"now": NOW},
        "fail": {"now": NOW, "message": "x"},
    }

    with pytest.raises(LostLeaseError):
        getattr(slow, write)(**arguments[write])

    fast.refresh_from_db()
    assert (fast.state, fast.done, fast.message) == (JobState.DONE, 0, "")


def test_steps_of_one_worker_follow_one_another(job):
    job.take(now=NOW)

    job.step_done(done=1, total=2, now=NOW + timedelta(seconds=5))
    job.step_done(done=2, total=2, now=NOW + timedelta(seconds=9))
    job.finish(now=NOW + timedelta(seconds=9))

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 2)
