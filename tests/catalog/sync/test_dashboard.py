"""The members' pages: what a librarian sees of her institution's exchange with the network."""

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import HarvestSource, QualityReport, Webhook
from catalog.tasks import measure_all, measure_quality
from library_net.jobs.models import JobRun, JobState
from tests.catalog.files import cnmarc, many
from tests.catalog.sync.member import Changer

pytestmark = pytest.mark.django_db


def measure():
    measure_all()
    while job := JobRun.objects.filter(
        task="catalog.measure_quality", state=JobState.QUEUED
    ).first():
        measure_quality(job_id=job.pk)


def sign_in(client, user):
    client.force_login(user)
    return client


def test_the_quality_report_counts_what_records_lack(world, jinjiang, monkeypatch):
    monkeypatch.setattr("catalog.actions.measure_quality.STEP_RECORDS", 2)
    good = cnmarc(
        "good", "活着", "余华", isbn="978-7-5063-6543-7", publisher="作家出版社", year=2012,
        pages=191, items=[("B1", "JJ-MAIN", "I247")],
    )  # fmt: skip
    wrong = cnmarc("wrong", "兄弟", "余华", isbn="978-7-5063-6543-0")
    bare = cnmarc("bare", "无名")
    gone = cnmarc("gone", "已删") + cnmarc("gone", "已删", status="d")
    jinjiang.send(good + wrong + bare + gone)
    Changer(world, "ZY").send(good.replace(b"JJ-MAIN", b"ZY-MAIN"))
    measure()

    result = QualityReport.objects.get(agency=world.agencies["JJ"]).result
    assert result["records"] == 3
    assert result["samples"]["bad_check_digit"] == ["wrong"]
    assert result["samples"]["no_number"] == ["bare"]
    assert result["samples"]["no_author"] == ["bare"]
    assert result["samples"]["no_items"] == ["wrong", "bare"]
    assert result["samples"]["unmatched"] == ["wrong", "bare"]
    assert result["lacks"]["no_class"] == 3
    assert (result["encodings"], result["formats"]) == ({"utf-8": 3}, {"cnmarc": 3})


def test_counting_twice_at_once_is_one_count(world, jinjiang):
    jinjiang.send(many(2))
    measure_all()
    measure_all()
    assert JobRun.objects.filter(task="catalog.measure_quality").count() == 1


def test_a_librarian_sees_her_own_institution(world, jinjiang, client):
    jinjiang.send(many(4) + b"????\x1d")
    measure()
    sign_in(client, world.librarian("JJ"))
    page = client.get(reverse("members:list"), follow=True)

    assert page.redirect_chain[0][0] == reverse("members:member", args=["JJ"])
    report = page.context["report"]
    assert (report.records, report.tombstones, report.lag.waiting) == (4, 0, 0)
    assert [(code, count) for code, _text, count in page.context["rejects"]] == [("no_leader", 1)]
    assert report.months[0].counts["created"] == 4
    texts = {str(line.text): line.records for line in page.context["quality"]}
    assert texts["没有价格"] == 4
    assert "%(" not in page.content.decode()


def test_a_members_software_gets_the_same_numbers(world, jinjiang):
    jinjiang.send(many(4) + b"????\x1d")
    measure()
    report = jinjiang.get("report/").json()
    assert (report["records"], report["open_rejects"]) == (4, {"no_leader": 1})
    assert report["months"][0]["created"] == 4
    assert report["quality"]["lacks"]["no_price"] == 4


def test_she_does_not_see_anothers(world, jinjiang, client):
    sign_in(client, world.librarian("ZY"))
    assert client.get(reverse("members:member", args=["JJ"])).status_code == 404
    assert client.post(reverse("members:measure", args=["JJ"])).status_code == 404


def test_a_network_administrator_sees_whose_connection_fails(world, jinjiang, client):
    jinjiang.send(many(1))
    now = timezone.now()
    Webhook.objects.create(
        agency=world.agencies["ZY"], url="http://zy.example.org/", sealed_secret=b"",
        created_at=now, next_attempt_at=now, failing_since=now, last_error="HTTP 500",
    )  # fmt: skip
    HarvestSource.objects.create(
        agency=world.agencies["MY"], url="http://my.example.org/oai", next_due_at=now, failures=2
    )
    sign_in(client, world.network_admin())
    lines = client.get(reverse("members:list")).context["lines"]

    assert [(line.agency.code, line.needs_work) for line in lines] == [
        ("JJ", False),
        ("MY", True),
        ("ZY", True),
    ]
    assert "HTTP 500" in client.get(reverse("members:member", args=["ZY"])).content.decode()
    assert "my.example.org" in client.get(reverse("members:member", args=["MY"])).content.decode()


def test_strangers_are_asked_to_sign_in(client):
    assert client.get(reverse("members:list")).status_code == 302


def test_a_button_counts_again(world, jinjiang, client):
    jinjiang.send(many(1))
    sign_in(client, world.librarian("JJ"))
    client.post(reverse("members:measure", args=["JJ"]))
    assert JobRun.objects.filter(task="catalog.measure_quality").count() == 1


# --- webhooks and harvests in the admin -----------------------------------------------------------


def test_only_the_network_sets_webhooks_and_sees_the_secret_once(world, client):
    add = reverse("admin:catalog_webhook_add")
    form = {"agency": world.agencies["ZY"].pk, "url": "https://zy.example.org/hook"}
    form |= {"deliveries-TOTAL_FORMS": "0", "deliveries-INITIAL_FORMS": "0"}
    sign_in(client, world.librarian("ZY"))
    assert client.post(add, form).status_code == 403

    sign_in(client, world.network_admin())
    page = client.post(add, form, follow=True)
    assert "whsec_" in page.content.decode()
    webhook = Webhook.objects.get()
    assert bytes(webhook.sealed_secret)
    shown = client.get(reverse("admin:catalog_webhook_change", args=[webhook.pk]))
    assert "whsec_" not in shown.content.decode()

    page = client.post(
        reverse("admin:catalog_webhook_changelist"),
        {"action": "new_secret", "_selected_action": [webhook.pk]},
        follow=True,
    )
    assert "whsec_" in page.content.decode()


def test_a_closed_address_is_refused_in_the_form(world, client):
    sign_in(client, world.network_admin())
    form = {"agency": world.agencies["ZY"].pk, "url": "http://169.254.169.254/"}
    form |= {"deliveries-TOTAL_FORMS": "0", "deliveries-INITIAL_FORMS": "0"}
    page = client.post(reverse("admin:catalog_webhook_add"), form)
    assert page.status_code == 200
    assert "169.254.169.254" in str(page.context["errors"])
    assert not Webhook.objects.exists()


def test_a_harvest_is_set_and_started_in_the_admin(world, client):
    sign_in(client, world.network_admin())
    form = {
        "agency": world.agencies["MY"].pk, "url": "https://my.example.org/oai", "set_spec": "",
        "metadata_prefix": "marcxml", "every_minutes": "60", "is_active": "on",
    }  # fmt: skip
    page = client.post(reverse("admin:catalog_harvestsource_add"), form)
    assert page.status_code == 302, page.context["errors"]
    source = HarvestSource.objects.get()
    client.post(
        reverse("admin:catalog_harvestsource_changelist"),
        {"action": "harvest", "_selected_action": [source.pk]},
    )
    assert JobRun.objects.get(task="catalog.harvest").args == {"source_id": source.pk}
