"""A member's own system in miniature: its records, its sequence, and the reference client.

`differences` is the algorithm of docs/sync.md as a member would write it.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from tests.catalog.members import Sender, work

EMPTY = "0" * 64


def digests(records, width):
    """Blocks of ``width`` hex digits: the sum of SHA-256(key, 0, SHA-256(bytes)) modulo 2**256."""
    sums = {}
    for key, data in records.items():
        block = hashlib.sha256(key.encode()).hexdigest()[:width]
        text = key.encode() + b"\x00" + hashlib.sha256(data).hexdigest().encode()
        proof = int.from_bytes(hashlib.sha256(text).digest())
        sums[block] = (sums.get(block, 0) + proof) % 2**256
    return {block: f"{total:064x}" for block, total in sums.items()}


def differences(client, records):
    """Control numbers the two sides differ in, in at most three round trips."""
    path, trips = "/api/v1/reconciliation/", 1
    mine = digests(records, 2)
    top = client.post(path, {"blocks": mine}, format="json").json()["differing"]
    if not top:
        return set(), trips
    mine = {name: value for name, value in digests(records, 4).items() if name[:2] in top}
    body = {"within": sorted(top), "blocks": mine}
    blocks = client.post(path, body, format="json").json()["differing"]
    found = client.get(path, {"block": ",".join(sorted(blocks))}).json()["records"]
    theirs = {row["control_number"]: row["digest"] for row in found}
    ours = {
        key: hashlib.sha256(data).hexdigest()
        for key, data in records.items()
        if hashlib.sha256(key.encode()).hexdigest()[:4] in blocks
    }
    return {key for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)}, 3


def upsert(number, sequence, record):
    text = base64.b64encode(record).decode() if isinstance(record, bytes) else record
    return {"op": "upsert", "control_number": number, "sequence": sequence, "record": text}


def delete(number, sequence):
    return {"op": "delete", "control_number": number, "sequence": sequence}


@dataclass(slots=True)
class Changer(Sender):
    """Sends single changes as well as files."""

    path: str = field(default="/api/v1/records/changes/")

    def post_changes(self, changes):
        lines = b"\n".join(json.dumps(change).encode() for change in changes)
        return self.client.post(self.path, lines, content_type="application/x-ndjson")

    def change(self, *changes):
        answer = self.post_changes(changes)
        assert answer.status_code == 202, answer.content
        work()
        return self.client.get(answer["Location"]).json()

    def tree(self):
        answer = self.get("reconciliation/").json()
        return answer["count"], answer["digest"]
