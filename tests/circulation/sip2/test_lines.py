"""Lines that say too much, nothing, or do not listen; and what each of them gets."""

import contextlib
import socket
import time

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import serving, terminal

pytestmark = pytest.mark.django_db(transaction=True)
STATUS = b"9900302.00\r"


def heard_until_the_end(line):
    heard = b""
    while more := line.recv(65536):
        heard += more
    return heard


class SlowHasher(PBKDF2PasswordHasher):
    iterations = 5_000_000


@pytest.fixture
def slow_log_in(settings):
    """A password takes about a second to check."""
    settings.PASSWORD_HASHERS = [f"{__name__}.SlowHasher"]


@pytest.fixture
def open_door(world):
    """A terminal that needs no log-in."""
    return terminal(world, address="127.0.0.1")


def test_a_silent_line_ends(open_door):
    with serving(idle_s=0.2, log_in_s=0.2) as port, Machine(port) as line:
        started = time.monotonic()

        assert line.line.recv(100) == b""
        assert time.monotonic() - started < 5


def test_a_line_beyond_the_limit_is_turned_away_and_room_is_made_again(open_door):
    with serving(connections_per_address=1) as port:
        with Machine(port) as first:
            assert first.say("9900302.00").code == "98"
            second = socket.create_connection(("127.0.0.1", port), timeout=20)
            with second, contextlib.suppress(ConnectionError):
                assert second.recv(100) == b""
        time.sleep(0.2)
        with Machine(port) as third:
            assert third.say("9900302.00").code == "98"


def test_all_that_was_asked_is_answered_in_order_to_a_line_half_closed(open_door):
    asked = [b"9900302.00AY%d\r" % (number % 10) for number in range(500)]
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"".join(asked))
        line.shutdown(socket.SHUT_WR)
        heard = heard_until_the_end(line)

    answers = heard.rstrip(b"\r").split(b"\r")
    assert [answer[-7:-6] for answer in answers] == [b"%d" % (n % 10) for n in range(500)]


def test_who_does_not_listen_is_answered_once_it_does(open_door):
    count = 3000
    with serving() as port, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(20)
        line.connect(("127.0.0.1", port))
        sent = 0
        line.setblocking(False)
        for _ in range(count):
            try:
                line.sendall(STATUS)
            except BlockingIOError:
                break
            sent += 1
        time.sleep(0.5)
        line.settimeout(20)
        line.sendall(b"\r")
        line.shutdown(socket.SHUT_WR)
        heard = heard_until_the_end(line)

    assert heard.count(b"\r") >= sent > 100


def test_who_never_listens_is_cut_off_and_the_others_are_served(open_door):
    with serving(send_s=0.5, threads=1) as port, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.settimeout(2)
        with pytest.raises(OSError):  # first its buffers are full, then nobody is there
            for _ in range(100_000):
                deaf.sendall(STATUS * 100)
        with Machine(port) as line:
            assert line.say("9900302.00").code == "98"


def test_an_answer_that_takes_too_long_is_no_and_a_goodbye(slow_log_in):
    with serving(answer_s=0.2) as port, Machine(port) as line:
        said = line.log_in("nobody")

        assert said.fixed == ["0"]
        assert line.line.recv(100) == b""


def test_a_server_that_leaves_still_sends_the_answer_under_way(slow_log_in):
    with serving() as port:
        line = socket.create_connection(("127.0.0.1", port), timeout=20)
        line.sendall(b"9300CNnobody|COpassword|\r")
        time.sleep(0.1)
    heard = heard_until_the_end(line)
    line.close()

    assert heard == b"940\r"
