"""Nonsense at the public doors gets an answer, never a 500."""

import pytest

from library_net.accounts.scope import scope_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("limit", ["²", "9" * 5000, "-1", "0", "x", "１"])
def test_a_strange_page_size_is_no_error(world, client, limit):
    key = {"Authorization": f"Key {world.member_key('JJ')}"}

    assert client.get("/api/v1/transits/", {"limit": limit}, headers=key).status_code == 200


@pytest.mark.parametrize("body", [b"[" * 20_000, b"{", b"NaN", b'"\\ud800"', b"\xff", b""])
@pytest.mark.parametrize("door", ["checkouts", "checkins", "patrons", "requests", "renewals"])
def test_a_body_that_is_no_json_is_named_as_such(world, client, door, body):
    answer = client.post(
        f"/api/v1/{door}/",
        body,
        content_type="application/json",
        headers={"Authorization": f"Key {world.member_key('JJ')}", "Idempotency-Key": "k"},
    )

    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address", ["/search?q=%00", "/api/v1/transits/?branch=a%00", "/works/w1%00"]
)
def test_a_nul_in_an_address_is_refused(client, address):
    assert client.get(address).status_code in (400, 404)


def test_a_librarian_who_was_switched_off_has_no_rights_left(world):
    librarian = world.librarian("JJ")
    librarian.is_staff = False

    assert not scope_of(librarian).covers(world.agencies["JJ"].pk)


def test_a_masked_name_cannot_be_guessed_by_filter(world, client):
    client.force_login(world.librarian("JJ"))

    page = client.get("/admin/circulation/patron/", {"name__startswith": "雪"})

    assert page.status_code == 400
