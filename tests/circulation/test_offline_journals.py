"""Journals of devices without a line, over REST and over SIP2 "no block"; rules OF-1 to OF-8."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.domain.items import ItemStatus
from circulation.actions.check_item_events import check_item_events
from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent
from circulation.models import (
    HoldRequest,
    Loan,
    LoanRule,
    OfflineConflict,
    OfflineEvent,
    StaffException,
)
from library_net.accounts.scope import Scope
from tests.circulation.calls import Member
from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import serving, terminal
from tests.world import card_of

pytestmark = pytest.mark.django_db


def at_the_desk(world, operation_id):
    return {
        "intent": Intent(caller="user:1", operation_id=operation_id, scope=Scope(everywhere=True)),
        "branch_id": world.branches["JJ-MAIN"].pk,
    }


class Device:
    """A kiosk that keeps a journal; its clock may be wrong and knows by how much."""

    def __init__(self, world, name="kiosk-1", *, agency="JJ", fast_by_s=0):
        self.world, self.name, self.fast_by = world, name, timedelta(seconds=fast_by_s)
        self.member, self.lines = Member(world, agency), []

    def note(self, kind, item, *, reader="", minutes_ago=60, number=None, card=""):
        at = timezone.now() - timedelta(minutes=minutes_ago) + self.fast_by
        line = {
            "operation_id": number or f"{self.name}-{len(self.lines) + 1}",
            "kind": kind,
            "at": at.isoformat(),
            "barcode": item if isinstance(item, str) else item.barcode,
        }
        if reader or card:
            line["card"] = card or card_of(self.world.patrons[reader])
        self.lines.append(line)

    def upload(self, lines=None):
        body = {
            "device": self.name,
            "branch": self.member.branch,
            "clock_offset_s": -self.fast_by.total_seconds(),
            "events": self.lines if lines is None else lines,
        }
        answer = self.member.post("journals/", body)
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]


def conflicts():
    return sorted(OfflineConflict.objects.filter(closed_at=None).values_list("code", flat=True))


def test_a_journal_is_recorded_as_it_happened(world):
    """OF-1: nothing is refused; the loan began when the device says, corrected by its clock."""
    device, item = Device(world, fast_by_s=600), world.item("三体")
    device.note("checkout", item, reader="雪", minutes_ago=30)

    (answer,) = device.upload()

    loan = Loan.objects.get()
    assert answer["state"] == "recorded"
    assert abs(loan.checked_out_at - (timezone.now() - timedelta(minutes=30))) < timedelta(
        minutes=1
    )
    assert world_status(item) == ItemStatus.ON_LOAN
    assert not check_item_events().findings


def world_status(item):
    item.refresh_from_db()
    return item.status


def test_who_arrived_first_but_acted_last_on_a_copy_has_it(world):
    """OF-10: one request waited for the copy's lock while a later one already had it."""
    item, now = world.item("三体"), timezone.now()
    book = {"barcode": item.barcode}
    moments = {"out": now - timedelta(hours=3), "in": now, "out-again": now - timedelta(seconds=1)}
    snow, other = world.patrons["雪"], world.patron("岚")
    checkout(**at_the_desk(world, "out"), **book, patron_id=snow.pk, now=moments["out"])
    checkin(**at_the_desk(world, "in"), **book, now=moments["in"])
    checkout(
        **at_the_desk(world, "out-again"), **book, patron_id=other.pk, now=moments["out-again"]
    )

    device = Device(world)
    device.note("checkin", item, minutes_ago=24 * 60)
    device.upload()  # has the copy's whole story told anew

    loan = Loan.objects.get(closed_at=None)
    assert loan.patron == other
    assert loan.checked_out_at > moments["in"]
    assert not check_item_events().findings


@pytest.mark.parametrize("is_told_later", [False, True])
def test_a_return_of_a_copy_that_was_there_is_an_act_on_it_too(world, is_told_later):
    """OF-10: the loan waited for the lock while somebody scanned the copy back once more."""
    device, item = Device(world), world.item("三体")
    book, now = {"barcode": item.barcode}, timezone.now()
    if is_told_later:
        device.note("checkin", item, minutes_ago=0)
        device.upload()
    else:
        checkin(**at_the_desk(world, "in"), **book, now=now)
    waited, reader = now - timedelta(seconds=1), world.patrons["雪"]
    checkout(**at_the_desk(world, "out"), **book, patron_id=reader.pk, now=waited)

    device.note("checkin", item, minutes_ago=24 * 60)
    device.upload()  # has the copy's whole story told anew

    assert Loan.objects.get().closed_at is None
    assert world_status(item) == ItemStatus.ON_LOAN
    assert not check_item_events().findings


