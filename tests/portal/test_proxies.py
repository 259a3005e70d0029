"""Who may collect for me: named and revoked by the reader."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from circulation.models import Proxy
from tests.portal.conftest import text_of


def test_a_reader_names_somebody_and_revokes_it(world, signed_in, reader):
    """PX-1."""
    until = timezone.localdate() + timedelta(days=14)
    form = {"number": world.patrons["川"].number.lower(), "until": until.isoformat()}

    signed_in.post(reverse("portal:proxies"), {**form, "operation": "n1"})
    link = Proxy.objects.get()
    page = text_of(signed_in.get(reverse("portal:proxies")))
    signed_in.post(reverse("portal:revoke_proxy", args=[link.pk]), {"operation": "r1"})

    assert (link.patron, link.proxy, link.valid_until) == (reader, world.patrons["川"], until)
    assert world.patrons["川"].number in page
    assert Proxy.objects.get().revoked_at is not None


def test_nonsense_names_nobody(world, signed_in):
    """PX-1."""
    for number, until in (
        ("P0", "2030-01-01"),
        ("", ""),
        (world.patrons["雪"].number, "2026-12-1"),
    ):
        signed_in.post(reverse("portal:proxies"), {"number": number, "until": until})

    assert not Proxy.objects.exists()


def test_another_readers_link_cannot_be_revoked(world, signed_in):
    link = Proxy.objects.create(
        patron=world.patrons["川"],
        proxy=world.patrons["禾"],
        valid_from=timezone.localdate(),
        valid_until=timezone.localdate(),
        created_at=timezone.now(),
    )

    answer = signed_in.post(reverse("portal:revoke_proxy", args=[link.pk]))

    assert answer.status_code == 404
    assert Proxy.objects.get().revoked_at is None
