"""Somebody else's SIP2 client (PyPI: Sip2, MIT) goes through a machine's whole day.

It knows nothing of us: its own frames, dates, checksums and parsing. It raises when a checksum of
ours does not fit.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from Sip2.sip2 import Sip2

from circulation.models import HoldRequest, LedgerEntry, Loan, LoanRule
from tests.circulation.sip2.running import serving, terminal
from tests.world import World, card_of

pytestmark = pytest.mark.django_db(transaction=True)


class Client:
    """One call a message: `client.say("checkin", barcode)` sends it and parses the answer."""

    def __init__(self, port, *, encoding, log_folder):
        self.sip = Sip2()
        self.sip.hostName, self.sip.hostPort = "127.0.0.1", port
        self.sip.tlsEnable, self.sip.hostEncoding = False, encoding
        self.sip.institutionId, self.sip.scLocation = "JJ", "JJ-MAIN"
        self.sip.logfile_path, self.sip.loglevel = str(log_folder), "CRITICAL"
        self.sip.socketTimeout = 20
        assert self.sip.connect()

    def say(self, name, *arguments, **more):
        request = getattr(self.sip, f"sip_{name}_request")(*arguments, **more)
        answer = getattr(self.sip, f"sip_{name}_response")
        return answer(self.sip.get_response(request))

    def as_reader(self, patron):
        self.sip.patron = card_of(patron)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_day_at_the_machine(encoding, tmp_path):
    world = World.build()
    LoanRule.objects.update(fee_per_day=Decimal("0.50"))
    terminal(world, encoding=encoding)
    book, other = world.item("怪物大师"), world.item("史记", at="MY-MAIN")
    with serving() as port:
        client = Client(port, encoding=encoding, log_folder=tmp_path)
        try:
            morning(client, world, book, other)
            evening(client, world, book, other)
        finally:
            client.sip.disconnect()


def morning(client, world, book, other):
    """Open up, a reader borrows two books and prolongs one."""
    assert client.say("login", "machine", "secret-1")["fixed"]["Ok"] == "1"
    status = client.say("sc_status")
    assert status["fixed"]["OnlineStatus"] == "Y"
    assert status["variable"]["BX"] == ["YYYNYYYYYYYYYYYY"]

    client.as_reader(world.patrons["雪"])
    assert client.say("patron_status")["variable"]["BL"] == ["Y"]
    lent = client.say("checkout", book.barcode)
    assert lent["fixed"]["Ok"] == "1"
    assert lent["variable"]["AJ"] == ["怪物大师"]
    assert client.say("checkout", other.barcode)["fixed"]["Ok"] == "1"
    assert client.say("checkout", other.barcode)["fixed"]["Ok"] == "0"
    seen = client.say("item_information", book.barcode)
    assert seen["fixed"]["CirculationStatus"] == "04"
    assert client.say("renew", book.barcode)["fixed"]["Ok"] == "1"
    everything = client.say("renew_all")
    assert everything["variable"]["BM"] == [other.barcode]
    assert everything["variable"]["BN"] == [book.barcode]
    told = client.say("patron_information", "charged")
    assert sorted(told["variable"]["AU"]) == sorted([book.barcode, other.barcode])
    assert client.say("end_patron_session")["fixed"]["EndSession"] == "Y"


def evening(client, world, book, other):
    """Somebody asks for the book; it comes back late; the fee is paid; the other goes home."""
    client.as_reader(world.patrons["川"])
    placed = client.say("hold", "+", itemIdentifier=book.barcode, holdType=2)
    assert placed["fixed"]["Ok"] == "1"
    loan = Loan.objects.get(item=book)
    Loan.objects.filter(pk=loan.pk).update(due_at=loan.checked_out_at - timedelta(days=4))
    back = client.say("checkin", book.barcode)
    assert (back["fixed"]["Ok"], back["fixed"]["Alert"]) == ("1", "Y")
    assert back["variable"]["CV"] == ["01"]
    home = client.say("checkin", other.barcode)
    assert (home["variable"]["CV"], home["variable"]["CT"]) == (["04"], ["MY-MAIN"])

    client.as_reader(world.patrons["雪"])
    owed = client.say("patron_status")["variable"]["BV"][0]
    assert Decimal(owed) == Decimal("2.00")
    paid = client.say("fee_paid", 4, 0, owed, currencyType="CNY")
    assert paid["fixed"]["PaymentAccepted"] == "Y"
    assert "BV" not in client.say("patron_status")["variable"]
    assert client.say("item_status_update", book.barcode)["fixed"]["ItemPropertiesOk"] == "1"
    assert client.say("patron_enable")["variable"]["BL"] == ["Y"]

    assert Loan.objects.filter(closed_at=None).count() == 0
    assert HoldRequest.objects.get().state == "ready"
    assert LedgerEntry.objects.exists()
