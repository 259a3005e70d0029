"""The scan desk: one box for cards and barcodes."""

import pytest
from django.urls import reverse

from circulation.models import AccessLog, Loan, Operation, StaffException
from circulation.models.patrons import CredentialStatus
from tests.circulation.calls import Member
from tests.world import card_of

pytestmark = pytest.mark.django_db(transaction=True)
UNREGISTERED_ID = "510199199001010015"  # unassigned region, valid check digit


@pytest.fixture
def desk(world, client):
    client.force_login(world.librarian("JJ"))
    client.get(reverse("desk:scan"))
    return client


def scan(desk, code, **more):
    answer = desk.post(reverse("desk:scan"), {"code": code, **more}, follow=True)
    assert answer.status_code == 200
    return answer.context


def switch_to_return(desk):
    desk.post(reverse("desk:set_mode"), {"mode": "return"})


def test_card_then_barcodes_lends_the_books_to_that_reader(world, desk):
    first, second = world.item("三体"), world.item("活着")

    panel = scan(desk, card_of(world.patrons["雪"]))["patron"]
    scan(desk, first.barcode)
    verdict = scan(desk, second.barcode)["verdict"]

    assert panel.number == world.patrons["雪"].number
    assert verdict["tone"] == "ok"
    assert set(Loan.objects.values_list("item", "patron")) == {
        (first.pk, world.patrons["雪"].pk),
        (second.pk, world.patrons["雪"].pk),
    }


def test_opening_a_reader_leaves_a_trace(world, desk):
    scan(desk, card_of(world.patrons["雪"]))

    entry = AccessLog.objects.get()
    assert (entry.patron, entry.agency) == (world.patrons["雪"], world.agencies["JJ"])


def test_a_barcode_without_a_card_lends_nothing_and_says_what_to_do(world, desk):
    item = world.item("三体")

    verdict = scan(desk, item.barcode)["verdict"]

    assert verdict["tone"] == "attention"
    assert not Loan.objects.exists()


def test_a_return_says_where_the_book_goes_next(world, desk):
    item = world.item("三体", at="JJ-MAIN", owner="CD", home="CD-MAIN")
    scan(desk, card_of(world.patrons["雪"]))
    scan(desk, item.barcode)
    switch_to_return(desk)

    verdict = scan(desk, item.barcode)["verdict"]

    assert verdict["tone"] == "attention"
    assert "成都图书馆总馆" in verdict["headline"]
    assert Loan.objects.get().closed_at is not None


def test_an_unknown_barcode_is_taken_back_and_left_for_staff(desk):
    switch_to_return(desk)

    verdict = scan(desk, "NOBODY-KNOWS")["verdict"]

    assert verdict["tone"] == "stop"
    assert StaffException.objects.get().barcode == "NOBODY-KNOWS"


@pytest.mark.parametrize("mode", ["lend", "return"])
def test_an_unregistered_id_number_is_never_kept_as_a_barcode(desk, mode):
    desk.post(reverse("desk:set_mode"), {"mode": mode})

    context = scan(desk, UNREGISTERED_ID)

    assert context["verdict"]["tone"] == "stop"
    assert not StaffException.objects.exists()
    assert not Operation.objects.exists()
    assert UNREGISTERED_ID not in str(dict(desk.session))


@pytest.mark.parametrize("mode", ["lend", "return"])
def test_an_id_number_without_its_last_character_is_kept_masked(world, desk, mode):
    """ID-12."""
    scan(desk, card_of(world.patrons["雪"]))
    desk.post(reverse("desk:set_mode"), {"mode": mode})
    if mode == "lend":
        scan(desk, card_of(world.patrons["雪"]))

    context = scan(desk, UNREGISTERED_ID[:17])

    assert context["verdict"]["tone"] == "stop"
    kept = [*Operation.objects.values(), *StaffException.objects.values()]
    assert kept
    assert UNREGISTERED_ID[:17] not in str([*kept, dict(desk.session)])


def test_a_card_of_two_readers_is_refused_and_closes_the_panel(world, desk):
    """ID-8: else the next book would go to whoever stood here before."""
    jinjiang = Member(world, "JJ")
    for name, kind in (("王小明", "taiwan_permit"), ("李小红", "reader_card")):
        body = {"branch": "JJ-MAIN", "name": name, "kind": kind, "number": "12345678"}
        assert jinjiang.post("patrons/", body).json()["is_new"] is True
    scan(desk, card_of(world.patrons["雪"]))

    context = scan(desk, "12345678")

    assert context["verdict"]["tone"] == "stop"
    assert context["patron"] is None
    assert not context["log"]


def test_the_own_institutions_card_opens_at_each_desk(world, desk):
    """ID-10."""
    for agency, name in (("JJ", "王小明"), ("ZY", "李小红")):
        body = {"branch": f"{agency}-MAIN", "name": name, "kind": "reader_card", "number": "000123"}
        Member(world, agency).post("patrons/", body)

    assert scan(desk, "000123")["patron"].name == "王小明"


def test_a_lost_card_opens_its_reader_with_a_warning(world, desk):
    """ID-13."""
    reader = world.patrons["雪"]
    reader.credentials.update(status=CredentialStatus.LOST)

    context = scan(desk, card_of(reader))

    assert context["patron"].pk == reader.pk
    assert context["verdict"]["tone"] == "stop"


def test_the_same_scan_sent_twice_lends_once(world, desk):
    item = world.item("三体")
    scan(desk, card_of(world.patrons["雪"]))

    scan(desk, item.barcode, operation_id="scan-1")
    verdict = scan(desk, item.barcode, operation_id="scan-1")["verdict"]

    assert verdict["tone"] == "ok"
    assert Loan.objects.count() == 1


