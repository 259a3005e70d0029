"""`kill -9` in the middle of a batch: after the restart the counts are those of a quiet run."""

import json
import time

import pytest
import requests

from tests.catalog.files import cnmarc, many
from tests.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900)]

RECORDS = 4000
PREPARE = """
from datetime import datetime, UTC
from library_net.network.models import Agency, Branch, MemberKey
for code in ("JJ", "ZY"):
    agency = Agency.objects.create(code=code, name_zh=code, kind="city")
    Branch.objects.create(code=f"{code}-MAIN", agency=agency, name_zh=code, kind="main")
print(MemberKey.issue(agency=agency, label="t", now=datetime.now(UTC))[1])
"""
LOOK = """
import hashlib, json
from catalog.models import *
from catalog.models.feed import number_changes
number_changes()
batch = Batch.objects.latest("pk")
names = ("records created updated unchanged deleted quarantined repeated merged"
         " items_created items_updated next_offset next_position state")
groups = {}
for union, agency, key, digest in SourceRecord.objects.values_list(
    "manifestation_id", "agency__code", "source_key", "digest"
):
    groups.setdefault(union, []).append((agency, key, digest))
editions = sorted(sorted(g) for g in groups.values())
items = sorted(Item.objects.values_list("barcode", "source_record__source_key", "status"))
keys = MatchKey.objects.count(), MatchEvidence.objects.count(), Work.objects.count()
rejects = sorted(Reject.objects.values_list("position", "offset", "length", "code"))
text = json.dumps([editions, items, keys, rejects])
print(json.dumps({
    **{name: getattr(batch, name) for name in names.split()},
    "job": batch.job.state,
    "everything": hashlib.sha256(text.encode()).hexdigest(),
}))
"""


def weekly_file():
    """Twins of another member's records, copies, a repeated number, damage, a deletion."""
    start = many(RECORDS // 2, copies=1, prefix="Z", branch="ZY-MAIN")
    middle = (
        cnmarc("twice", "初稿之书", "某甲乙") + b"DAMAGED\x1d" + cnmarc("Z000007", "", status="d")
    )
    end = many(RECORDS // 2, start=RECORDS // 2, copies=1, prefix="Z", branch="ZY-MAIN")
    return start + middle + end + cnmarc("twice", "定稿之书", "某甲乙")


@pytest.fixture
def small_steps(site):
    site.stop()
    site.environment["LIBRARY_NET_INGEST_CHUNK"] = "100"
    return site


def prepared(site, folder):
    """A key for ZY, and JJ's half of the twins already in the catalogue."""
    key = site.python(PREPARE).strip().splitlines()[-1]
    base = folder / "base.mrc"
    base.write_bytes(many(300))
    site.manage("import_marc", "--agency", "JJ", str(base))
    return key


def look(site):
    return json.loads(site.python(LOOK).strip().splitlines()[-1])


def quiet_run(folder, blank, data):
    """What an undisturbed import of the same file gives, in a world of its own."""
    site = Site(data_dir=folder / "quiet")
    site.environment["LIBRARY_NET_INGEST_CHUNK"] = "100"
    site.prepare(like=blank)
    prepared(site, folder)
    (folder / "weekly.mrc").write_bytes(data)
    site.manage("import_marc", "--agency", "ZY", str(folder / "weekly.mrc"))
    return look(site)


def test_a_batch_killed_in_the_middle_ends_as_if_nothing_had_happened(
    small_steps, tmp_path, blank_site
):
    site, data = small_steps, weekly_file()
    headers = {"Authorization": f"Key {prepared(site, tmp_path)}"}
    site.start()
    answer = requests.post(f"{site.url}/api/v1/batches/", data=data, headers=headers, timeout=60)
    assert answer.status_code == 202, answer.text
    where = site.url + answer.headers["Location"]

    kills = 0
    for share in (0.2, 0.5):
        wait_for(where, headers, share=share, site=site)
        site.kill()
        kills += 1
        site.start()
    done = wait_for(where, headers, share=1.0, site=site)

    assert kills == 2
    assert done["state"] == "done", done
    killed, quiet = look(site), quiet_run(tmp_path, blank_site, data)
    assert killed == quiet
    assert killed["created"] == RECORDS + 1
    assert killed["merged"] >= 250
    assert killed["quarantined"] == killed["repeated"] == killed["deleted"] == 1


def wait_for(where, headers, *, share, site):
    """Poll until that share of the bytes is read (and, for all of them, the batch is over)."""
    deadline = time.monotonic() + 300
    batch = {}
    while time.monotonic() < deadline:
        try:
            batch = requests.get(where, headers=headers, timeout=20).json()
        except requests.ConnectionError:
            time.sleep(0.2)
            continue
        progress = batch["progress"]
        if progress["done"] >= share * progress["total"] and (
            share < 1 or batch["state"] in ("done", "failed")
        ):
            return batch
        time.sleep(0.02)
    raise AssertionError(f"{batch}\n{site.log()}")
