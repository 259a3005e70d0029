"""Frames nobody should send, many of them: mutations of a day's frames, and noise.

    python -m tests.circulation.sip2.fuzz --size 200000     (with a database of its own: SQLite)
    python -m tests.services -- python -m tests.circulation.sip2.fuzz --size 200000    (PostgreSQL)

Between the noise real loans are made and returned. In the end the server still answers, every copy
is in one place, no copy has two open loans, and what a reader was told is what is written.
"""

import argparse
import random
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from tests.circulation.sip2.machine import Machine, check_sum, read_answer, stamp

LINES = 8
BATCH = 50  # frames sent before their answers are read
SILENCE_S = 120  # a server that says nothing for so long has failed
LOGIN = "9300CNmachine|COsecret-1|CP|"  # rarely: a password is slow to check on purpose
TEMPLATES = (
    "9900302.00",
    "23019{now}AOJJ|AA{card}|AC|AD|",
    "63019{now}  Y       AOJJ|AA{card}|AC|",
    "35{now}AOJJ|AA{card}|AC|",
    "11NN{now}{blank}AOJJ|AA{card}|AB{book}|AC|",
    "11YN{now}{blank}AOJJ|AA{card}|AB{book}|AC|",
    "11NY{now}{blank}AOJJ|AA{card}|AB{book}|AC|",
    "09N{now}{now}AP|AOJJ|AB{book}|AC|",
    "09Y{now}{now}AP|AOJJ|AB{book}|AC|",
    "29NN{now}{blank}AOJJ|AA{card}|AB{book}|AC|",
    "65{now}AOJJ|AA{card}|AC|",
    "15+{now}AOJJ|AA{card}|AB{book}|AC|",
    "15-{now}AOJJ|AA{card}|AB{book}|AC|",
    "17{now}AOJJ|AB{book}|AC|",
    "19{now}AOJJ|AB{book}|AC|CHx|",
    "37{now}0400CNYBV1.00|AOJJ|AA{card}|AC|",
    "25{now}AOJJ|AA{card}|AC|",
    "97",
)


def frames(size, *, cards, books, seed):
    """So many frames: a tenth well formed, the others broken before or after their checksum."""
    dice = random.Random(seed)
    for number in range(size):
        kind = dice.random()
        if kind < 0.2:
            yield bytes(dice.randrange(256) for _ in range(dice.randrange(1, 60))) + b"\r"
            continue
        template = LOGIN if dice.random() < 0.005 else dice.choice(TEMPLATES)
        body = template.format(
            now=stamp(), blank=" " * 18, card=dice.choice(cards), book=dice.choice(books)
        )
        data = body.encode()
        if kind < 0.55:
            data = mutate(data, dice)
        data += b"AY%dAZ" % (number % 10)
        data += check_sum(data).encode()
        if kind >= 0.65:
            data = mutate(data, dice)  # as a bad line would: the checksum tells
        yield data.replace(b"\r", b"") + b"\r"


def mutate(data, dice):
    broken = bytearray(data)
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(broken) + 1)
        act = dice.randrange(5)
        if act == 0 and broken:
            broken[min(place, len(broken) - 1)] = dice.randrange(256)
        elif act == 1:
            broken[place:place] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 5)))
        elif act == 2:
            del broken[place : place + dice.randrange(1, 6)]
        elif act == 3:
            broken[place:place] = dice.choice((b"|", b"AA|", b"AB", b"\x00", b"'--", b"%s", b"\n"))
        else:
            broken += broken[place:] * dice.randrange(1, 3)
    return bytes(broken)


