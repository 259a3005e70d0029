"""Who arrives while a transaction runs shares the next one; nobody meets another's error."""

import threading
import time

import pytest

from circulation.actions.group.lane import Lane

pytestmark = pytest.mark.timeout(60)


def run_all(lane, calls):
    """Each call in a thread of its own; what each got, by call."""
    got = {}

    def run(call):
        got[call] = lane.run(call)

    run_in_threads(run, calls)
    return got


def run_in_threads(target, calls):
    threads = [threading.Thread(target=target, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_single_caller_goes_at_once_and_alone():
    batches = []

    def commit(calls):
        batches.append(list(calls))
        return [call * 2 for call in calls]

    lane = Lane(commit, keys=lambda call: [call])

    assert lane.run(21) == 42
    assert batches == [[21]]


def test_callers_who_keep_coming_back_are_waited_for_and_share_every_batch():
    batches = []

    def commit(calls):
        batches.append(len(calls))
        time.sleep(0.005)
        return list(calls)

    lane = Lane(commit, keys=lambda call: [call], company_s=1)
    turns = 20

    def come_back(caller):
        for turn in range(turns):
            lane.run((caller, turn))
            time.sleep(0.001 * caller)  # some are slower

    run_in_threads(come_back, range(4))

    assert sum(batches) == 4 * turns
    assert batches.count(4) >= turns - 4  # not while they gather, nor when the first has gone


def test_who_comes_no_more_is_waited_for_once():
    started = []

    def commit(calls):
        started.append(time.monotonic())
        return list(calls)

    lane = Lane(commit, keys=lambda call: [call], company_s=0.2)
    lane._expected = 3  # as after a batch of three

    asked = [time.monotonic()]
    lane.run(1)
    asked.append(time.monotonic())
    lane.run(2)

    assert 0.2 <= started[0] - asked[0] < 5
    assert started[1] - asked[1] < 0.2


def test_callers_who_come_meanwhile_share_the_next_batch():
    first_is_running, may_end = threading.Event(), threading.Event()
    batches = []

    def commit(calls):
        batches.append(list(calls))
        if len(batches) == 1:
            first_is_running.set()
            may_end.wait(20)
        return list(calls)

    lane = Lane(commit, keys=lambda call: [call])
    leader = threading.Thread(target=lane.run, args=(0,))
    leader.start()
    first_is_running.wait(20)
    followers = [threading.Thread(target=lane.run, args=(n,)) for n in range(1, 11)]
    for thread in followers:
        thread.start()
    while len(lane._waiting) < 10:
        time.sleep(0.005)
    may_end.set()
    for thread in (leader, *followers):
        thread.join(20)

    assert [len(batch) for batch in batches] == [1, 10]


def test_a_batch_holds_at_most_so_many_and_no_key_twice():
    batches = []

    def commit(calls):
        batches.append(list(calls))
        time.sleep(0.002)
        return list(calls)

    lane = Lane(commit, keys=lambda call: [call % 10], most=4)

    got = run_all(lane, range(60))

    assert got == {n: n for n in range(60)}
    assert max(map(len, batches)) <= 4
    assert all(len({call % 10 for call in batch}) == len(batch) for batch in batches)
    assert sorted(call for batch in batches for call in batch) == list(range(60))


def test_a_batch_that_fails_sends_everybody_to_act_alone():
    def commit(calls):
        if 13 in calls:
            raise RuntimeError("unlucky")
        return [str(call) for call in calls]

    lane = Lane(commit, keys=lambda call: [call], most=5)

    got = run_all(lane, range(40))

    assert got[13] is None
    assert {call: answer for call, answer in got.items() if answer is not None} == {
        call: str(call) for call, answer in got.items() if answer is not None
    }
    assert lane.run(50) == "50"  # the lane is free again


def test_the_lane_is_handed_on_until_nobody_waits():
    lane = Lane(list, keys=lambda call: [call], most=3)

    for _ in range(20):
        run_all(lane, range(24))

    assert not lane._is_busy
    assert not lane._waiting
