"""The code that a reader's phone makes by itself: once, for a minute, for one library."""

from datetime import timedelta

import pytest
from django.utils import timezone

from circulation.actions.enrol_device import MOST_DEVICES, enrol_device
from circulation.actions.operations import Intent
from circulation.domain.device_codes import parse_device_code
from circulation.models import Credential, UsedCode
from circulation.models.patrons import CredentialStatus
from library_net.errors import LibraryError
from tests.circulation.calls import reasons
from tests.circulation.phones import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(world) -> Phone:
    return Phone.of(world.patrons["雪"], now=timezone.now())


def _lend(member, code, *, key=""):
    item = member.world.item(at=member.branch)
    body = {"branch": member.branch, "card": code, "barcode": item.barcode}
    return member.post("checkouts/", body, key=key)


def _here(world, branch="JJ-MAIN"):
    return f"B{world.branches[branch].pk}"


def test_a_code_opens_the_account_at_the_branch_it_was_made_for(world, jinjiang, phone):
    """ID-20, ID-21: for one branch, or for every branch of an institution."""
    now = timezone.now()
    for audience in (_here(world), f"A{world.agencies['JJ'].pk}"):
        answer = _lend(jinjiang, phone.code(audience=audience, at=now))
        assert answer.json().get("patron") == world.patrons["雪"].number


def test_a_code_in_small_letters_with_blanks_around_it_is_the_same_code(world, jinjiang, phone):
    """ID-21: a scanner with its capital lock the wrong way round."""
    code = phone.code(audience=_here(world), at=timezone.now())

    assert _lend(jinjiang, f" {code.lower()}\r\n").status_code == 201


def test_a_code_works_once(world, jinjiang, phone):
    """ID-22."""
    code = phone.code(audience=_here(world), at=timezone.now())

    assert _lend(jinjiang, code).status_code == 201
    assert reasons(_lend(jinjiang, code)) == ["code_used"]
    assert UsedCode.objects.count() == 1


def test_a_lost_answer_can_be_asked_for_again_even_after_the_minute(world, jinjiang, phone):
    """ID-22: the same operation, not a second use."""
    item = world.item()
    made = timezone.now()
    body = {"branch": "JJ-MAIN", "card": phone.code(audience=_here(world), at=made)}
    first = jinjiang.post("checkouts/", {**body, "barcode": item.barcode}, key="once")
    made_long_ago = timezone.now() - timedelta(minutes=10)
    UsedCode.objects.update(expires_at=made_long_ago + timedelta(days=1))

    again = jinjiang.post("checkouts/", {**body, "barcode": item.barcode}, key="once")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(-95, "code_expired"), (-85, None), (-55, None), (25, None), (40, "code_too_early")],
)
def test_a_code_holds_a_minute_and_forgives_half_a_minute_of_clock(
    world, jinjiang, phone, seconds, code
):
    """ID-21."""
    made = timezone.now() + timedelta(seconds=seconds)
    answer = _lend(jinjiang, phone.code(audience=_here(world), at=made))

    assert (answer.status_code, None if code is None else reasons(answer)[0]) == (
        201 if code is None else 409,
        code,
    )


def test_a_code_made_for_another_library_opens_nothing(world, jinjiang, phone):
    """ID-21: whoever photographs it there cannot use it here."""
    for audience in (_here(world, "ZY-MAIN"), f"A{world.agencies['ZY'].pk}", "B999999"):
        code = phone.code(audience=audience, at=timezone.now())
        assert reasons(_lend(jinjiang, code)) == ["code_elsewhere"]
    assert not UsedCode.objects.exists()


def test_a_code_that_was_tampered_with_opens_nothing(world, jinjiang, phone):
    """ID-21: another time, another reader's key, a cut end."""
    good = phone.code(audience=_here(world), at=timezone.now())
    other = Phone.of(world.patrons["川"], now=timezone.now())
    later = good.split(".")
    later[3] = str(int(later[3]) + 1)
    forged = [
        ".".join(later),
        good.replace(phone.key_id, other.key_id),
        good.replace(phone.key_id, "A" * 16),
        good[:-1],
        good[:-5] + "AAAAA",
        "LN1.",
        "LN1." + "A" * 300,
    ]

    for code in forged:
        assert reasons(_lend(jinjiang, code)) == ["code_unreadable"], code
    assert _lend(jinjiang, good).status_code == 201


def test_a_lost_phone_is_blocked_and_nothing_else_is(world, jinjiang, phone):
    """ID-20."""
    Credential.objects.filter(pk=phone.credential_id).update(status=CredentialStatus.LOST)

    refused = _lend(jinjiang, phone.code(audience=_here(world), at=timezone.now()))

    assert reasons(refused) == ["credential_blocked"]
    assert jinjiang.checkout("雪", world.item()).status_code == 201


def test_the_key_itself_typed_as_a_card_is_nobodys(jinjiang, phone):
    """ID-20: the key's name stands in every code; it is no secret and opens nothing."""
    assert reasons(_lend(jinjiang, phone.key_id)) == ["unknown_patron"]


def test_a_code_is_shown_at_the_desk_like_any_card(world, client, phone):
    """ID-20."""
    client.force_login(world.librarian("JJ"))
    code = phone.code(audience=_here(world), at=timezone.now())

    opened = client.post("/desk/", {"code": code}, follow=True)
    client.post("/desk/end/")
    again = client.post("/desk/", {"code": code}, follow=True)

    assert world.patrons["雪"].number in opened.content.decode()
    assert world.patrons["雪"].number not in again.content.decode()
    assert "只能用一次" in again.content.decode() or "only once" in again.content.decode()


def test_only_the_reader_herself_enrols_a_phone_and_not_any_number_of_them(world):
    """ID-20."""
    reader, other = world.patrons["雪"], world.patrons["川"]
    for _ in range(MOST_DEVICES):
        Phone.of(reader, now=timezone.now())
    with pytest.raises(LibraryError) as full:
        Phone.of(reader, now=timezone.now())
    with pytest.raises(LibraryError) as foreign:
        enrol_device(
            intent=Intent(caller="user:1", operation_id="x", patron_id=other.pk),
            patron_id=reader.pk,
            public_key=b"",
            name="",
            now=timezone.now(),
        )
    with pytest.raises(LibraryError) as bad:
        enrol_device(
            intent=Intent(caller="user:1", operation_id="y", patron_id=other.pk),
            patron_id=other.pk,
            public_key=b"\x04" + b"\x01" * 64,
            name="",
            now=timezone.now(),
        )

    assert (full.value.code, foreign.value.code, bad.value.code) == (
        "too_many_devices",
        "outside_your_agency",
        "device_key_bad",
    )


@pytest.mark.parametrize("text", ["", "LN1", "LN1.A.B1.1.A.A", "LN1." + "0" * 500, "ＬＮ１.x"])
def test_no_text_however_odd_is_a_crash(text):
    """ID-21."""
    assert parse_device_code(text) is None
