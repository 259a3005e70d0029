"""Whose card a number is, and what becomes of an ID number sent where a barcode belongs."""

import hashlib
import json

import pytest

from circulation.models import Credential, Operation, Patron, StaffException
from tests.circulation.calls import Member, reasons

pytestmark = pytest.mark.django_db
RESIDENT_ID = "510199199001010015"  # unassigned region, valid check digit


def _reader_card(member, number, *, name):
    body = {"branch": member.branch, "name": name, "kind": "reader_card", "number": number}
    return member.post("patrons/", body)


def test_the_same_card_number_of_two_libraries_is_two_readers(world, jinjiang, ziyang):
    """ID-10: each library's desk takes its own card, a third one guesses nobody."""
    ours = _reader_card(jinjiang, "000123", name="王小明").json()
    theirs = _reader_card(ziyang, "000123", name="李小红").json()
    again = _reader_card(ziyang, "000123", name="李小红").json()

    lent = {
        member.agency: member.post(
            "checkouts/",
            {
                "branch": member.branch,
                "card": "000123",
                "barcode": world.item(at=member.branch).barcode,
            },
        )
        for member in (jinjiang, ziyang, Member(world, "MY"))
    }

    assert (ours["is_new"], theirs["is_new"], again["is_new"]) == (True, True, False)
    assert again["patron"] == theirs["patron"] != ours["patron"]
    assert lent["JJ"].json()["patron"] == ours["patron"]
    assert lent["ZY"].json()["patron"] == theirs["patron"]
    assert reasons(lent["MY"]) == ["ambiguous_card"]
    issuers = Credential.objects.filter(masked="***123").values_list("issuer", flat=True)
    assert set(issuers) == {"JJ", "ZY"}


def test_a_card_of_one_library_is_known_at_every_desk(world, jinjiang, ziyang):
    """ID-10."""
    ours = _reader_card(jinjiang, "000123", name="王小明").json()

    lent = ziyang.post(
        "checkouts/",
        {"branch": "ZY-MAIN", "card": "000123", "barcode": world.item(at="ZY-MAIN").barcode},
    )

    assert lent.json()["patron"] == ours["patron"]


@pytest.mark.parametrize("number", ["R0000000077", RESIDENT_ID, "510199900101001"])
def test_a_card_that_looks_like_a_persons_number_is_refused(jinjiang, number):
    """ID-11."""
    answer = _reader_card(jinjiang, number, name="王小明")

    assert (answer.status_code, reasons(answer)) == (422, ["credential_reserved_form"])
    assert not Patron.objects.filter(name="王小明").exists()


def test_a_card_cannot_bear_a_readers_number_and_the_number_goes_first(world, jinjiang):
    """ID-8, ID-11."""
    reader = world.patrons["雪"]

    answer = _reader_card(jinjiang, reader.number, name="王小明")
    late = _reader_card(jinjiang, "LATE-0001", name="李小红").json()
    Patron.objects.filter(pk=reader.pk).update(number="LATE-0001")
    lent = jinjiang.post(
        "checkouts/",
        {"branch": "JJ-MAIN", "card": "LATE-0001", "barcode": world.item().barcode},
    )

    assert reasons(answer) == ["credential_reserved_form"]
    assert late["is_new"] is True
    assert lent.json()["patron"] == "LATE-0001"


@pytest.mark.parametrize("number", [RESIDENT_ID, RESIDENT_ID[:17], RESIDENT_ID[:15]])
def test_an_id_number_sent_as_a_barcode_is_nowhere_kept_or_told(world, jinjiang, number):
    """ID-12: not through checkout, checkin or renewal; not as a plain hash either."""
    answers = [
        jinjiang.checkout("雪", number),
        jinjiang.checkin(number),
        jinjiang.checkin(number, owner="ZY"),
        jinjiang.post("renewals/", {"barcode": number}),
    ]

    assert [answer.status_code for answer in answers] == [404, 200, 200, 404]
    assert number not in "".join(answer.content.decode() for answer in answers)
    assert "510199***" in answers[1].json()["barcode"]
    kept = [*Operation.objects.values(), *StaffException.objects.values()]
    assert len(kept) == 5
    assert number not in repr(kept)
    asked = ["checkin", {"branch": world.branches["JJ-MAIN"].pk, "barcode": number, "owner": ""}]
    plain = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    assert plain not in repr(kept)


def test_a_copy_whose_barcode_has_the_form_of_an_id_is_lent_like_any(world, jinjiang):
    """ID-12."""
    item = world.item(barcode=RESIDENT_ID)

    assert jinjiang.checkout("雪", item).json()["item"]["barcode"] == RESIDENT_ID
    assert jinjiang.checkin(item).json()["closed_loan"] is not None
