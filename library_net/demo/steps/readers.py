"""One reader of the history gets a log-in, a card that is easy to type, a phone and a child."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils import timezone

from circulation.actions.cards import attach, keep_phone
from circulation.actions.guards import give_guardian
from circulation.domain.credentials import Credential, CredentialKind
from circulation.models import Patron
from circulation.readers.identity import find_card
from library_net.accounts.models import User
from library_net.demo.world import READER_CARD

PHONE = "13800000000"  # nobody's


def make_reader(*, password: str) -> Patron:
    """A reader with several books at home and a request open."""
    borrowers = Patron.objects.filter(category__code="adult").annotate(
        at_home=Count("loans", filter=Q(loans__closed_at=None), distinct=True),
        wishes=Count("requests", filter=Q(requests__closed_at=None), distinct=True),
    )
    busy = borrowers.filter(at_home__gte=2, wishes__gte=1)
    patron = (
        busy.order_by("-at_home", "pk").first()
        or borrowers.order_by("-at_home", "pk").first()
        or Patron.objects.order_by("pk")[0]
    )
    user, _is_new = User.objects.get_or_create(username="reader")
    user.name = patron.name
    user.set_password(password)
    user.save()
    patron.user = user
    patron.save(update_fields=["user"])
    _give_family(patron)
    if find_card(READER_CARD, today=timezone.localdate()) is None:
        card = Credential(kind=CredentialKind.READER_CARD, value=READER_CARD)
        attach(card, patron=patron, now=timezone.now())
    return patron


def _give_family(patron: Patron) -> None:
    """A phone, so that signing in by a code can be tried, and a child to act for."""
    keep_phone(PHONE, patron=patron, confirmed_at=timezone.now())
    child = Patron.objects.filter(category__code="child").order_by("pk").first()
    if child is not None:
        give_guardian(
            ward=child,
            guardian_id=patron.pk,
            agency_id=child.registered_at_agency_id,
            caller="demo",
            now=timezone.now(),
        )