def test_clocks_ten_minutes_apart_and_the_same_journal_twice_make_one_loan(world):
    """Scenario 12 of the domain's twelve; OF-3."""
    fast, slow = Device(world, fast_by_s=600), Device(world, "kiosk-2", fast_by_s=-600)
    item = world.item("三体")
    fast.note("checkout", item, reader="雪", minutes_ago=30)
    slow.note("checkout", item, reader="雪", minutes_ago=25)

    for device in (slow, fast, fast, slow):
        device.upload()

    loan = Loan.objects.get()
    assert OfflineEvent.objects.count() == 2
    assert abs(loan.checked_out_at - (timezone.now() - timedelta(minutes=30))) < timedelta(
        minutes=1
    )
    assert conflicts() == []


def test_a_return_told_before_its_loan_ends_it_all_the_same(world):
    device, item = Device(world), world.item("三体", at="ZY-MAIN")
    device.note("checkout", item, reader="雪", minutes_ago=50)
    device.note("checkin", item, minutes_ago=20)

    device.upload(device.lines[::-1])

    loan = Loan.objects.get()
    assert loan.closed_at is not None
    assert loan.checkin_branch == world.branches["JJ-MAIN"]
    assert world_status(item) == ItemStatus.AVAILABLE
    assert not check_item_events().findings


def test_what_happened_on_line_meanwhile_ends_the_loan_we_learn_of_late(world):
    device, item = Device(world), world.item("三体")
    device.note("checkout", item, reader="雪", minutes_ago=50)
    Member(world, "ZY").checkin(item)

    device.upload()

    loan = Loan.objects.get()
    assert loan.closed_at is not None
    assert loan.checkin_branch == world.branches["ZY-MAIN"]
    assert world_status(item) == ItemStatus.IN_TRANSIT  # on its way home since then


def test_a_loan_over_the_limit_is_a_flagged_loan_of_one_day(world):
    """OF-8: accepted, due tomorrow, and listed for people; told in any order the last is over."""
    LoanRule.objects.update(max_loans=2)
    device = Device(world)
    for minutes, title in ((50, "三体"), (40, "活着"), (30, "史记")):
        device.note("checkout", world.item(title), reader="雪", minutes_ago=minutes)

    device.upload([device.lines[2]])
    device.upload(device.lines)

    last = Loan.objects.order_by("checked_out_at").last()
    days = [(loan.due_at - loan.checked_out_at).days for loan in Loan.objects.order_by("pk")]
    assert Loan.objects.filter(closed_at=None).count() == 3
    assert last.terms["loan_days"] == "offline_over_limit"
    assert (last.due_at - last.checked_out_at) < timedelta(days=2)
    assert sorted(day > 2 for day in days) == [False, True, True]
    assert conflicts() == ["offline_over_limit"]


def test_a_copy_somebody_else_still_had_goes_over_and_people_are_told(world):
    """OF-4: the book was in the second reader's hands; the first loan ended then."""
    device, item = Device(world), world.item("三体")
    Member(world, "JJ").checkout("川", item)
    Loan.objects.update(checked_out_at=timezone.now() - timedelta(days=2))
    device.note("checkout", item, reader="雪", minutes_ago=30)

    device.upload()

    first, second = Loan.objects.order_by("checked_out_at")
    assert first.closed_at == second.checked_out_at
    assert second.closed_at is None
    assert conflicts() == ["offline_still_on_loan"]


def test_the_conflict_goes_when_the_missing_return_arrives(world):
    device, item = Device(world), world.item("三体")
    Member(world, "JJ").checkout("川", item)
    Loan.objects.update(checked_out_at=timezone.now() - timedelta(days=2))
    device.note("checkout", item, reader="雪", minutes_ago=30)
    device.upload()
    other = Device(world, "kiosk-2", agency="ZY")
    other.note("checkin", item, minutes_ago=40)

    other.upload()

    assert conflicts() == []
    assert Loan.objects.filter(closed_at=None).count() == 1


def test_nobody_and_nothing_known_is_kept_for_people_without_a_document_number(world):
    """OF-5: an unknown copy, an unknown card; a resident ID only masked."""
    device = Device(world)
    device.note("checkout", "NO-SUCH-BOOK", reader="雪")
    device.note("checkout", world.item("三体"), card="510199199001010015")

    answers = device.upload()

    assert [answer["state"] for answer in answers] == ["waiting", "waiting"]
    assert conflicts() == ["offline_unknown_item", "offline_unknown_reader"]
    kept = OfflineEvent.objects.exclude(card="").get()
    assert kept.card == "510199********0015"
    assert Loan.objects.count() == 0


