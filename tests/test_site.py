"""The site starts, answers, survives a power cut and stops when asked, in both ways to run."""

import signal
import time

import pytest
import requests

pytestmark = pytest.mark.server


def test_an_empty_site_answers_readers_and_programs(site):
    page = requests.get(site.url + "/", timeout=10)
    api = requests.get(site.url + "/api/v1/batches/", timeout=10)

    assert page.status_code == 200, site.log()
    assert page.headers["Content-Language"] == "zh-hans"
    assert api.status_code in {401, 403, 405}
    assert api.headers["Content-Type"].startswith("application/problem+json")


def test_pages_forbid_scripts_and_styles_from_elsewhere(site):
    policy = requests.get(site.url + "/", timeout=10).headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_every_process_stops_cleanly_when_asked(site, how):
    browser = requests.Session()  # keeps its connection open, as browsers do
    browser.get(site.url + "/", timeout=10)
    started = time.monotonic()

    codes = site.stop(how=how)

    assert time.monotonic() - started < 15, site.log()
    if how == signal.SIGINT:
        codes.pop("worker", None)  # Celery's own worker answers a Ctrl-C with 1
    assert all(code == 0 for code in codes.values()), (codes, site.log())
    assert "Traceback" not in site.log()


def test_a_killed_site_starts_again_and_answers(site):
    site.kill()
    site.start()

    assert requests.get(site.url + "/", timeout=10).status_code == 200
