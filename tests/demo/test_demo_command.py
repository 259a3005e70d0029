"""`manage.py demo --headless`, as a process, on a folder of its own: the acceptance story."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from library_net.demo.management.commands.demo import free_port, is_loopback
from library_net.demo.marcfiles import write_files
from library_net.demo.sources import FolderSource, looks_like_marc

ROOT = Path(__file__).resolve().parent.parent.parent
STORY = ["register", "checkout", "request", "renewal", "checkin", "transit", "collect"]
STEPS = ["ground", "catalogues", "history", "sync", "merge", "search", *STORY]
STEPS += ["plan", "review", "vans", "statements", "books"]


def demo(data_dir, *more, expect=0):
    environment = {**os.environ, "LIBRARY_NET_DATA_DIR": str(data_dir)}
    for name in ("LIBRARY_NET_DATABASE_URL", "LIBRARY_NET_BROKER_URL"):
        environment.pop(name, None)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--headless", "--port", "0", *map(str, more)],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == expect, done.stderr[-4000:]
    summary = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}
    return summary, time.monotonic() - began, done


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    summary, _seconds, done = demo(folder)
    return folder, summary, done


@pytest.mark.server
def test_every_step_of_the_main_job_holds(world):
    _folder, summary, _done = world

    assert summary["ok"]
    assert list(summary["steps"]) == STEPS
    assert all(step["held"] for step in summary["steps"].values())


@pytest.mark.server
def test_the_json_stands_alone_on_standard_output(world):
    _folder, _summary, done = world

    assert len(done.stdout.strip().splitlines()) == 1
    assert "锦江区图书馆" in done.stderr


@pytest.mark.server
def test_records_of_several_members_meet_and_each_join_has_evidence(world):
    merge = world[1]["steps"]["merge"]

    assert merge["union_records_out"] < merge["records_in"]
    assert merge["across_members"] > 300
    assert merge["evidence"] >= merge["records_in"] - merge["union_records_out"]


@pytest.mark.server
def test_damage_is_set_aside_and_the_rest_of_the_file_arrives(world):
    sync = world[1]["steps"]["sync"]

    assert sync["quarantined"] == 3
    assert sync["created"] >= 100


@pytest.mark.server
def test_no_resident_id_is_written_in_clear_anywhere(world):
    folder, _summary, done = world
    from library_net.demo.world import CHUAN, XUE

    for person in (XUE, CHUAN):
        assert person.number not in done.stdout + done.stderr
        for path in folder.rglob("*"):
            if path.is_file():
                assert person.number.encode() not in path.read_bytes(), path


@pytest.mark.server
def test_a_second_start_plays_nothing_twice_and_is_quick(world):
    summary, seconds, _done = demo(world[0])

    assert summary["ok"]
    assert summary["played"] is False
    assert seconds < 20  # 8 on an idle machine; tests share two cores


@pytest.mark.server
def test_a_folder_of_others_files_goes_the_same_way(tmp_path):
    """A small folder with the same books twice, once gzipped, and a file that is no MARC."""
    import gzip

    folder = tmp_path / "marc"
    for file in write_files(folder):
        if file.member.prefix not in ("JJ", "ZY", "SC", "GH") or file.is_live:
            file.path.unlink()
    packed = folder / "deep" / "again.mrc.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(next(folder.glob("*SCL*")).read_bytes()))
    (folder / "README.md").write_text("not a record")

    summary, _seconds, _done = demo(tmp_path / "data", "--marc", folder)

    assert summary["ok"], summary
    assert summary["steps"]["catalogues"]["skipped"] == 1
    merge = summary["steps"]["merge"]
    assert merge["union_records_out"] < merge["records_in"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    _summary, _seconds, done = demo(tmp_path, "--marc", "/no/such/folder", expect=1)

    assert "/no/such/folder" in done.stderr


def test_files_are_dealt_so_that_neighbours_meet_at_different_members(tmp_path):
    for name in ("a.mrc", "a.xml", "b.mrc"):
        (tmp_path / name).write_bytes(b"00026nam a2200025   4500\x1e\x1d" * (1 + (name == "a.xml")))

    source = FolderSource(tmp_path, ["M1", "M2"], first=["M1"], parts=tmp_path / "parts")

    # The largest goes to the first member, who lends in the story.
    assert [s.agency for s in source.catalogues()] == ["M2", "M1", "M2"]


def test_a_lone_file_is_dealt_record_by_record_and_loses_nothing(tmp_path):
    records = [b"000%02dnam a22 %d\x1e\x1d" % (20, n) for n in range(7)]
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "only.mrc").write_bytes(b"".join(records))

    members = ["M1", "M2", "M3"]
    source = FolderSource(tmp_path / "one", members, first=["M1"], parts=tmp_path / "parts")

    dealt = source.catalogues()
    assert {s.agency for s in dealt} == {"M1", "M2", "M3"}
    again = b"".join(s.path.read_bytes() for s in dealt)
    assert sorted(again.split(b"\x1d")) == sorted(b"".join(records).split(b"\x1d"))


def test_readmes_and_hidden_files_are_no_marc(tmp_path):
    for name, data in ((".x.mrc", b"00026"), ("README.md", b"# text"), ("empty.mrc", b"")):
        (tmp_path / name).write_bytes(data)
        assert not looks_like_marc(tmp_path / name)


def test_a_busy_port_gives_the_next_free_one():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert free_port("127.0.0.1", busy) > busy
    assert free_port("127.0.0.1", 0) == 0


def test_only_this_machine_counts_as_loopback():
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("192.168.1.9")