def test_a_refusal_names_its_reason(world, desk):
    reference_copy = world.item("辞海", is_lendable=False)
    scan(desk, card_of(world.patrons["雪"]))

    verdict = scan(desk, reference_copy.barcode)["verdict"]

    assert verdict["tone"] == "stop"
    assert verdict["lines"]
    assert "not_lendable" not in " ".join(verdict["lines"])  # words, not a code


def test_an_ambiguous_barcode_asks_whose_copy_it_is(world, desk):
    world.item("三体", barcode="01234567")
    mine = world.item("活着", at="JJ-MAIN", owner="ZY", barcode="01234567")
    scan(desk, card_of(world.patrons["雪"]))

    question = scan(desk, "01234567")["verdict"]
    scan(desk, "01234567", owner="ZY")

    assert {choice["code"] for choice in question["choices"]} == {"JJ", "ZY"}
    assert Loan.objects.get().item == mine


def test_the_page_answers_a_queued_scan_with_the_desk_alone(world, desk):
    answer = desk.post(
        reverse("desk:scan"), {"code": card_of(world.patrons["雪"])}, headers={"X-Desk": "fragment"}
    )

    assert b"<html" not in answer.content
    assert world.patrons["雪"].number.encode() in answer.content


def test_done_with_this_reader_closes_the_panel(world, desk):
    scan(desk, card_of(world.patrons["雪"]))

    desk.post(reverse("desk:end"))

    assert desk.get(reverse("desk:scan")).context["patron"] is None


def test_a_librarian_cannot_stand_at_a_foreign_branch(world, desk):
    desk.post(reverse("desk:settle_in"), {"branch": world.branches["ZY-MAIN"].pk})

    session = desk.get(reverse("desk:scan")).context["session"]
    assert session.branch_id == world.branches["JJ-MAIN"].pk


@pytest.mark.parametrize("page", ["desk:scan", "desk:vans", "desk:plans", "desk:register"])
def test_readers_and_strangers_are_sent_to_sign_in(world, client, page):
    assert client.get(reverse(page)).status_code == 302

    reader = world.network_admin()
    reader.roles.all().delete()
    client.force_login(reader)
    assert client.get(reverse(page)).status_code == 302


def test_registering_opens_the_new_reader_and_shows_no_number(desk):
    answer = desk.post(
        reverse("desk:register"),
        {"kind": "resident_id", "number": UNREGISTERED_ID, "name": "李明"},
        follow=True,
    )

    assert answer.context["patron"].name == "李明"
    assert UNREGISTERED_ID.encode() not in answer.content


def test_a_wrong_check_digit_is_explained_without_echoing_the_number(desk):
    wrong = UNREGISTERED_ID[:-1] + "4"

    answer = desk.post(
        reverse("desk:register"), {"kind": "resident_id", "number": wrong, "name": "李明"}
    )

    assert answer.context["form"].non_field_errors()
    assert wrong.encode() not in answer.content


def new_password(desk):
    return desk.post(reverse("desk:new_password"))


def test_a_reader_with_her_card_gets_a_password_at_any_desk_and_signs_in(world, client):
    reader = world.patrons["雪"]  # registered at Jinjiang
    client.force_login(world.librarian("ZY"))
    scan(client, card_of(reader))

    password = new_password(client).context["password"]

    assert password not in str(dict(client.session))
    assert AccessLog.objects.filter(patron=reader, purpose="password").exists()
    client.logout()
    answer = client.post(
        reverse("portal:sign_in"), {"identifier": reader.number, "password": password}
    )
    assert answer.status_code == 302


def test_without_the_card_only_the_readers_own_library_sets_a_password(world, client):
    reader = world.patrons["雪"]
    client.force_login(world.librarian("ZY"))
    scan(client, reader.number)

    answer = new_password(client)

    assert "password" not in answer.context
    assert answer.context["problem"]
    reader.refresh_from_db()
    assert reader.user is None


@pytest.mark.parametrize("status", [CredentialStatus.LOST, CredentialStatus.REPLACED])
def test_a_lost_card_gives_no_password_at_another_librarys_desk(world, client, status):
    """ID-13, also when it was reported lost after the panel had opened."""
    reader = world.patrons["雪"]
    client.force_login(world.librarian("ZY"))
    scan(client, card_of(reader))
    reader.credentials.update(status=status)

    answer = new_password(client)

    assert "password" not in answer.context
    assert answer.context["problem"]
    reader.refresh_from_db()
    assert reader.user is None


def test_another_readers_card_gives_no_password(world, client):
    """ID-13: the card that opened the panel belongs to somebody else by now."""
    reader, other = world.patrons["雪"], world.patrons["川"]
    client.force_login(world.librarian("ZY"))
    scan(client, card_of(reader))
    reader.credentials.update(patron=other)

    assert "password" not in new_password(client).context


def test_a_reader_changes_her_password_in_the_portal(world, desk):
    reader = world.patrons["雪"]
    scan(desk, card_of(reader))
    first = new_password(desk).context["password"]
    desk.logout()
    desk.post(reverse("portal:sign_in"), {"identifier": reader.number, "password": first})

    desk.post(
        reverse("portal:password"),
        {
            "old_password": first,
            "new_password1": "茶馆 1981 雨夜",
            "new_password2": "茶馆 1981 雨夜",
        },
    )

    reader.refresh_from_db()
    assert reader.user.check_password("茶馆 1981 雨夜")
    assert desk.get(reverse("portal:card")).status_code == 200  # this device stays signed in
