"""Without a phone: a family, a caller, a proxy, paper."""

from datetime import timedelta

import pytest
import zxingcpp
from django.urls import reverse
from django.utils import timezone

from circulation.models import AccessLog, HoldRequest, Loan, LoanRule, Proxy
from tests.circulation.calls import Member, reasons
from tests.library_net.test_barcodes import picture
from tests.world import card_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, world):
    client.force_login(world.librarian("JJ"))
    return client


def scan(desk, code):
    return desk.post(reverse("desk:scan"), {"code": code}, follow=True).context


def held_for(world, reader, *, pickup="JJ-MAIN"):
    item = world.item(at=pickup)
    member = Member(world, pickup[:2])
    member.request(reader, item, pickup=pickup)
    member.checkin(item)
    return item


def named(world, reader, proxy, *, days=30, since=0):
    today = timezone.localdate()
    return Proxy.objects.create(
        patron=world.patrons[reader],
        proxy=world.patrons[proxy],
        valid_from=today + timedelta(days=since),
        valid_until=today + timedelta(days=days),
        created_at=timezone.now(),
    )


def test_a_family_scans_three_cards_and_ten_books_and_gets_one_receipt(world, desk):
    """PX-4: every card up to its own limit of four; then the next of the family."""
    LoanRule.objects.update(max_loans=4)
    readers = ["雪", "川", "禾"]
    books = [world.item(f"第{n}本") for n in range(10)]

    scan(desk, card_of(world.patrons["雪"]))
    desk.post(reverse("desk:family"), {"family": "on"})
    for reader in readers[1:]:
        scan(desk, card_of(world.patrons[reader]))
    for book in books:
        shown = scan(desk, book.barcode)
        assert shown["verdict"]["tone"] == "ok"
    sheet = desk.get(reverse("desk:print_receipt"))

    lent = [Loan.objects.filter(patron=world.patrons[reader]).count() for reader in readers]
    assert sorted(lent) == [2, 4, 4]
    assert lent[2] == 4  # 禾's card was scanned last
    assert sum(len(part.lines) for part in sheet.context["parts"]) == 10
    assert len(sheet.context["parts"]) == 3
    for book in books:
        assert book.barcode in sheet.content.decode()
    assert "雪" not in sheet.content.decode().replace("雪*", "")


def test_the_whole_family_full_is_told_so_by_the_open_readers_own_limit(world, desk):
    """PX-4."""
    LoanRule.objects.update(max_loans=1)
    scan(desk, card_of(world.patrons["雪"]))
    desk.post(reverse("desk:family"), {"family": "on"})
    scan(desk, card_of(world.patrons["川"]))
    for _book in range(2):
        scan(desk, world.item().barcode)

    assert scan(desk, world.item().barcode)["verdict"]["tone"] == "stop"
    assert Loan.objects.count() == 2


def test_the_next_reader_is_nothing_to_the_one_before(world, desk):
    """PX-4: without the family button a second card is the next in line."""
    scan(desk, card_of(world.patrons["雪"]))
    scan(desk, world.item().barcode)

    shown = scan(desk, card_of(world.patrons["川"]))

    assert shown["family"] == []
    assert desk.get(reverse("desk:print_receipt")).context["parts"] == ()
    desk.post(reverse("desk:end"))
    assert desk.get(reverse("desk:print_due_slip")).context["parts"] == ()


def test_books_go_to_whom_the_librarian_chose(world, desk):
    """PX-4."""
    scan(desk, card_of(world.patrons["雪"]))
    desk.post(reverse("desk:family"), {"family": "on"})
    scan(desk, card_of(world.patrons["禾"]))

    desk.post(reverse("desk:switch"), {"reader": world.patrons["雪"].pk})
    scan(desk, world.item().barcode)

    assert Loan.objects.get().patron == world.patrons["雪"]


def test_a_caller_is_found_by_name_and_birthday_and_the_opening_is_logged(world, desk):
    """PX-3."""
    form = {"name": "禾", "born_on": "2018-05-01", "how": "telephone"}

    opened = desk.post(reverse("desk:find"), form, follow=True).context

    assert opened["patron"].number == world.patrons["禾"].number
    log = AccessLog.objects.get()
    assert (log.patron, "telephone" in log.purpose) == (world.patrons["禾"], True)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "禾", "born_on": "2018-05-02"},  # a day off
        {"name": "雪", "born_on": "1990-03-07"},  # two of them, see below
        {"name": "禾", "born_on": "昨天"},
        {"name": "51019919900307001X", "born_on": "1990-03-07"},
    ],
)
def test_who_cannot_be_told_for_certain_is_not_opened(world, desk, form):
    """PX-3."""
    world.patron("雪")

    desk.post(reverse("desk:find"), form)

    assert not AccessLog.objects.exists()
    assert desk.get(reverse("desk:scan")).context["patron"] is None


def test_any_desk_renews_for_the_reader_it_has_before_it(world, desk):
    """PX-5: lent in Ziyang, renewed in Jinjiang; not for whoever else's loan it is."""
    ziyang, jinjiang = Member(world, "ZY"), Member(world, "JJ")
    mine = ziyang.checkout("雪", world.item(at="ZY-MAIN")).json()
    others = ziyang.checkout("川", world.item(at="ZY-MAIN")).json()

    scan(desk, card_of(world.patrons["雪"]))
    desk.post(reverse("desk:renew", args=[mine["loan"]]), {"operation_id": "r1"})
    desk.post(reverse("desk:renew", args=[others["loan"]]), {"operation_id": "r2"})
    over_rest = jinjiang.post(
        "renewals/",
        {
            "loan": others["loan"],
            "branch": "JJ-MAIN",
            "card": card_of(world.patrons["川"]),
        },
    )

    assert Loan.objects.get(pk=mine["loan"]).renewals == 1
    assert over_rest.status_code == 200
    assert reasons(jinjiang.renew(mine["loan"])) == ["outside_your_agency"]


