"""Frames nobody should send, many of them: mutations of a day's frames, and noise.

    python -m tests.circulation.sip2.fuzz --size 200000     (with a database of its own)

Between the noise real loans are made and returned. In the end the server still answers, every copy
is in one place, no copy has two open loans, and what a reader was told is what is written.
"""

import argparse
import random
import sys
from collections import Counter

from tests.circulation.sip2.machine import Machine, check_sum, read_answer, stamp

LINES = 4
BATCH = 50  # frames sent before their answers are read
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


def attack(port, *, size, cards, books, seed=1, tell=lambda done: None):
    """Send them all; returns how often each answer came. Raises where one is not well formed."""
    seen = Counter()
    line = _line(port)
    batch, sent = [], 0
    for frame in frames(size, cards=cards, books=books, seed=seed):
        batch.append(frame)
        if len(batch) == BATCH:
            line = _send(line, port, batch, seen)
            sent += len(batch)
            batch = []
            if sent % 5000 == 0:
                tell(sent)
    _send(line, port, batch, seen).hang_up()
    return seen


def _line(port):
    line = Machine(port)
    line.connect()
    line.log_in()
    return line


def _send(line, port, batch, seen):
    """A batch and a keep-alive behind it, whose answer proves that all before it were handled."""
    marker = line.frame("9900302.00", sequence=9)
    try:
        line.line.sendall(b"".join(batch) + b"\r" + marker)
        while True:
            raw = _next(line)
            answer = read_answer(raw)
            seen[answer.code] += 1
            if answer.code == "98" and answer.sequence == "9":
                break
    except (ConnectionError, TimeoutError):
        seen["hung up"] += 1  # too much nonsense in a row: the server may say goodbye
        line.hang_up()
        return _line(port)
    seen["batches"] += 1
    return line


def _next(line):
    while b"\r" not in line.unread:
        more = line.line.recv(65536)
        if not more:
            raise ConnectionError
        line.unread = (line.unread + more).lstrip(b"\n")
    data, _end, line.unread = line.unread.partition(b"\r")
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
        from tests.circulation.sip2.running import server_process

        cards, books = stock()
        started = time.perf_counter()
        with server_process() as (port, process):
            seen = attack(
                port,
                size=arguments.size,
                cards=cards,
                books=books,
                seed=arguments.seed,
                tell=lambda done: print(f"  {done:,} frames", flush=True),
            )
            assert process.poll() is None, "the server ended"
        check_the_books()
    took = time.perf_counter() - started
    print(f"{arguments.size:,} frames in {took:.0f} s; answers: {dict(sorted(seen.items()))}")
    return 0


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
