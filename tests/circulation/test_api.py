"""Circulation through its REST doors: answers, refusals, repeats, and what is stored."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.domain.items import ItemStatus
from circulation.actions.check_item_events import check_item_events
from circulation.domain.credentials import CredentialIssue
from circulation.models import (
    Credential,
    ItemEvent,
    LedgerEntry,
    Loan,
    LoanRule,
    Operation,
    Patron,
    StaffException,
)
from circulation.models.patrons import CredentialStatus
from library_net.api import problems
from tests.circulation.calls import Member, reasons
from tests.world import card_of

pytestmark = pytest.mark.django_db
RESIDENT_ID = "510199199001010015"


def test_a_repeat_gets_the_same_answer_and_does_nothing_twice(world, jinjiang):
    item = world.item()

    answers = [jinjiang.checkout("雪", item, key="once") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert Loan.objects.count() == 1
    assert ItemEvent.objects.count() == 1


def test_a_refusal_is_repeated_like_any_answer(world, jinjiang):
    item = world.item(status=ItemStatus.WITHDRAWN)
    first = jinjiang.checkout("雪", item, key="once")
    item.status = ItemStatus.AVAILABLE
    item.save()

    again = jinjiang.checkout("雪", item, key="once")

    assert reasons(first) == ["not_ready_to_lend"]
    assert again.content == first.content
    assert jinjiang.checkout("雪", item).status_code == 201


def test_one_key_for_two_different_requests_is_refused(world, jinjiang):
    first, second = world.item(), world.item("球状闪电")
    jinjiang.checkout("雪", first, key="once")

    other = jinjiang.checkout("雪", second, key="once")

    assert (other.status_code, reasons(other)) == (422, ["operation_reused"])


def test_the_same_key_of_two_members_is_two_operations(world, jinjiang, ziyang):
    first, second = world.item(at="JJ-MAIN"), world.item("球状闪电", at="ZY-MAIN")

    assert jinjiang.checkout("雪", first, key="1").status_code == 201
    assert ziyang.checkout("雪", second, key="1").status_code == 201


def test_a_write_without_a_key_is_told_so(world, jinjiang):
    response = jinjiang.client.post("/api/v1/checkouts/", {}, format="json")

    assert (response.status_code, reasons(response)) == (400, ["missing_operation_id"])


def test_a_member_acts_at_its_own_branches_only(world, jinjiang):
    item = world.item(at="ZY-MAIN")

    lend = jinjiang.checkout("雪", item, branch="ZY-MAIN")
    take = jinjiang.post("checkins/", {"branch": "ZY-MAIN", "barcode": item.barcode})

    assert (lend.status_code, reasons(lend)) == (403, ["outside_your_agency"])
    assert (take.status_code, reasons(take)) == (403, ["outside_your_agency"])
    assert Loan.objects.count() == 0


def test_a_stranger_without_a_key_does_nothing(world, jinjiang):
    jinjiang.client.credentials()

    assert jinjiang.checkout("雪", world.item()).status_code == 401


def test_an_unknown_card_and_an_unknown_barcode_are_named(world, jinjiang):
    item = world.item()
    nobody = jinjiang.post(
        "checkouts/", {"branch": "JJ-MAIN", "card": "CARD-NOBODY", "barcode": item.barcode}
    )
    nothing = jinjiang.checkout("雪", "0000")

    assert (nobody.status_code, reasons(nobody)) == (404, ["unknown_patron"])
    assert (nothing.status_code, reasons(nothing)) == (404, ["unknown_item"])
    assert "0000" in nothing.json()["title"]


def test_a_lost_card_is_refused_and_the_readers_other_card_is_not(world, jinjiang):
    """CO-1."""
    item = world.item()
    jinjiang.post(
        "patrons/",
        {"branch": "JJ-MAIN", "name": "王小明", "number": RESIDENT_ID},
    )
    patron = Patron.objects.get(name="王小明")
    card = world.patrons["雪"].credentials.get()
    card.patron, card.status = patron, CredentialStatus.LOST
    card.save()
    body = {"branch": "JJ-MAIN", "barcode": item.barcode}

    lost = jinjiang.post("checkouts/", {**body, "card": card_of(world.patrons["雪"])})
    good = jinjiang.post("checkouts/", {**body, "card": RESIDENT_ID})

    assert (lost.status_code, reasons(lost)) == (403, ["credential_blocked"])
    assert good.status_code == 201
    assert good.json()["patron"] == patron.number


def test_a_reader_is_registered_by_resident_id_and_only_its_mask_is_shown(world, jinjiang):
    """ID-1, ID-7, ID-9."""
    body = {
        "branch": "JJ-MAIN",
        "name": "王小明",
        "number": "５１０１９９１９９００１０１００１５ ",
    }

    answer = jinjiang.post("patrons/", body)
    known = jinjiang.post("patrons/", {**body, "number": RESIDENT_ID})

    assert answer.status_code == 201
    assert answer.json()["credential"]["number"] == "510199********0015"
    assert answer.json()["name"] == "王**"
    assert answer.json()["is_new"] is True
    assert answer.json()["notes"] == ["unknown_region"]
    assert known.json()["patron"] == answer.json()["patron"]
    assert known.json()["is_new"] is False
    assert Credential.objects.filter(kind="resident_id").count() == 1


def test_a_number_on_cards_of_two_readers_is_nobodys(world, jinjiang):
    """ID-8: a permit and a reader card may bear the same eight digits."""
    item = world.item()
    for name, kind in (("王小明", "taiwan_permit"), ("李小红", "reader_card")):
        body = {"branch": "JJ-MAIN", "name": name, "kind": kind, "number": "12345678"}
        assert jinjiang.post("patrons/", body).json()["is_new"] is True

    refused = jinjiang.post(
        "checkouts/", {"branch": "JJ-MAIN", "card": "12345678", "barcode": item.barcode}
    )

    assert (refused.status_code, reasons(refused)) == (409, ["ambiguous_card"])


def test_a_wrong_number_opens_nothing_and_says_why(world, jinjiang):
    """ID-2."""
    before = Patron.objects.count()

    answer = jinjiang.post(
        "patrons/", {"branch": "JJ-MAIN", "name": "王小明", "number": "510199199001010016"}
    )

    assert (answer.status_code, reasons(answer)) == (422, ["credential_wrong_check_digit"])
    assert Patron.objects.count() == before


@pytest.mark.parametrize("issue", list(CredentialIssue))
def test_every_fault_of_a_number_has_its_own_words(issue):
    """ID-2."""
    assert f"credential_{issue}" in problems.known_codes()


def test_no_document_number_is_stored_in_clear(world, jinjiang):
    """ID-7."""
    jinjiang.post("patrons/", {"branch": "JJ-MAIN", "name": "王小明", "number": RESIDENT_ID})
    item = world.item()
    jinjiang.post("checkouts/", {"branch": "JJ-MAIN", "card": RESIDENT_ID, "barcode": item.barcode})

    for model in (Operation, Credential, Patron, Loan, ItemEvent):
        for row in model.objects.values():
            assert RESIDENT_ID not in repr(row)
            assert RESIDENT_ID.encode() not in bytes(row.get("sealed") or b"")


def test_over_the_limit_the_refusal_names_limit_and_count(world, jinjiang):
    """CO-7."""
    LoanRule.objects.filter(code="test-network").update(max_loans=2)
    for _ in range(2):
        assert jinjiang.checkout("雪", world.item()).status_code == 201

    refused = jinjiang.checkout("雪", world.item())

    assert (refused.status_code, reasons(refused)) == (409, ["too_many_loans"])
    assert refused.json()["reasons"][0]["params"]["limit"] == 2


def test_a_suspended_member_lends_nothing_and_takes_everything_back(world, jinjiang, ziyang):
    """CO-3, CI-1."""
    item, other = world.item(at="ZY-MAIN"), world.item(at="ZY-MAIN")
    assert ziyang.checkout("雪", item).status_code == 201
    world.agencies["ZY"].is_suspended = True
    world.agencies["ZY"].save()

    lend = ziyang.checkout("雪", other)
    lend_elsewhere = jinjiang.checkout("雪", other)
    back = ziyang.checkin(item)

    assert (lend.status_code, reasons(lend)) == (403, ["agency_suspended"])
    assert reasons(lend_elsewhere) == ["agency_suspended"]
    assert back.status_code == 200
    assert Loan.objects.get().closed_at is not None


def test_an_unknown_book_is_taken_in_and_staff_are_asked(world, jinjiang):
    """CI-2."""
    answer = jinjiang.checkin("OTHER-PLANET-1")

    assert answer.status_code == 200
    assert answer.json()["next"] == {"kind": "staff"}
    exception = StaffException.objects.get()
    assert (exception.code, exception.barcode) == ("unknown_barcode", "OTHER-PLANET-1")
    assert answer.json()["exceptions"] == [{"code": "unknown_barcode", "id": exception.pk}]


def test_one_barcode_in_three_libraries_is_settled(world, jinjiang):
    """CI-12, CO-13, CI-2."""
    for owner in ("JJ", "ZY", "MY"):
        world.item(at=f"{owner}-MAIN", barcode="01234567")
    lent = jinjiang.checkout("雪", "01234567")
    assert lent.json()["item"]["owner"] == "JJ"

    back = jinjiang.checkin("01234567")
    again = jinjiang.checkin("01234567")
    named = jinjiang.checkin("01234567", owner="ZY")

    assert back.json()["closed_loan"] == lent.json()["loan"]
    assert again.json()["exceptions"][0]["code"] == "ambiguous_barcode"
    assert again.json()["owners"] == ["JJ", "MY", "ZY"]
    assert named.json()["item"]["owner"] == "ZY"


def test_several_copies_here_with_one_barcode_need_the_owner_named(world, jinjiang):
    """CO-13."""
    for owner in ("JJ", "ZY"):
        world.item(at="JJ-MAIN", owner=owner, barcode="01234567")

    refused = jinjiang.checkout("雪", "01234567")

    assert (refused.status_code, reasons(refused)) == (409, ["ambiguous_item"])
    assert jinjiang.checkout("雪", "01234567", owner="ZY").status_code == 201


def test_a_late_return_charges_the_owners_fee_and_records_who_took_it(world, jinjiang, ziyang):
    """CI-9, CI-10."""
    item = world.item()
    loan = jinjiang.checkout("雪", item).json()["loan"]
    Loan.objects.filter(pk=loan).update(due_at=timezone.now() - timedelta(days=3))

    back = ziyang.checkin(item)

    assert (back.json()["fee"], back.json()["fee_owner"]) == ("0.30", "JJ")
    entry = LedgerEntry.objects.get()
    assert (entry.amount, entry.owner.code, entry.collector.code) == (Decimal("0.30"), "JJ", "ZY")
    assert entry.operation is not None


def test_two_agencies_statements_agree(world, jinjiang, ziyang):
    centre = Member(world, "CD")
    ours, theirs = world.item(at="JJ-MAIN"), world.item("活着", at="ZY-MAIN")
    jinjiang.checkout("雪", ours)
    ziyang.checkin(ours)  # a return of JJ's copy at ZY
    jinjiang.checkout("雪", theirs)  # a loan of ZY's copy at JJ
    jinjiang.checkout("川", world.item())  # at home: nobody else's business
    today = timezone.localdate().isoformat()
    period = {"from": today, "to": today}

    mine = jinjiang.get("statements/", **period).json()
    other = ziyang.get("statements/", **period).json()

    assert [(row["kind"], row["owner"], row["partner"]) for row in mine["rows"]] == [
        ("return", "JJ", "ZY"),
        ("loan", "ZY", "JJ"),
    ]
    (a,), (b,) = mine["totals"], other["totals"]
    assert (a["counterpart"], b["counterpart"]) == ("ZY", "JJ")
    assert a["our_copies_returned_to_them"] == b["their_copies_returned_to_us"] == 1
    assert a["their_copies_lent_by_us"] == b["our_copies_lent_by_them"] == 1
    assert a["our_copies_lent_by_them"] == b["their_copies_lent_by_us"] == 0
    assert centre.get("statements/", **period).json()["totals"] == []


def test_a_statement_comes_as_a_table_too(world, jinjiang, ziyang):
    item = world.item("=三体")
    jinjiang.checkout("雪", item)
    ziyang.checkin(item)
    today = timezone.localdate().isoformat()

    response = ziyang.get("statements/", **{"from": today, "to": today, "format": "csv"})

    assert response.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["barcode"], row["title"]) for row in rows] == [
        ("return", item.barcode, "'=三体")
    ]


@pytest.mark.parametrize(
    "query", [{}, {"from": "x", "to": "y"}, {"from": "2026-02-02", "to": "2026-02-01"}]
)
def test_a_statement_needs_a_period(world, jinjiang, query):
    assert reasons(jinjiang.get("statements/", **query)) == ["bad_period"]


def test_a_librarian_signed_in_acts_for_their_agency(world, jinjiang):
    world.librarian("JJ")
    jinjiang.client.credentials()
    assert jinjiang.client.login(username="staff-jj", password="test")

    lent = jinjiang.checkout("雪", world.item())
    elsewhere = jinjiang.checkout("雪", world.item(at="ZY-MAIN"), branch="ZY-MAIN")

    assert lent.status_code == 201
    assert reasons(elsewhere) == ["outside_your_agency"]
    assert Operation.objects.order_by("pk").first().caller.startswith("user:")


def test_refusals_speak_chinese_and_english(world, jinjiang):
    def say(language: str) -> str:
        response = jinjiang.client.post(
            "/api/v1/checkins/", {"branch": "NOWHERE", "barcode": "1"}, format="json",
            headers={"Idempotency-Key": language, "Accept-Language": language},
        )  # fmt: skip
        assert response.status_code == 422
        return response.json()["title"]

    assert "NOWHERE" in say("en")
    assert "NOWHERE" in say("zh-hans")


def test_events_that_do_not_add_up_are_found(world, jinjiang):
    item = world.item()
    jinjiang.checkout("雪", item)
    assert check_item_events().is_sound

    type(item).objects.filter(pk=item.pk).update(status="available")

    found = {finding.what for finding in check_item_events().findings}
    assert found == {"status", "loan"}
