"""Cards lost, found, re-issued and shown in clear; a family at the desk."""

import pytest
from django.urls import reverse

from circulation.models import AccessLog, Credential, Guardianship, Operation, Phone
from circulation.models.patrons import CredentialStatus
from tests.circulation.calls import Member, reasons
from tests.world import card_of

pytestmark = pytest.mark.django_db
RESIDENT_ID = "510199199001010015"  # unassigned region, valid check digit
OLD_SSC, NEW_SSC = "A12345678", "B87654321"


@pytest.fixture
def desk(world, client):
    """The desk in Jinjiang, with 雪 in front of it; `desk.open(name)` for others."""
    client.force_login(world.librarian("JJ"))
    client.open = lambda name: client.post("/desk/", {"code": card_of(world.patrons[name])})
    client.open("雪")
    return client


def _add(member, reader, kind, number, **more):
    body = {"branch": member.branch, "card": card_of(member.world.patrons[reader])}
    return member.post("credentials/", {**body, "kind": kind, "number": number, **more})


def _lend(member, card):
    item = member.world.item(at=member.branch)
    return member.post(
        "checkouts/", {"branch": member.branch, "card": card, "barcode": item.barcode}
    )


def test_a_reissued_social_security_card_replaces_the_old_one(world, jinjiang):
    """ID-16: the number changed; the old one opens nothing, the new one everything."""
    _add(jinjiang, "雪", "social_security", OLD_SSC)
    assert _lend(jinjiang, OLD_SSC).status_code == 201

    answer = _add(jinjiang, "雪", "social_security", NEW_SSC).json()

    old = Credential.objects.get(kind="social_security", status=CredentialStatus.REPLACED)
    assert answer["replaced"] == [old.pk]
    assert reasons(_lend(jinjiang, OLD_SSC)) == ["credential_blocked"]
    assert _lend(jinjiang, NEW_SSC).json()["patron"] == world.patrons["雪"].number
    assert OLD_SSC not in repr(list(Operation.objects.values()))


def test_another_card_is_added_beside_the_others_unless_it_says_for_which(world, jinjiang):
    """ID-16."""
    first = _add(jinjiang, "雪", "passport", "E11111111").json()
    second = _add(jinjiang, "雪", "passport", "E22222222", replaces=first["credential"]).json()

    assert (first["replaced"], second["replaced"]) == ([], [first["credential"]])
    assert _lend(jinjiang, card_of(world.patrons["雪"])).status_code == 201


def test_a_number_of_somebody_else_is_not_taken_over(world, jinjiang):
    """ID-16: and a reader of another library must have a card on the table."""
    _add(jinjiang, "川", "social_security", OLD_SSC)

    assert reasons(_add(jinjiang, "雪", "social_security", OLD_SSC)) == ["credential_taken"]
    by_number = Member(world, "ZY").post(
        "credentials/",
        {
            "branch": "ZY-MAIN",
            "card": world.patrons["雪"].number,
            "kind": "social_security",
            "number": NEW_SSC,
        },
    )
    assert reasons(by_number) == ["outside_your_agency"]
    assert _add(Member(world, "ZY"), "雪", "social_security", NEW_SSC).status_code == 201


def test_a_lost_card_is_blocked_at_any_desk_and_only_that_card(world, jinjiang):
    """ID-23, scenario 10."""
    _add(jinjiang, "雪", "social_security", OLD_SSC)

    lost = Member(world, "ZY").post("credentials/lost/", {"card": OLD_SSC})

    assert (lost.status_code, lost.json()["status"]) == (200, "lost")
    assert reasons(_lend(jinjiang, OLD_SSC)) == ["credential_blocked"]
    assert jinjiang.checkout("雪", world.item()).status_code == 201
    again = jinjiang.post("credentials/lost/", {"card": OLD_SSC})
    assert again.json() == lost.json()
    assert OLD_SSC not in lost.content.decode()


def test_a_card_that_was_found_is_put_back_where_its_reader_registered(world, jinjiang):
    """ID-23."""
    pk = world.patrons["雪"].credentials.get().pk
    jinjiang.post(f"credentials/{pk}/lost/")

    assert reasons(Member(world, "ZY").post(f"credentials/{pk}/found/")) == ["outside_your_agency"]
    assert jinjiang.post(f"credentials/{pk}/found/").json()["status"] == "active"
    assert reasons(jinjiang.post("credentials/999999/lost/")) == ["unknown_credential"]


def test_a_number_is_shown_for_a_reason_that_is_kept(world, jinjiang, desk):
    """ID-7, ID-24."""
    _add(jinjiang, "雪", "resident_id", RESIDENT_ID)
    row = Credential.objects.get(kind="resident_id")
    page = desk.get("/desk/reader/").content.decode()
    silent = desk.post(f"/desk/reader/cards/{row.pk}/number/", {"reason": " x "}, follow=True)

    told = desk.post(
        f"/desk/reader/cards/{row.pk}/number/", {"reason": "police request 2026/7"}, follow=True
    )

    assert RESIDENT_ID not in page + silent.content.decode()
    assert RESIDENT_ID in told.content.decode()
    assert "no-store" in told.headers["Cache-Control"]
    assert RESIDENT_ID not in desk.get("/desk/reader/").content.decode()
    trace = AccessLog.objects.get(purpose="reveal")
    assert (trace.credential, trace.reason) == (row, "police request 2026/7")
    assert trace.actor.username == "staff-jj"
    assert RESIDENT_ID not in repr(list(Operation.objects.values()))


