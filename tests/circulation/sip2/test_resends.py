"""No answer came: the machine asks again, perhaps on a new line. Note [Resends] in resends.py."""

import socket
import struct
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from circulation.models import ItemEvent, Loan, Operation
from tests.circulation.calls import Member
from tests.circulation.sip2.machine import Machine, stamp
from tests.circulation.sip2.running import server_process, serving, terminal
from tests.world import card_of

pytestmark = pytest.mark.django_db(transaction=True)
BROKEN_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def port(world):
    terminal(world)
    with serving() as port:
        yield port


@pytest.fixture
def machine(port):
    with Machine(port) as line:
        line.log_in()
        yield line


def cut(machine):
    """As if the cable were pulled: no goodbye, what is under way is lost."""
    machine.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    machine.hang_up()


def wait_for_a_loan():
    for _ in range(400):
        if Loan.objects.exists():
            return
        time.sleep(0.02)
    raise AssertionError("no loan was made")


def test_the_same_frame_again_gets_the_same_bytes(world, machine):
    item = world.item()

    first = machine.checkout(card_of(world.patrons["雪"]), item.barcode)
    again = machine.repeat()
    machine.send(b"97AZFEF5\r")
    asked = machine.receive()

    assert again.raw == first.raw
    assert asked.raw == first.raw
    assert Loan.objects.count() == 1


def test_a_line_cut_after_the_commit_is_answered_on_the_next_one(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    frame = machine.frame(f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|", sequence=4)
    machine.send(frame)
    wait_for_a_loan()
    cut(machine)

    answers = []
    for _ in range(3):
        with Machine(machine.port) as line:
            line.log_in()
            line.send(frame)
            answers.append(line.receive())
            cut(line)

    assert {answer.raw for answer in answers} == {answers[0].raw}
    assert answers[0].fixed[0] == "1"
    assert Loan.objects.count() == 1
    assert ItemEvent.objects.count() == 1


def test_a_return_cut_off_is_not_taken_in_twice(world, machine):
    item, card = world.item(at="MY-MAIN"), card_of(world.patrons["雪"])
    machine.checkout(card, item.barcode)
    first = machine.checkin(item.barcode)
    frame = machine.last
    cut(machine)

    with Machine(machine.port) as line:
        line.log_in()
        line.send(frame)
        again = line.receive()

    assert again.raw == first.raw
    assert Operation.objects.filter(action="checkin").count() == 1


def test_the_same_words_after_life_went_on_are_a_new_act(world, machine):
    """Lent, returned, lent again: with a stopped clock and the same number, all the same bytes."""
    item, card = world.item(), card_of(world.patrons["雪"])
    out = f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|"

    first = machine.say(out, sequence=1)
    machine.checkin(item.barcode)
    second = machine.say(out, sequence=1)

    assert (first.fixed[0], second.fixed[0]) == ("1", "1")
    assert Loan.objects.count() == 2
    assert Loan.objects.filter(closed_at=None).count() == 1


def test_life_going_on_at_another_desk_counts_too(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    out = f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|"
    machine.say(out, sequence=1)
    Member(world, "ZY").checkin(item)
    cut(machine)

    with Machine(machine.port) as line:
        line.log_in()
        again = line.say(out, sequence=1)

    assert again.fixed[0] == "1"
    assert Loan.objects.count() == 2


def test_another_number_is_another_act(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    out = f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|"

    first, second = machine.say(out, sequence=1), machine.say(out, sequence=2)

    assert (first.fixed[0], second.fixed[0]) == ("1", "0")
    assert Loan.objects.count() == 1


def test_a_refusal_is_judged_again(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    world.patrons["雪"].is_blocked = True
    world.patrons["雪"].save()
    out = f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|"
    refused = machine.say(out, sequence=1)
    world.patrons["雪"].is_blocked = False
    world.patrons["雪"].save()
    cut(machine)

    with Machine(machine.port) as line:
        line.log_in()
        lent = line.say(out, sequence=1)

    assert (refused.fixed[0], lent.fixed[0]) == ("0", "1")


def test_a_stopped_clock_is_believed_for_five_minutes_only(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    first = machine.checkout(card, item.barcode, at=BROKEN_CLOCK, sequence=1)
    frame = machine.last
    cut(machine)
    with Machine(machine.port) as line:
        line.log_in()
        line.send(frame)
        soon = line.receive()
    Operation.objects.update(at=datetime.now(UTC) - timedelta(minutes=6))
    with Machine(machine.port) as line:
        line.log_in()
        line.send(frame)
        late = line.receive()

    assert soon.fixed == first.fixed
    assert late.fixed[0] == "0"  # a new act, and the copy is on loan already
    assert Loan.objects.count() == 1


@pytest.mark.server
@pytest.mark.slow
def test_a_server_killed_after_the_commit_leaves_one_loan_and_the_same_answer(world, settings):
    terminal(world, address="127.0.0.1")  # its password was hashed for tests only
    item, card = world.item(), card_of(world.patrons["雪"])
    environment = {
        "LIBRARY_NET_DATABASE_URL": _url_of_the_test_database(),
        "LIBRARY_NET_VAULT_KEYS": ",".join(settings.VAULT_KEYS),
    }
    frame = Machine(0).frame(
        f"11NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{item.barcode}|AC|", sequence=7
    )
    with server_process(environment=environment) as (port, process), Machine(port) as line:
        line.send(frame)
        wait_for_a_loan()
        process.kill()

    answers = []
    for _ in range(2):
        with server_process(environment=environment) as (port, _process), Machine(port) as line:
            line.send(frame)
            answers.append(line.receive())

    assert answers[0].fixed[0] == "1"
    assert answers[0].raw == answers[1].raw
    assert Loan.objects.count() == 1


def _url_of_the_test_database():
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"
