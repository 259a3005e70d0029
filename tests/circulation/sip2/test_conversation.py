"""A terminal's day, message by message, over a real socket."""

import contextlib
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.hashers import make_password

from catalog.domain.items import ItemStatus
from circulation.models import (
    HoldRequest,
    Loan,
    LoanRule,
    OfflineConflict,
    Operation,
    SipTerminal,
)
from library_net.accounts.models import User
from tests.circulation.sip2.machine import Machine, stamp
from tests.circulation.sip2.running import serving, terminal
from tests.world import card_of

pytestmark = pytest.mark.django_db(transaction=True)
RESIDENT_ID = "510199199001010015"


@pytest.fixture
def machine(world):
    terminal(world)
    with serving() as port, Machine(port) as line:
        assert line.log_in().fixed == ["1"]
        yield line


@contextlib.contextmanager
def another(machine, **more):
    with Machine(machine.port, **more) as line:
        line.log_in()
        yield line


def test_a_book_goes_out_and_comes_back(world, machine):
    item, card = world.item("三体"), card_of(world.patrons["雪"])

    out = machine.checkout(card, item.barcode)
    loan = Loan.objects.get()
    back = machine.checkin(item.barcode)

    assert out.code == "12"
    assert out.fixed[:4] == ["1", "N", "U", "Y"]
    assert out["AJ"] == "三体"
    assert out["AH"] == f"{loan.due_at.astimezone().date():%Y-%m-%d}"
    assert (out["AA"], out["AB"], out["AO"]) == (card, item.barcode, "JJ")
    assert back.code == "10"
    assert back.fixed[:4] == ["1", "Y", "U", "N"]
    assert back["AQ"] == "JJ-MAIN"
    assert not back["CV"]
    assert Loan.objects.get().closed_at is not None


def test_a_refusal_says_why_in_words(world, machine):
    item = world.item(status=ItemStatus.WITHDRAWN)

    out = machine.checkout(card_of(world.patrons["雪"]), item.barcode)

    assert out.fixed[0] == "0"
    assert "馆员" in out["AF"]
    assert Loan.objects.count() == 0


def test_nothing_is_done_before_the_log_in(world):
    terminal(world)
    item = world.item()
    with serving() as port, Machine(port) as line:
        refused = line.checkout(card_of(world.patrons["雪"]), item.barcode)

    assert refused.code == "12"
    assert refused.fixed[0] == "0"
    assert Loan.objects.count() == 0


def test_a_wrong_password_is_refused_and_the_third_ends_the_line(world):
    terminal(world)
    with serving() as port, Machine(port) as line:
        assert [line.log_in(password="wrong").fixed for _ in range(3)] == [["0"]] * 3
        with pytest.raises(ConnectionError):
            line.log_in()


def test_a_machine_known_by_its_address_needs_no_log_in(world):
    terminal(world, address="127.0.0.1")
    with serving() as port, Machine(port) as line:
        status = line.say("9900302.00")

    assert status.code == "98"
    assert status.fixed[0] == "Y"
    assert status["BX"] == "YYYNYYYYYYYYYYYY"


def test_a_terminal_may_do_only_what_its_profile_allows(world):
    terminal(world, allowed_messages="09 17")
    item = world.item()
    with serving() as port, Machine(port) as line:
        line.log_in()
        status = line.say("9900302.00")
        refused = line.checkout(card_of(world.patrons["雪"]), item.barcode)
        taken = line.checkin(item.barcode)

    assert status["BX"][1:3] == "NY"
    assert status.fixed[:3] == ["Y", "Y", "N"]
    assert refused.fixed[0] == "0"
    assert taken.fixed[0] == "1"


def test_gb18030_and_crlf_for_those_who_need_them(world):
    terminal(world, encoding="gb18030", line_end="crlf")
    item = world.item("怪物大师")
    with serving() as port, Machine(port, encoding="gb18030") as line:
        line.log_in()
        out = line.checkout(card_of(world.patrons["雪"]), item.barcode)

    assert "怪物大师".encode("gb18030") in out.raw
    assert out["AJ"] == "怪物大师"