def test_nobody_elsewhere_is_shown_a_number(world, jinjiang, client):
    """ID-24, ID-28."""
    _add(jinjiang, "雪", "resident_id", RESIDENT_ID)
    row = Credential.objects.get(kind="resident_id")
    client.force_login(world.librarian("ZY"))
    client.post("/desk/", {"code": card_of(world.patrons["雪"])})

    told = client.post(
        f"/desk/reader/cards/{row.pk}/number/", {"reason": "curiosity"}, follow=True
    ).content.decode()
    page = client.get("/desk/reader/").content.decode()

    assert RESIDENT_ID not in told
    assert not AccessLog.objects.filter(purpose="reveal").exists()
    assert "510199***" not in page  # not even the mask


def test_every_showing_is_listed_for_who_watches_over_privacy(world, jinjiang, desk):
    """ID-24, ID-28."""
    row = world.patrons["雪"].credentials.get()
    desk.post(f"/desk/reader/cards/{row.pk}/number/", {"reason": "card is unreadable"})
    desk.logout()
    desk.force_login(world.network_admin())

    listed = desk.get(reverse("admin:circulation_accesslog_changelist"), {"purpose": "reveal"})

    assert "card is unreadable" in listed.content.decode()


def test_the_desk_page_blocks_replaces_and_reopens(world, desk):
    """ID-16, ID-23: by the buttons of the page."""
    row = world.patrons["雪"].credentials.get()
    desk.post(f"/desk/reader/cards/{row.pk}/lost/")
    row.refresh_from_db()
    assert row.status == CredentialStatus.LOST
    desk.post(f"/desk/reader/cards/{row.pk}/found/")
    desk.post(
        "/desk/reader/cards/",
        {"kind": "reader_card", "number": "NEW-0001", "replaces": row.pk, "operation_id": "a"},
    )
    row.refresh_from_db()

    assert row.status == CredentialStatus.REPLACED
    assert Credential.objects.filter(patron=world.patrons["雪"], status="active").count() == 1


def test_a_family_is_linked_and_parted_at_the_desk(world, desk):
    """ID-14, ID-15."""
    desk.open("禾")
    desk.post("/desk/reader/guardians/", {"guardian": card_of(world.patrons["雪"])})
    link = Guardianship.objects.get()
    page = desk.get("/desk/reader/").content.decode()
    desk.post(f"/desk/reader/guardians/{link.pk}/end/")
    link.refresh_from_db()

    assert (link.ward, link.guardian) == (world.patrons["禾"], world.patrons["雪"])
    assert world.patrons["雪"].number in page
    assert link.revoked_at is not None


def test_a_family_is_linked_over_rest_and_grown_ups_are_not(world, jinjiang):
    """ID-14, ID-15."""
    cards = {name: card_of(world.patrons[name]) for name in ("雪", "川", "禾")}
    linked = jinjiang.post(
        "guardians/", {"branch": "JJ-MAIN", "ward": cards["禾"], "guardian": cards["雪"]}
    )
    grown = jinjiang.post(
        "guardians/", {"branch": "JJ-MAIN", "ward": cards["川"], "guardian": cards["雪"]}
    )
    ended = jinjiang.post(f"guardians/{linked.json()['guardianship']}/end/")

    assert (linked.status_code, linked.json()["until"]) == (201, "2036-04-30")
    assert reasons(grown) == ["not_a_minor"]
    assert ended.json()["revoked"] is True


def test_a_phone_is_kept_sealed_and_shown_masked(world, desk):
    """ID-17."""
    desk.post("/desk/reader/phone/", {"phone": "+86 138 0000 0000"})
    bad = desk.post("/desk/reader/phone/", {"phone": "12345"}, follow=True).content.decode()

    phone = Phone.objects.get(patron=world.patrons["雪"])
    assert phone.masked == "138****0000"
    assert "13800000000" not in repr(list(Phone.objects.values())) + bad
    assert "138****0000" in desk.get("/desk/reader/").content.decode()


def test_two_records_are_joined_and_parted_at_the_desk(world, desk):
    """ID-25, ID-26."""
    kept, absorbed = world.patrons["雪"], world.patrons["川"]
    desk.post("/desk/reader/merge/", {"other": card_of(absorbed), "reason": "same ID card seen"})
    absorbed.refresh_from_db()
    assert absorbed.merged_into == kept
    page = desk.get("/desk/reader/").content.decode()
    assert "same ID card seen" in page

    merge = absorbed.pk and kept.credentials.count()
    assert merge == 2
    from circulation.models import PatronMerge

    desk.post(f"/desk/reader/merges/{PatronMerge.objects.get().pk}/undo/")
    absorbed.refresh_from_db()
    assert absorbed.merged_into is None


def test_without_an_open_reader_there_is_no_page(world, client):
    client.force_login(world.librarian("JJ"))

    assert client.get("/desk/reader/").headers["Location"] == "/desk/"
    assert client.post("/desk/reader/phone/", {"phone": "1"}).headers["Location"] == "/desk/"


def test_a_visiting_reader_shows_what_the_visit_needs_and_no_more(world, jinjiang, client):
    """ID-28: the name masked, our own loans by title, of the others only how many."""
    ziyang = Member(world, "ZY")
    jinjiang.checkout("雪", world.item("家里的书"))
    ziyang.checkout("雪", world.item("资阳的书", at="ZY-MAIN"))
    client.force_login(world.librarian("ZY", name="资阳馆员"))

    page = client.post("/desk/", {"code": card_of(world.patrons["雪"])}, follow=True)

    words = page.content.decode()
    assert "资阳的书" in words
    assert "家里的书" not in words
    assert "<dd>2</dd>" in words
    assert AccessLog.objects.get(purpose="desk").patron == world.patrons["雪"]
