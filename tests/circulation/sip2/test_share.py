"""Two processes on one port: machines are spread evenly, and stay served when one process dies."""

import os
import signal
import time
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import server_process

pytestmark = pytest.mark.server
MACHINES = 10


@pytest.fixture
def pair():
    with server_process("--workers", "2") as (port, process):
        yield port, psutil.Process(process.pid)


def lines_of(parent):
    """Established lines of each worker, fewest first."""
    found = []
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            lines = child.net_connections("tcp")
            found.append(sum(one.status == psutil.CONN_ESTABLISHED for one in lines))
    return sorted(found)


def wait_for(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_even(parent, *, lines):
    """One more is no harm: on a busy machine a process may look too late."""
    wait_for(lambda: len(found := lines_of(parent)) == 2 and sum(found) == lines)
    fewest, most = lines_of(parent)
    return most - fewest <= 2


def test_machines_are_spread_evenly_over_the_processes(pair):
    port, parent = pair
    with ExitStack() as machines:
        for _number in range(MACHINES):
            machines.enter_context(Machine(port))

        assert is_even(parent, lines=MACHINES)


def test_room_that_machines_leave_is_filled_first(pair):
    port, parent = pair
    with ExitStack() as machines:
        known = [machines.enter_context(Machine(port)) for _number in range(MACHINES)]
        assert is_even(parent, lines=MACHINES)
        left = {one.raddr.port for one in parent.children()[0].net_connections("tcp") if one.raddr}
        for machine in known:
            if machine.line.getsockname()[1] in left:
                machine.line.close()
        for _number in range(len(left)):
            machines.enter_context(Machine(port))

        assert is_even(parent, lines=MACHINES)


def test_the_other_process_takes_all_while_one_is_gone_and_the_next_takes_its_place(pair):
    port, parent = pair
    with ExitStack() as machines:
        for _number in range(4):
            machines.enter_context(Machine(port))
        assert is_even(parent, lines=4)
        gone = parent.children()[0]
        lost = len(gone.net_connections("tcp")) - 1  # one is the port itself
        os.kill(gone.pid, signal.SIGKILL)

        for _number in range(2):
            machines.enter_context(Machine(port))
        wait_for(lambda: sum(lines_of(parent)) == 6 - lost)
        wait_for(lambda: len(parent.children()) == 2)
        for _number in range(4):
            machines.enter_context(Machine(port))

        assert is_even(parent, lines=10 - lost)