def test_a_proxy_collects_with_their_own_card_and_the_loan_is_the_readers(world, desk):
    """PX-2."""
    item = held_for(world, "雪")
    named(world, "雪", "川")

    panel = scan(desk, card_of(world.patrons["川"]))
    verdict = scan(desk, item.barcode)["verdict"]

    assert [request.patron for request in panel["collects"]] == [world.patrons["雪"]]
    assert verdict["tone"] == "ok"
    loan = Loan.objects.get()
    assert loan.patron == world.patrons["雪"]
    assert HoldRequest.objects.get().state == "filled"
    assert AccessLog.objects.filter(purpose__contains=world.patrons["雪"].number).exists()


@pytest.mark.parametrize(
    ("days", "since", "revoked"), [(30, 1, False), (-1, -9, False), (30, 0, True)]
)
def test_a_link_not_begun_over_or_revoked_opens_nothing(world, desk, days, since, revoked):
    """PX-1, PX-2."""
    item = held_for(world, "雪")
    link = named(world, "雪", "川", days=days, since=since)
    if revoked:
        Member(world, "JJ").post(f"proxies/{link.pk}/revoke/")

    scan(desk, card_of(world.patrons["川"]))
    verdict = scan(desk, item.barcode)["verdict"]

    assert verdict["tone"] == "stop"
    assert not Loan.objects.exists()


def test_a_proxy_is_named_and_collects_over_rest(world):
    """PX-1, PX-2."""
    jinjiang = Member(world, "JJ")
    item = held_for(world, "雪")
    today = timezone.localdate()
    body = {
        "branch": "JJ-MAIN",
        "card": card_of(world.patrons["雪"]),
        "proxy": world.patrons["川"].number,
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=7)).isoformat(),
    }

    too_long = jinjiang.post(
        "proxies/", {**body, "valid_until": (today + timedelta(days=400)).isoformat()}
    )
    herself = jinjiang.post("proxies/", {**body, "proxy": world.patrons["雪"].number})
    given = jinjiang.post("proxies/", body)
    taken = {"branch": "JJ-MAIN", "barcode": item.barcode}
    stranger = jinjiang.post("collections/", {**taken, "card": card_of(world.patrons["禾"])})
    collected = jinjiang.post("collections/", {**taken, "card": card_of(world.patrons["川"])})

    assert reasons(too_long) == ["bad_days"]
    assert reasons(herself) == ["own_proxy"]
    assert given.status_code == 201
    assert reasons(stranger) == ["not_their_proxy"]
    assert collected.json()["patron"] == world.patrons["雪"].number


def test_due_dates_are_printed_for_the_open_reader(world, desk):
    """PX-6."""
    scan(desk, card_of(world.patrons["雪"]))
    item = world.item("三体")
    scan(desk, item.barcode)

    sheet = desk.get(reverse("desk:print_due_slip")).content.decode()

    due = timezone.localdate(Loan.objects.get().due_at).isoformat()
    assert due in sheet
    assert "三体" in sheet


def test_a_return_that_travels_or_waits_has_a_slip_a_scanner_reads(world, desk):
    """TR-6."""
    item = world.item("三体", at="JJ-MAIN", owner="CD", home="CD-MAIN")
    desk.post(reverse("desk:set_mode"), {"mode": "return"})
    slip = scan(desk, item.barcode)["verdict"]["slip"]

    page = desk.get(reverse("desk:print_slips") + f"?{slip}").content.decode()
    foreign = desk.get(reverse("desk:print_slips") + "?transit=999&request=x").content.decode()
    svg = page[page.index("<svg") : page.index("</svg>")]

    assert zxingcpp.read_barcodes(picture(svg))[0].text == item.barcode
    assert str(world.branches["CD-MAIN"].name_zh) in page
    assert "<svg" not in foreign


def test_a_hold_slip_names_the_reader_only_in_part(world, desk):
    """TR-6."""
    held_for(world, "雪")
    request = HoldRequest.objects.get()

    page = desk.get(reverse("desk:print_slips") + f"?request={request.pk}").content.decode()

    assert world.patrons["雪"].number[-4:] in page
    assert world.patrons["雪"].number not in page


@pytest.mark.parametrize(
    ("verb", "status"), [("claim", "claimed_returned"), ("lost", "lost"), ("recall", "on_loan")]
)
def test_trouble_with_a_loan_is_entered_at_the_readers_panel(world, desk, verb, status):
    """LO-1, LO-3, LO-8."""
    item = world.item()
    scan(desk, card_of(world.patrons["雪"]))
    scan(desk, item.barcode)

    shown = desk.post(
        reverse("desk:loan_trouble", args=[Loan.objects.get().pk, verb]), follow=True
    ).context

    item.refresh_from_db()
    assert item.status == status
    assert shown["verdict"]["tone"] == "attention"


@pytest.mark.parametrize(("what", "status"), [("damaged", "in_process"), ("missing", "missing")])
def test_a_damaged_or_missing_copy_is_entered_by_its_barcode(world, desk, what, status):
    """LO-6, LO-9."""
    item = world.item()

    form = {"what": what, "barcode": item.barcode, "note": "缺页"}
    desk.post(reverse("desk:copy_trouble"), form)

    item.refresh_from_db()
    assert item.status == status