def test_a_book_of_another_city_is_sent_home_with_alert_and_bin(world):
    terminal(world, sort_bins={"shelf": "1", "MY-MAIN": "7", "transit": "3"})
    item = world.item(at="MY-MAIN")
    with serving() as port, Machine(port) as line:
        line.log_in()
        line.checkout(card_of(world.patrons["雪"]), item.barcode)
        back = line.checkin(item.barcode)

    assert back.fixed[3] == "Y"
    assert (back["CV"], back["CT"], back["CL"], back["AQ"]) == ("04", "MY-MAIN", "7", "MY-MAIN")


def test_a_book_somebody_waits_for_here_is_alerted_with_the_masked_name(world, machine):
    item = world.item()
    machine.checkout(card_of(world.patrons["雪"]), item.barcode)
    placed = machine.say(
        f"15+{stamp()}AOJJ|AA{card_of(world.patrons['川'])}|AB{item.barcode}|BY2|AC|"
    )

    back = machine.checkin(item.barcode)

    assert placed.fixed[:2] == ["1", "N"]
    assert placed["BR"] == "1"
    assert (back.fixed[3], back["CV"], back["CT"]) == ("Y", "01", "JJ-MAIN")
    assert back["CY"] == world.patrons["川"].number
    assert back["DA"] == world.patrons["川"].masked_name


def test_an_unknown_book_is_taken_in_and_goes_to_staff(machine):
    back = machine.checkin("NOBODYS-BOOK")

    assert back.fixed[0] == "1"
    assert (back.fixed[3], back["CV"]) == ("Y", "99")


def test_a_request_can_be_taken_back(world, machine):
    item, card = world.item(), card_of(world.patrons["川"])
    machine.checkout(card_of(world.patrons["雪"]), item.barcode)
    machine.say(f"15+{stamp()}AOJJ|AA{card}|AB{item.barcode}|AC|")

    taken_back = machine.say(f"15-{stamp()}AOJJ|AA{card}|AB{item.barcode}|AC|")
    again = machine.repeat()

    assert taken_back.fixed[0] == "1"
    assert again.raw == taken_back.raw
    assert HoldRequest.objects.get().state == "cancelled"


