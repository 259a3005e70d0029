"""Nonsense in great amounts; the big run is `python -m tests.circulation.sip2.fuzz`."""

import pytest

from tests.circulation.sip2.fuzz import attack, check_the_books, stock
from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import serving

pytestmark = pytest.mark.django_db(transaction=True)


def test_thousands_of_broken_frames_crash_nothing_and_double_no_loan(request):
    cards, books = stock()
    with serving() as port:
        seen = attack(port, size=1500, cards=cards, books=books, seed=20261122)
        with Machine(port) as line:
            still_there = line.log_in()

    assert still_there.fixed == ["1"]
    assert seen["12"] > 20
    assert seen["96"] > 20
    check_the_books()
