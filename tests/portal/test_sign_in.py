"""Signing in with any card, without a number ever coming back on a page."""

import pytest
from django.test import Client
from django.urls import reverse

from circulation.actions.operations import Intent
from circulation.actions.register_patron import register_patron
from circulation.domain.credentials import CredentialKind
from circulation.models import Patron
from circulation.models.patrons import CredentialStatus
from library_net.accounts.models import User
from library_net.accounts.scope import Scope
from library_net.portal import throttle
from tests.portal.conftest import PASSWORD, sign_in, text_of
from tests.world import NOW, card_of

RESIDENT_ID = "510199199001010015"  # unassigned region, valid check digit


def register_by_id(world):
    answer = register_patron(
        intent=Intent(caller="test", operation_id="register", scope=Scope(everywhere=True)),
        branch_id=world.branches["JJ-MAIN"].pk,
        name="王小雪",
        number=RESIDENT_ID,
        now=NOW,
    )
    patron = Patron.objects.get(number=answer["patron"])
    patron.user = User.objects.create_user(patron.number, password=PASSWORD)
    patron.save()
    return patron


def is_signed_in(client):
    return client.get(reverse("portal:loans")).status_code == 200


def test_a_reader_signs_in_by_patron_number_and_lands_on_her_loans(client, reader):
    answer = sign_in(client, reader.number)

    assert answer.headers["Location"] == reverse("portal:loans")
    assert is_signed_in(client)


def test_a_reader_signs_in_by_the_number_on_her_card(client, reader):
    sign_in(client, card_of(reader))

    assert is_signed_in(client)


def test_a_resident_id_typed_in_full_width_opens_the_account(client, world):
    register_by_id(world)

    sign_in(client, "".join(chr(ord(c) + 0xFEE0) for c in RESIDENT_ID))

    assert is_signed_in(client)


def test_a_card_reported_lost_no_longer_opens_the_account_but_the_number_does(client, reader):
    reader.credentials.update(status=CredentialStatus.LOST)

    refused = sign_in(client, card_of(reader))
    assert refused.status_code == 422

    sign_in(client, reader.number)
    assert is_signed_in(client)


def test_a_number_on_cards_of_two_readers_signs_nobody_in(client, world):
    """ID-8, ID-10: no library's desk stands behind the portal, so nobody is guessed."""
    for place, name in (("JJ-MAIN", "王小雪"), ("ZY-MAIN", "李小红")):
        answer = register_patron(
            intent=Intent(caller="test", operation_id=place, scope=Scope(everywhere=True)),
            branch_id=world.branches[place].pk,
            name=name,
            number="000123",
            kind=CredentialKind.READER_CARD,
            now=NOW,
        )
        patron = Patron.objects.get(number=answer["patron"])
        patron.user = User.objects.create_user(patron.number, password=PASSWORD)
        patron.save()

    assert sign_in(client, "000123").status_code == 422
    assert not is_signed_in(client)
    assert sign_in(client, patron.number).status_code == 302


def test_a_wrong_password_is_told_without_repeating_what_was_typed(client, world):
    register_by_id(world)

    answer = sign_in(client, RESIDENT_ID, password="not-this-one")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert RESIDENT_ID not in answer.content.decode()
    assert "not-this-one" not in answer.content.decode()
    assert not is_signed_in(client)


def test_an_unknown_number_and_a_wrong_password_read_the_same(client, reader):
    unknown = text_of(sign_in(client, "R0000000000"))
    wrong = text_of(sign_in(client, reader.number, password="guess"))

    assert unknown == wrong


def test_guessing_is_slowed_down_for_that_number_only(client, reader, world):
    for _ in range(throttle.FREE_TRIES):
        sign_in(client, reader.number, password="guess")

    assert sign_in(client, reader.number).status_code == 429
    assert not is_signed_in(client)

    other = register_by_id(world)
    assert sign_in(client, other.number).status_code == 302


def test_a_good_sign_in_forgets_earlier_slips(client, reader):
    for _ in range(throttle.FREE_TRIES - 1):
        sign_in(client, reader.number, password="slip")
    sign_in(client, reader.number)
    client.post(reverse("portal:sign_out"))

    assert sign_in(client, reader.number, password="slip").status_code == 422
    assert sign_in(client, reader.number).status_code == 302


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "javascript:1"])
def test_signing_in_never_leads_to_another_site(client, reader, elsewhere):
    answer = sign_in(client, reader.number, next=elsewhere)

    assert answer.headers["Location"] == reverse("portal:loans")


def test_who_came_for_a_page_is_brought_there_after_signing_in(client, reader):
    sent = client.get(reverse("portal:requests"))
    assert sent.headers["Location"].endswith("?next=%2Fmy%2Frequests")

    answer = sign_in(client, reader.number, next="/my/requests")
    assert answer.headers["Location"] == "/my/requests"


def test_staff_without_a_reader_card_are_told_so(world):
    client = Client()
    client.force_login(world.librarian("JJ"))

    answer = client.get(reverse("portal:loans"))

    assert answer.status_code == 403
    assert "没有读者证" in text_of(answer)


def test_signing_out_takes_a_form_not_a_link(signed_in):
    assert signed_in.get(reverse("portal:sign_out")).status_code == 405

    signed_in.post(reverse("portal:sign_out"))
    assert not is_signed_in(signed_in)
