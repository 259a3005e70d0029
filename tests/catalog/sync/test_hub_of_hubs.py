"""One network harvests another by the protocols both have: our harvester at our own OAI server."""

import pytest
from django.utils import timezone

from catalog.models import HarvestSource, SourceRecord
from catalog.models.feed import number_changes
from catalog.tasks import harvest, harvest_due
from library_net.jobs.models import JobRun, JobState
from tests.catalog.files import many
from tests.catalog.members import work
from tests.catalog.sync.member import Changer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def harvest_all(stop_after=None):
    steps = 0
    while job := JobRun.objects.filter(task="catalog.harvest", state=JobState.QUEUED).first():
        harvest(job_id=job.pk)
        steps += 1
        if steps == stop_after:
            return
    work()


def test_our_own_oai_server_is_harvested_page_by_page_and_over_a_kill(live_server, monkeypatch):
    monkeypatch.setattr("catalog.actions.harvest_oai.STEP_RECORDS", 100)
    world = World.build()
    jinjiang = Changer(world, "JJ")
    jinjiang.send(many(450))
    number_changes()
    source = HarvestSource.objects.create(
        agency=world.agencies["MY"],
        url=f"{live_server.url}/oai",
        set_spec="JJ",
        next_due_at=timezone.now(),
    )
    assert harvest_due() == 1
    harvest_all(stop_after=1)
    # The worker is killed between two steps; the sweep would queue the job again.
    job = JobRun.objects.get(task="catalog.harvest")
    assert (job.state, HarvestSource.objects.get().token != "") == (JobState.QUEUED, True)
    harvest_all()

    source.refresh_from_db()
    assert (source.last_error, source.run_records) == ("", 450)
    mine = SourceRecord.objects.filter(agency__code="MY", deleted_at=None)
    assert mine.count() == 450
    shared = {row.manifestation_id for row in mine}
    assert shared == set(
        SourceRecord.objects.filter(agency__code="JJ").values_list("manifestation_id", flat=True)
    )
