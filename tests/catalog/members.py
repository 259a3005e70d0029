"""Member libraries' software and the worker, as stories need them: over HTTP, in this process."""

from dataclasses import dataclass, field

from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import Batch, SourceRecord
from catalog.tasks import ingest
from library_net.jobs.models import JobRun, JobState
from tests.world import World


@dataclass(slots=True)
class Sender:
    """`Sender(world, "JJ").send(bytes)` uploads, lets the worker work, answers the batch."""

    world: World
    agency: str
    client: APIClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Key {self.world.member_key(self.agency)}")

    def post(self, data, *, content_type="application/marc", headers=None, **query):
        path = "/api/v1/batches/"
        if query:
            path += "?" + "&".join(f"{name}={value}" for name, value in query.items())
        return self.client.post(path, data, content_type=content_type, headers=headers or {})

    def send(self, data, **query):
        answer = self.post(data, **query)
        assert answer.status_code == 202, answer.content
        work()
        return self.client.get(answer["Location"]).json()

    def rejects(self, batch):
        return self.client.get(f"/api/v1/batches/{batch['id']}/rejects/").json()["results"]

    def get(self, path, **query):
        return self.client.get(f"/api/v1/{path}", query)

    def list_items(self, rows):
        return self.client.post("/api/v1/items/", rows, format="json")


def work(limit=1000):
    """What the worker does: step after step until no job is left."""
    for _ in range(limit):
        waiting = JobRun.objects.filter(task="catalog.ingest", state=JobState.QUEUED)
        jobs = list(waiting.order_by("pk").values_list("pk", flat=True))
        if not jobs:
            return
        for job_id in jobs:
            ingest(job_id=job_id)
    raise AssertionError("the worker never came to an end")


def clusters():
    """The catalogue as sets of (agency, control number): what must not depend on order."""
    found = {}
    rows = SourceRecord.objects.filter(deleted_at=None).values_list(
        "manifestation_id", "agency__code", "source_key"
    )
    for manifestation, agency, key in rows:
        found.setdefault(manifestation, set()).add((agency, key))
    return {frozenset(members) for members in found.values()}


def now():
    return timezone.now()


def newest_batch():
    return Batch.objects.latest("pk")
