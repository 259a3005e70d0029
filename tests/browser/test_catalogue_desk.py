"""The catalogue's pages for librarians in Chromium: members, batches, quarantine, duplicates."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from catalog.models import HarvestSource, MatchQuestion, Reject, SourceRecord, Webhook
from catalog.tasks import measure_all, measure_quality
from library_net.jobs.models import JobRun
from tests.catalog.files import cnmarc, many
from tests.catalog.sync.member import Changer
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
PASSWORD = "一个长口令-2026"
ISBN = "9787506365437"


@pytest.fixture
def pages(transactional_db):
    """Addresses of all pages, each with something to show, and who may see them."""
    world = World.build()
    jinjiang, ziyang = Changer(world, "JJ"), Changer(world, "ZY")
    jinjiang.send(
        many(12) + cnmarc("q", "资治通鉴", "司马光", isbn=ISBN, volume="第1卷", year=2009)
    )
    ziyang.send(many(6) + cnmarc("q", "资治通鉴", "司马光", isbn=ISBN, year=2009))
    jinjiang.send(
        many(9) + b"GARBAGE\x1d", mode="full", filename="a-rather-long-name-of-a-file.iso"
    )
    now = timezone.now()
    agency = world.agencies["JJ"]
    Webhook.objects.create(
        agency=agency, url="http://jj.example.org/hook", sealed_secret=b"",
        created_at=now, next_attempt_at=now, failing_since=now, last_error="HTTP 500",
    )  # fmt: skip
    HarvestSource.objects.create(
        agency=agency, url="http://jj.example.org/oai", next_due_at=now, failures=2
    )
    measure_all()
    for job in JobRun.objects.filter(task="catalog.measure_quality"):
        measure_quality(job_id=job.pk)
    user = world.network_admin()
    user.set_password(PASSWORD)
    user.save()
    return user, _addresses(agency)


def _addresses(agency):
    reject = Reject.objects.get()
    shared = SourceRecord.objects.filter(manifestation__source_count__gt=1).first()
    question = MatchQuestion.objects.get()
    shown = [
        ("batch", reject.batch_id), ("reject", reject.pk), ("matchquestion", question.pk),
        ("sourcerecord", shared.pk), ("manifestation", shared.manifestation_id),
        ("webhook", Webhook.objects.get().pk), ("harvestsource", HarvestSource.objects.get().pk),
    ]  # fmt: skip
    lists = [*(name for name, _pk in shown), "matchdecision", "item"]
    return [
        reverse("members:list"),
        reverse("members:member", args=[agency.code]),
        reverse("members:mend", args=[reject.pk]),
        *(reverse(f"admin:catalog_{name}_changelist") for name in lists),
        *(reverse(f"admin:catalog_{name}_change", args=[pk]) for name, pk in shown),
        reverse("admin:catalog_webhook_add"),
        reverse("admin:catalog_harvestsource_add"),
    ]


@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [("desk", "zh", "light"), ("phone", "zh", "dark"), ("phone", "en", "light")],
)
def test_no_page_for_cataloguers_has_a_serious_accessibility_issue(
    pages, live_server, open_context, watch_page, size, language, scheme
):
    user, addresses = pages
    address = live_server.url.replace("localhost", "127.0.0.1")
    page = open_context(address, size=size, language=language, color_scheme=scheme).new_page()
    troubles = watch_page(page)
    page.goto(reverse("admin:login"))
    page.fill("#id_username", user.get_username())
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")

    for path in addresses:
        answer = page.goto(path)
        assert troubles == [], path
        found = Axe().run(page).response["violations"]
        troubles.clear()  # axe tries styles that our content policy forbids
        serious = [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in WORST]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (answer.status, serious) == (200, []), path
        assert wide <= 0, f"{path} scrolls sideways by {wide} px"


WORST = {"serious", "critical"}