def test_a_return_at_another_city_is_routed_like_any_other(world):
    """OF-7: taken in as of that moment; here somebody waits for it."""
    item = world.item("三体", at="ZY-MAIN")
    Member(world, "JJ").checkout("川", item)
    assert Member(world, "ZY").request("雪", item).status_code == 201
    Loan.objects.update(checked_out_at=timezone.now() - timedelta(days=2))
    device = Device(world, agency="ZY")
    device.note("checkin", item, minutes_ago=15)

    (answer,) = device.upload()

    assert answer["next"]["kind"] == "hold_shelf"
    assert HoldRequest.objects.get().state == "ready"
    assert Loan.objects.get().closed_at < timezone.now() - timedelta(minutes=14)


def test_an_id_used_for_something_else_is_said_and_the_others_go_on(world):
    """OF-6: the copy is out, whatever waited for it; each event has its own answer."""
    device, item, other = Device(world), world.item("三体"), world.item("活着")
    device.note("checkout", item, reader="雪", number="same")
    device.note("checkout", other, reader="雪", number="same")
    device.note("checkout", other, reader="川", number="fresh")

    answers = device.upload()

    assert [answer["state"] for answer in answers] == ["recorded", "not_recorded", "recorded"]
    assert answers[1]["code"] == "operation_reused"
    assert Loan.objects.filter(closed_at=None).count() == 2


def test_a_lost_card_and_a_fast_clock_are_told_to_people(world):
    world.patrons["雪"].credentials.update(status="lost")
    device = Device(world)
    device.note("checkout", world.item("三体"), reader="雪", minutes_ago=-30)

    device.upload()

    assert conflicts() == ["offline_card_lost", "offline_clock"]
    assert Loan.objects.get().checked_out_at <= timezone.now()


def test_another_institutions_branch_is_not_written_to(world):
    device = Device(world)
    device.member.branch = "ZY-MAIN"
    device.note("checkout", world.item(), reader="雪")

    body = {"device": "kiosk-1", "branch": "ZY-MAIN", "events": device.lines}
    answer = device.member.post("journals/", body)

    assert answer.status_code == 403
    assert OfflineEvent.objects.count() == 0


def test_the_desk_lists_what_to_do_and_settles_it_once(world, client):
    LoanRule.objects.update(max_loans=1)
    device = Device(world)
    device.note("checkout", world.item("三体"), reader="雪", minutes_ago=50)
    device.note("checkout", world.item("活着"), reader="雪", minutes_ago=40)
    device.upload()
    client.force_login(world.librarian("JJ"))

    page = client.get("/desk/offline/").content.decode()
    case = OfflineConflict.objects.get()
    done = client.post(f"/desk/settle/conflict/{case.pk}/", {"operation_id": "x"}, follow=True)

    assert "活着" in page
    assert case.event.barcode in page
    assert done.status_code == 200
    assert conflicts() == []
    client.force_login(world.librarian("ZY"))
    OfflineConflict.objects.update(closed_at=None)
    assert "活着" not in client.get("/desk/offline/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_block_over_sip2_records_what_the_machine_did_alone(world):
    """A blocked reader, a full account: the book is gone already, so it is written down."""
    terminal(world)
    LoanRule.objects.update(max_loans=1)
    world.patrons["川"].is_blocked = True
    world.patrons["川"].save()
    first, second, third = world.item("三体"), world.item("活着"), world.item("史记")
    then = timezone.now() - timedelta(hours=3)
    snow, river = card_of(world.patrons["雪"]), card_of(world.patrons["川"])
    with serving() as port, Machine(port) as line:
        line.log_in()
        out = line.checkout(snow, first.barcode, no_block="Y", at=then)
        again = line.repeat()
        over = line.checkout(snow, second.barcode, no_block="Y", at=then + timedelta(minutes=5))
        blocked = line.checkout(river, third.barcode, no_block="Y", at=then)
        back = line.checkin(first.barcode, no_block="Y", at=then + timedelta(hours=1))

    assert [answer.fixed[0] for answer in (out, over, blocked, back)] == ["1"] * 4
    assert again.raw == out.raw
    loan = Loan.objects.get(item=first)
    assert abs(loan.checked_out_at - then) < timedelta(seconds=2)
    assert abs(loan.closed_at - then - timedelta(hours=1)) < timedelta(seconds=2)
    assert Loan.objects.count() == 3
    assert conflicts() == ["offline_over_limit", "offline_reader_blocked"]
    assert not check_item_events().findings
    assert not StaffException.objects.exists()
