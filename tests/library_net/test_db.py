"""Compare-and-set decides a race on both databases."""

import threading

import pytest
from django.db import connection

from library_net.db import claim
from library_net.jobs.models import JobRun
from tests.library_net.test_jobs import NOW

THREADS = 24


@pytest.mark.django_db(transaction=True)
def test_of_twenty_four_claims_exactly_one_wins():
    job = JobRun.objects.create(task="t", created_at=NOW)
    gate = threading.Barrier(THREADS)
    wins: list[bool] = []

    def contend() -> None:
        gate.wait()
        try:
            queued = JobRun.objects.filter(pk=job.pk, state="queued")
            wins.append(claim(queued, state="running"))
        finally:
            connection.close()

    threads = [threading.Thread(target=contend) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wins.count(True) == 1
    assert len(wins) == THREADS


@pytest.mark.django_db
def test_a_claim_that_matches_two_rows_is_a_defect():
    JobRun.objects.create(task="t", created_at=NOW)
    JobRun.objects.create(task="t", created_at=NOW)

    with pytest.raises(AssertionError):
        claim(JobRun.objects.filter(task="t"), state="running")
