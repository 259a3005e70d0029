"""Whatever is sent to the catalogue's doors is answered or refused in the door's own words.

The test client lets exceptions through, so a traceback fails the test at once. PostgreSQL refuses
texts with NUL and numbers beyond eight bytes, which SQLite takes: both databases run this.
"""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Batch, Reject
from catalog.search.follow import rebuild
from catalog.search.index import shared_index
from tests.catalog.files import cnmarc, cnmarc_fields, many, marc21, marcxml
from tests.catalog.members import work
from tests.catalog.sync.member import Changer, delete, upsert
from tests.world import World

pytestmark = pytest.mark.django_db

NASTY = [
    *("", " ", "0", "-1", "1", "9" * 30, str(2**31), str(2**63), "1e9", "\u0663", "NaN", "null"),
    *("\x00", "a\x00b", "\ud800", "\uffff", "\U0001f004", "\u202eabc", "'", '"', "\\", "%", "%00"),
    *(
        "../..",
        "m1",
        "w1",
        "JJ",
        "ab",
        "abcd",
        "full",
        "delta",
        "marcxml",
        "marc",
        "jsonld",
        "json",
    ),
    *(
        "cnmarc",
        "utf-8",
        "gb18030",
        "title",
        "x" * 5000,
        "射雕",
        "ＳＤＹＸＺ",
        "a AND (b",
        "*",
        "[]",
    ),
    *("{}", "2026-02-30", "true"),
]
texts = st.sampled_from(NASTY) | st.text(max_size=20)
NAMES = [
    *("q", "page", "limit", "cursor", "sort", "available", "branch", "language", "material"),
    *("block", "agency", "format", "dialect", "mode", "sequence", "encoding", "filename"),
    *("barcode", "record", "owner"),
]
queries = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=4), texts), max_size=4)
PATHS = [
    *("batches/", "rejects/", "report/", "reconciliation/", "items/", "search/", "changes/"),
    *("records/m1/", "records/w1/", f"records/m{'9' * 30}/", "records/x/", "rejects/1/"),
    *(f"rejects/{'9' * 25}/", "batches/00000000-0000-0000-0000-000000000000/"),
    *("items/JJ/N0/", "items/%00/%00/"),
]
ACCEPTS = ["*/*", "application/json", "application/marcxml+xml", "application/marc", "text/html"]
ACCEPTS += ["x", "a/b;q=z"]
KINDS = [
    *("application/json", "text/csv", "application/marc", "application/x-ndjson", ""),
    *("multipart/form-data", "multipart/form-data; boundary=x"),
]
PROBLEM = "application/problem+json"


def coded(text):
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def address(path, pairs):
    return f"/api/v1/{path}?" + "&".join(f"{coded(name)}={coded(value)}" for name, value in pairs)


def assert_in_our_words(answer):
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"].startswith(PROBLEM), answer.content
        document = json.loads(answer.content)
        assert {"title", "status", "code"} <= document.keys()


@pytest.fixture
def jinjiang(settings, tmp_path):
    """A member with records, copies, a reject and an index to search in."""
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    member = Changer(World.build(), "JJ")
    member.send(many(4, copies=1) + b"????\x1d")
    index = shared_index(settings.SEARCH_INDEX_PATH)
    rebuild(index)
    yield member
    index.close()


def test_any_question_at_all_is_answered_or_refused(jinjiang):
    @given(st.sampled_from(PATHS), queries, st.sampled_from(ACCEPTS))
    def asked(path, pairs, accept):
        assert_in_our_words(jinjiang.client.get(address(path, pairs), headers={"Accept": accept}))

    asked()


def test_any_cursor_but_our_own_is_refused_by_name(jinjiang):
    jinjiang.send(many(3, start=10))
    following = jinjiang.get("changes/", limit="1").json()["next"]
    spoilt = st.tuples(st.integers(0, len(following) - 1), st.characters()).map(
        lambda change: following[: change[0]] + change[1] + following[change[0] + 1 :]
    )
    given_texts = st.text(min_size=1) | spoilt.filter(lambda text: text != following)

    @given(st.sampled_from(["changes/", "batches/", "rejects/"]), given_texts)
    def refused(path, text):
        answer = jinjiang.client.get(address(path, [("cursor", text)]))
        assert_in_our_words(answer)
        assert answer.json()["code"] == "bad_cursor"

    refused()


leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["blocks", "within", "00", "ab", "abcd", "digest", "op", "sequence",
                         "control_number", "record", "barcode", "status"]) | st.text(max_size=3),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def as_json(tree):
    return json.dumps(tree).encode()


def test_any_body_at_all_is_answered_or_refused(jinjiang):
    bodies = st.binary(max_size=200) | trees.map(as_json)
    kinds = st.sampled_from(KINDS)
    doors = st.sampled_from(
        ["batches/", "records/changes/", "reconciliation/", "items/", f"rejects/{reject_id()}/"]
    )

    @given(doors, queries, kinds, bodies)
    def sent(path, pairs, kind, body):
        assert_in_our_words(
            jinjiang.client.generic("POST", address(path, pairs), body, content_type=kind)
        )

    sent()
    work()
    assert not Batch.objects.exclude(state="done").exists()


def reject_id():
    return Reject.objects.order_by("pk").values_list("pk", flat=True).first()


def test_any_list_of_changes_is_read_to_its_end(jinjiang):
    record = cnmarc("a", "甲")
    sound = [
        upsert("a", 1, record),
        delete("a", 2),
        upsert("a", 3, marcxml(cnmarc_fields("a", "甲")).decode()),
    ]

    @given(st.lists(st.sampled_from(sound) | trees, max_size=5))
    def read(changes):
        answer = jinjiang.post_changes(changes) if changes else jinjiang.post_changes([{}])
        assert_in_our_words(answer)

    read()
    work()
    assert not Batch.objects.exclude(state="done").exists()


def test_any_damage_to_a_file_is_read_to_its_end_with_every_byte_accounted_for(jinjiang):
    sound = many(3, copies=1) + cnmarc("g", "茶馆", "老舍", encoding="gb18030")
    sound += marc21("m", "Han", "Lao, She", han=("茶馆", "老舍", "人民"))
    spans = st.tuples(st.integers(0, len(sound)), st.integers(0, 60), st.binary(max_size=40))
    modes = st.sampled_from(["full", "delta"])

    @given(st.lists(spans, min_size=1, max_size=4), modes, st.integers(0, 5))
    def read(damages, mode, sequence):
        data = sound
        for at, length, noise in damages:
            data = data[:at] + noise + data[at + length :]
        answer = jinjiang.post(data, mode=mode, sequence=sequence)
        if not data or answer.status_code != 202:
            assert_in_our_words(answer)
            return
        work()
        batch = jinjiang.client.get(answer["Location"]).json()
        counts = batch["counts"]
        assert batch["state"] == "done", batch
        assert batch["progress"]["done"] == batch["progress"]["total"] == len(data)
        told = [one["code"] for one in jinjiang.rejects(batch)]
        assert counts["quarantined"] <= len(told)
        assert counts["lost"] <= counts["quarantined"]

    read()