def attack(port, *, size, cards, books, seed=1, lines=LINES, tell=lambda done: None):
    """Send them all over several lines; how often each answer came. Raises on one not well formed.

    Every line has its own share of the frames, drawn from its own seed, and always the next batch
    under way while the answers to the last are read.
    """
    shares = [size // lines + (number < size % lines) for number in range(lines)]
    with ThreadPoolExecutor(lines) as pool:
        running = [
            pool.submit(
                _Line(port, tell=tell).send_all,
                frames(share, cards=cards, books=books, seed=seed * 1000 + number),
            )
            for number, share in enumerate(shares)
        ]
    return sum((line.result() for line in running), Counter())


class _Line:
    """One machine gone mad, which connects again when the server has had enough of it."""

    def __init__(self, port, *, tell):
        self._port, self._tell = port, tell
        self._machine = None
        self._seen = Counter()

    def send_all(self, given):
        for batch in iter(lambda: list(islice(given, BATCH)), []):
            self._send(batch)
            self._tell(len(batch))
        if self._machine is not None:
            self._machine.hang_up()
        return self._seen

    def _send(self, batch):
        """A keep-alive stands behind it: its answer proves that all before it were handled."""
        try:
            machine = self._connected()
            marker = machine.frame("9900302.00", sequence=9)
            machine.line.sendall(b"".join(batch) + b"\r" + marker)
            while True:
                answer = read_answer(_next(machine))
                self._seen[answer.code] += 1
                if answer.code == "98" and answer.sequence == "9":
                    break
        except ConnectionError:
            self._seen["hung up"] += 1  # too much nonsense in a row: the server may say goodbye
            if self._machine is not None:
                self._machine.hang_up()
            self._machine = None
        else:
            self._seen["batches"] += 1

    def _connected(self):
        if self._machine is None:
            self._machine = Machine(self._port)
            self._machine.connect()
            self._machine.line.settimeout(SILENCE_S)
            assert self._machine.log_in().fixed == ["1"]
        return self._machine


def _next(machine):
    while b"\r" not in machine.unread:
        more = machine.line.recv(65536)
        if not more:
            raise ConnectionError
        machine.unread = (machine.unread + more).lstrip(b"\n")
    data, _end, machine.unread = machine.unread.partition(b"\r")
    return data + b"\r"


def check_the_books():
    """Nothing lost, nothing doubled: rows agree with events, one open loan a copy at most."""
    from circulation.actions.check_item_events import check_item_events
    from circulation.models import Loan

    findings = check_item_events().findings
    assert not findings, findings[:5]
    open_loans = Counter(Loan.objects.filter(closed_at=None).values_list("item_id", flat=True))
    assert all(count == 1 for count in open_loans.values())


def main():
    """A database of its own, migrated and thrown away; see the head of this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    import os
    import tempfile
    import time

    with tempfile.TemporaryDirectory() as folder:
        os.environ["LIBRARY_NET_DATA_DIR"] = folder
        os.environ["LIBRARY_NET_LOG_LEVEL"] = "ERROR"
        os.environ["DJANGO_SETTINGS_MODULE"] = "library_net.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from django.db import connection

        from tests.circulation.sip2.running import server_process

        cards, books = stock()
        workers = 2 if connection.vendor == "postgresql" else 1
        started = time.perf_counter()
        done = Progress(arguments.size)
        with server_process("--workers", str(workers)) as (port, process):
            seen = attack(
                port,
                size=arguments.size,
                cards=cards,
                books=books,
                seed=arguments.seed,
                tell=done,
            )
            with Machine(port) as line:
                assert line.log_in().fixed == ["1"], "the server does not answer"
            assert process.poll() is None, "the server ended"
        check_the_books()
    took = time.perf_counter() - started
    print(f"{arguments.size:,} frames in {took:.0f} s; answers: {dict(sorted(seen.items()))}")
    return 0


class Progress:
    """Says how far it is, every 5,000 frames."""

    def __init__(self, size):
        self._size, self._sent, self._lock = size, 0, threading.Lock()

    def __call__(self, more):
        with self._lock:
            before, self._sent = self._sent, self._sent + more
            if before // 5000 != self._sent // 5000:
                print(f"  {self._sent:,} of {self._size:,} frames", flush=True)


def stock():
    """Readers, books and the terminal the frames speak of."""
    from tests.circulation.sip2.running import terminal
    from tests.world import World, card_of

    world = World.build()
    terminal(world)
    books = [world.item(f"书{n}", at=at).barcode for n in range(8) for at in ("JJ-MAIN", "ZY-MAIN")]
    cards = [card_of(patron) for patron in world.patrons.values()]
    return [*cards, "NO-CARD"], [*books, "NO-BOOK"]


if __name__ == "__main__":
    sys.exit(main())
