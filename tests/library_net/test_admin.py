"""The admin: every list opens, each librarian sees her own rows, readers stay out."""

import pytest
from django.contrib import admin
from django.urls import reverse

from circulation.models import AccessLog, Patron
from library_net.network.models import MemberKey

pytestmark = pytest.mark.django_db
LISTS = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    for model in admin.site._registry
)


@pytest.mark.parametrize("page", LISTS)
def test_every_list_opens_for_the_network_administrator(world, client, page):
    world.item("三体")
    client.force_login(world.network_admin())

    assert client.get(reverse(page)).status_code == 200
    assert client.get(reverse(page), {"q": "a"}).status_code in (200, 302)


def test_a_librarian_sees_only_her_own_branches(world, client):
    client.force_login(world.librarian("ZY"))

    page = client.get(reverse("admin:network_branch_changelist"))

    assert [b.code for b in page.context["cl"].queryset] == ["ZY-MAIN"]


def test_a_librarian_cannot_open_a_reader_no_loan_or_request_links_to_her(world, client):
    client.force_login(world.librarian("ZY"))
    foreign = Patron.objects.first()

    page = client.get(reverse("admin:circulation_patron_change", args=[foreign.pk]))

    assert page.status_code == 302  # back to the index: there is no such row for her
    assert not AccessLog.objects.exists()


def test_opening_a_reader_in_the_admin_is_logged(world, client):
    client.force_login(world.librarian("JJ"))
    reader = Patron.objects.first()

    assert (
        client.get(reverse("admin:circulation_patron_change", args=[reader.pk])).status_code == 200
    )
    assert AccessLog.objects.get().patron == reader


def test_a_new_member_key_is_shown_once_and_works(world, client):
    client.force_login(world.network_admin())

    page = client.post(
        reverse("admin:network_memberkey_add"),
        {"agency": world.agencies["JJ"].pk, "label": "ILS"},
        follow=True,
    )

    key = MemberKey.objects.get()
    shown = str(next(iter(page.context["messages"])))
    assert key.prefix in shown
    again = client.get(reverse("admin:network_memberkey_change", args=[key.pk]))
    secret = shown.split(key.prefix + ".")[1].split(maxsplit=1)[0]
    assert secret not in again.content.decode()


def test_a_librarian_cannot_issue_keys(world, client):
    client.force_login(world.librarian("JJ"))

    assert client.get(reverse("admin:network_memberkey_add")).status_code == 403


def test_todays_numbers_lead_to_their_lists(world, client):
    client.force_login(world.librarian("JJ"))

    tiles = client.get(reverse("admin:index")).context["tiles"]

    assert tiles
    for tile in tiles:
        assert client.get(tile["url"], follow=True).status_code == 200