def test_the_reader_sees_her_loans_fees_and_blocks(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    machine.checkout(card, item.barcode)

    info = machine.reader(card, summary="  Y" + " " * 7)
    status = machine.say(f"23001{stamp()}AOJJ|AA{card}|AC|AD|")

    assert info.fixed[3:] == ["0000", "0000", "0001", "0000", "0000", "0000"]
    assert info.fields["AU"] == [item.barcode]
    assert (info["BL"], info["AE"], info["CB"]) == ("Y", "雪*", "0005")
    assert status.code == "24"
    assert status.fixed[0] == " " * 14
    assert machine.say(f"35{stamp()}AOJJ|AA{card}|AC|").fixed[0] == "Y"
    assert machine.say(f"25{stamp()}AOJJ|AA{card}|AC|").code == "26"


def test_nobodys_card_is_said_to_be_nobodys(machine):
    info = machine.reader("NO-SUCH-CARD")

    assert info["BL"] == "N"
    assert info["AF"]


def test_a_lost_card_opens_nothing(world, machine):
    world.patrons["雪"].credentials.update(status="lost")

    info = machine.reader(card_of(world.patrons["雪"]))

    assert info["BL"] == "N"
    assert info.fixed[0][4] == "Y"


def test_passwords_where_the_profile_asks_for_them(world):
    terminal(world, needs_pin=True)
    item, patron = world.item(), world.patrons["雪"]
    patron.user = User.objects.create(username="xue", password=make_password("clouds"))
    patron.save()
    with serving() as port, Machine(port) as line:
        line.log_in()
        none = line.checkout(card_of(patron), item.barcode)
        wrong = line.reader(card_of(patron), pin="rain")
        right = line.reader(card_of(patron), pin="clouds")
        lent = line.checkout(card_of(patron), item.barcode, more="ADclouds|")

    assert none.fixed[0] == "0"
    assert (wrong["CQ"], right["CQ"]) == ("N", "Y")
    assert lent.fixed[0] == "1"


def test_the_copy_says_where_it_is(world, machine):
    item = world.item("三体", call_number="I247.5/1")
    machine.checkout(card_of(world.patrons["雪"]), item.barcode)

    info = machine.say(f"17{stamp()}AOJJ|AB{item.barcode}|AC|")
    strange = machine.say(f"17{stamp()}019AOJJ|AB{item.barcode}|AC|")
    nobody = machine.say(f"17{stamp()}AOJJ|ABnone|AC|")

    assert info.fixed[0] == "04"
    assert (info["AJ"], info["AQ"], info["BG"], info["CK"]) == ("三体", "JJ-MAIN", "JJ", "001")
    assert info["CS"] == "I247.5/1"
    assert strange["AJ"] == "三体"
    assert nobody.fixed[0] == "01"
    assert machine.say(f"19{stamp()}AOJJ|AB{item.barcode}|AC|CHwet|").fixed[0] == "0"


def test_loans_are_renewed_one_by_one_and_all_at_once(world, machine):
    card = card_of(world.patrons["雪"])
    first, second = world.item("三体"), world.item("活着")
    machine.checkout(card, first.barcode)
    machine.checkout(card, second.barcode)
    due = Loan.objects.get(item=first).due_at

    one = machine.say(f"29NN{stamp()}{' ' * 18}AOJJ|AA{card}|AB{first.barcode}|AC|")
    rest = machine.say(f"65{stamp()}AOJJ|AA{card}|AC|")
    again = machine.repeat()

    assert one.fixed[:2] == ["1", "Y"]
    assert Loan.objects.get(item=first).due_at == due + timedelta(days=30)
    assert rest.fixed[1:3] == ["0001", "0001"]
    assert (rest.fields["BM"], rest.fields["BN"]) == ([second.barcode], [first.barcode])
    assert again.raw == rest.raw
    assert Loan.objects.get(item=second).renewals == 1


def test_with_the_renewal_policy_on_a_second_checkout_prolongs(world, machine):
    item, card = world.item(), card_of(world.patrons["雪"])
    machine.checkout(card, item.barcode)

    refused = machine.checkout(card, item.barcode, at=datetime.now(UTC) + timedelta(seconds=5))
    renewed = machine.checkout(
        card, item.barcode, renew="Y", at=datetime.now(UTC) + timedelta(seconds=9)
    )

    assert refused.fixed[0] == "0"
    assert renewed.fixed[:2] == ["1", "Y"]
    assert Loan.objects.get().renewals == 1


def test_no_identity_number_reaches_a_log_or_an_operation(world, machine, caplog):
    caplog.set_level(logging.DEBUG)
    item = world.item()

    machine.reader(RESIDENT_ID)
    machine.checkout(RESIDENT_ID, item.barcode)
    machine.checkin(RESIDENT_ID)
    machine.checkout(RESIDENT_ID, item.barcode, no_block="Y")
    machine.send(f"99{RESIDENT_ID}\r".encode())
    machine.receive()

    assert RESIDENT_ID not in caplog.text
    stored = " ".join(
        f"{row.operation_id} {row.digest} {row.answer}" for row in Operation.objects.all()
    )
    assert RESIDENT_ID not in stored
    assert all(RESIDENT_ID not in f"{c.params}" for c in OfflineConflict.objects.all())


def test_a_terminal_switched_off_is_told_so_soon(world, machine, monkeypatch):
    item = world.item()
    SipTerminal.objects.update(is_active=False)
    monkeypatch.setattr(
        "circulation.protocols.sip2.conversation.LOOK_AGAIN_AFTER", timedelta(seconds=0)
    )

    refused = machine.checkout(card_of(world.patrons["雪"]), item.barcode)

    assert refused.fixed[0] == "0"
    assert Loan.objects.count() == 0


def test_money_goes_to_those_it_is_owed_to_once(world, machine):
    LoanRule.objects.update(fee_per_day=Decimal("1.00"), loan_days=0)
    item, card = world.item(at="ZY-MAIN"), card_of(world.patrons["雪"])
    machine.checkout(card, item.barcode)
    Loan.objects.update(due_at=datetime.now(UTC) - timedelta(days=3))
    machine.checkin(item.barcode)
    owed = machine.reader(card)["BV"]

    pay = f"37{stamp()}0400CNYBV{owed}|AOJJ|AA{card}|AC|BK77|"
    too_much = machine.say(f"37{stamp()}0400CNYBV99|AOJJ|AA{card}|AC|")
    paid = machine.say(pay)
    again = machine.say(pay, sequence=machine.sequence - 1)

    assert Decimal(owed) == Decimal("3.00")
    assert too_much.fixed[0] == "N"
    assert (paid.fixed[0], paid["BK"]) == ("Y", "77")
    assert again.raw == paid.raw
    assert machine.reader(card)["BV"] == ""
