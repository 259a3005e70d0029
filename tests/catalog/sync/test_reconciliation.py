"""Both sides find every record they differ in, in three round trips, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.digests import block_of, differing, digests_by_block, proof_of
from tests.catalog.files import cnmarc, cnmarc_fields, marcxml
from tests.catalog.sync.member import Changer, differences, digests, upsert

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    return {f"n{i:05d}": cnmarc(f"n{i:05d}", f"书之{i}", "甲") for i in range(60)}


def test_a_member_that_sent_all_it_has_finds_no_difference(jinjiang, library):
    jinjiang.send(b"".join(library.values()), sequence=1)
    assert differences(jinjiang.client, library) == (set(), 1)
    answer = jinjiang.get("reconciliation/").json()
    assert (answer["count"], answer["unread_batches"], answer["last_sequence"]) == (60, 0, 1)


def test_marcxml_and_lines_between_records_have_the_bytes_members_think_they_have(jinjiang):
    iso = {f"i{i}": cnmarc(f"i{i}", f"书之{i}", "甲") for i in range(3)}
    jinjiang.send(b"\r\n".join(iso.values()) + b"\r\n")
    file = marcxml(*(cnmarc_fields(f"x{i}", f"卷之{i}", "乙") for i in range(3)))
    found = re.findall(rb"<record.*?</record>", file, re.DOTALL)
    jinjiang.send(file)
    xml = {f"x{i}": record for i, record in enumerate(found)}
    text = found[0].decode().replace("x0", "x9")
    jinjiang.change(upsert("x9", 1, text))

    assert differences(jinjiang.client, {**iso, **xml, "x9": text.encode()}) == (set(), 1)


def test_lost_changed_and_surplus_records_are_found_in_three_trips(jinjiang, library):
    jinjiang.send(b"".join(library.values()))
    mine = dict(library)
    del mine["n00003"]
    mine["n00017"] = cnmarc("n00017", "改过", "甲")
    mine["n90000"] = cnmarc("n90000", "新的", "甲")

    assert differences(jinjiang.client, mine) == ({"n00003", "n00017", "n90000"}, 3)


def test_repairing_the_differences_makes_both_sides_equal(jinjiang, library):
    numbers = sorted(library)
    jinjiang.send(b"".join(library[key] for key in numbers[:50]))
    found, _trips = differences(jinjiang.client, library)
    assert found == set(numbers[50:])

    jinjiang.change(*(upsert(key, 9, library[key]) for key in sorted(found)))
    assert differences(jinjiang.client, library) == (set(), 1)


def test_the_tree_grows_together_from_its_parts(jinjiang, library):
    jinjiang.send(b"".join(library.values()))
    top = jinjiang.get("reconciliation/").json()
    assert {name: block["digest"] for name, block in top["blocks"].items()} == digests(library, 2)

    name = next(iter(top["blocks"]))
    inside = jinjiang.get("reconciliation/", block=name).json()["blocks"]
    total = sum(int(block["digest"], 16) for block in inside.values()) % 2**256
    assert f"{total:064x}" == top["blocks"][name]["digest"]
    assert sum(block["count"] for block in inside.values()) == top["blocks"][name]["count"]

    rows = jinjiang.get("reconciliation/", block=",".join(inside)).json()["records"]
    assert sorted(row["block"] for row in rows) == sorted(
        name for name, block in inside.items() for _ in range(block["count"])
    )


def test_a_record_confirmed_by_a_full_file_has_its_sequence(jinjiang, library):
    jinjiang.send(b"".join(library.values()), sequence=3)
    jinjiang.send(b"".join(library.values()), mode="full", sequence=8)
    name = next(iter(jinjiang.get("reconciliation/").json()["blocks"]))
    inside = jinjiang.get("reconciliation/", block=name).json()["blocks"]
    rows = jinjiang.get("reconciliation/", block=",".join(inside)).json()["records"]
    assert {row["sequence"] for row in rows} == {8}


def test_a_member_sees_its_own_tree_only(world, jinjiang, library):
    jinjiang.send(b"".join(library.values()))
    other = Changer(world, "ZY")
    assert other.tree() == (0, "0" * 64)
    assert other.get("reconciliation/", agency="JJ").status_code == 403


@pytest.mark.parametrize("block", ["x", "abc", "ab,abcd", "é0", "-1"])
def test_a_block_that_is_none_is_refused(jinjiang, block):
    answer = jinjiang.get("reconciliation/", block=block)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_block")


@pytest.mark.parametrize(
    "body", [[], {}, {"blocks": []}, {"blocks": {"zz": "0" * 64}}, {"blocks": {"00": "12"}}]
)
def test_digests_that_are_none_are_refused(jinjiang, body):
    answer = jinjiang.client.post("/api/v1/reconciliation/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_block_digests")


def test_one_query_reads_the_whole_tree_from_its_index(
    jinjiang, library, django_assert_num_queries
):
    from django.db import connection

    from catalog.sync_readers.reconciliation import _living, digest_tree

    jinjiang.send(b"".join(library.values()))
    with django_assert_num_queries(1):
        digest_tree(agency_id=jinjiang.world.agencies["JJ"].pk)
    if connection.vendor == "sqlite":
        rows = _living(jinjiang.world.agencies["JJ"].pk).values_list(
            "block", "source_key", "digest"
        )
        assert "COVERING INDEX digest_tree" in rows.explain()


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=4), max_size=30))
def test_the_order_of_records_plays_no_part(records):
    import hashlib

    rows = [
        (f"{block_of(key):02x}", key, hashlib.sha256(data).hexdigest())
        for key, data in records.items()
    ]
    tree = digests_by_block(rows)
    assert tree == digests_by_block(reversed(rows))
    assert {name: one.digest for name, one in tree.items()} == digests(records, 2)
    assert differing(tree, {name: one.digest for name, one in tree.items()}) == []


def test_neither_key_nor_content_can_stand_in_for_the_other():
    assert proof_of("a", "b" * 64) != proof_of("ab", "b" * 63)
