"""Our harvester at our own OAI-PMH server, another site, over a line that fails in every way."""

from datetime import timedelta
from random import Random

import pytest
import requests
from django.utils import timezone

from catalog.models import HarvestSource, SourceRecord
from catalog.tasks import harvest, harvest_due
from library_net.jobs.models import JobRun, JobState
from tests.catalog.files import cnmarc, many
from tests.catalog.members import work
from tests.catalog.sync.servers import refusal, server
from tests.site import Site
from tests.world import World

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BOOKS = 450  # three pages
XML = {"Content-Type": "text/xml"}
ANSWERS = {
    "busy": (503, {"Retry-After": "1"}, b""),
    "broken": 500,
    "closed": (200, {"Content-Type": "text/html"}, b"<html>maintenance</html>"),
}
TROUBLES = [None] * 4 + [*ANSWERS, "expired", "cut off", "garbled"]


@pytest.fixture(scope="module")
def site(tmp_path_factory, blank_site):
    """Another network, whose first member sent its books."""
    running = Site(data_dir=tmp_path_factory.mktemp("flaky") / "site")
    running.prepare(like=blank_site)
    running.python("from tests.world import World; World.build()")
    send(running, many(BOOKS))
    running.start()
    yield running
    running.stop()


def send(site, content):
    path = site.data_dir / "sent.mrc"
    path.write_bytes(content)
    site.manage("import_marc", "--agency", "JJ", str(path))


class Line:
    """Passes questions on to the real server, or spoils the answer as the dice say."""

    def __init__(self, target, *, seed):
        self.target = target
        self.dice = Random(seed)
        self.is_bad = True
        self.met = set()
        self.asked = []

    def __call__(self, asked):
        self.asked.append(asked.arguments)
        trouble = self.dice.choice(TROUBLES) if self.is_bad else None
        self.met.add(trouble)
        if trouble in ANSWERS:
            return ANSWERS[trouble]
        if trouble == "expired" and "resumptionToken" in asked.arguments:
            return refusal("badResumptionToken")
        body = requests.get(self.target, asked.arguments, timeout=30).content
        if trouble == "cut off":
            return 200, {**XML, "Content-Length": str(len(body))}, body[: len(body) // 2]
        if trouble == "garbled":
            return 200, XML, body[: len(body) // 2]
        return 200, XML, body


def run_once():
    """What is due is started and worked on until it is done or fails."""
    HarvestSource.objects.update(next_due_at=timezone.now() - timedelta(seconds=1))
    assert harvest_due() == 1
    while job := JobRun.objects.filter(task="catalog.harvest", state=JobState.QUEUED).first():
        harvest(job_id=job.pk)
    return HarvestSource.objects.get()


def titles():
    rows = SourceRecord.objects.filter(deleted_at=None, agency__code="MY")
    return set(rows.values_list("manifestation__title", flat=True))


def test_whatever_fails_on_the_way_the_harvest_ends_complete_and_goes_on_from_there(
    site, monkeypatch
):
    monkeypatch.setattr("catalog.actions.harvest_oai.STEP_RECORDS", 200)
    world = World.build()
    line = Line(f"{site.url}/oai", seed=5)
    with server(line) as url:
        HarvestSource.objects.create(
            agency=world.agencies["MY"], url=url, next_due_at=timezone.now()
        )
        source = run_once()
        for _ in range(100):
            if source.harvested_until and line.met >= set(TROUBLES):
                break
            assert source.harvested_until or source.last_error  # a librarian can read why
            if source.harvested_until:  # all over again, until every trouble was met
                HarvestSource.objects.update(harvested_until="")
            source = run_once()
        work()
        assert line.met == set(TROUBLES)
        assert len(titles()) == BOOKS

        # From here on only what changed is asked for, by the greatest datestamp seen.
        line.is_bad = False
        until, asked_before = source.harvested_until, len(line.asked)
        site.stop()
        gone = cnmarc("N000003", "x", status="d")
        send(site, gone + cnmarc("N000004", "改过的书") + cnmarc("new", "新到的书"))
        site.start()
        line.target = f"{site.url}/oai"
        source = run_once()
        work()

    assert line.asked[asked_before]["from"] == until
    assert source.harvested_until > until
    assert (source.failures, source.last_error) == (0, "")
    assert len(titles()) == BOOKS
    assert {"改过的书", "新到的书"} <= titles()
