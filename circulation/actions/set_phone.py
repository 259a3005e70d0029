"""Keep where a reader can be reached (ID-17)."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.cards import checked_phone, keep_phone
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.models import Patron
from circulation.models.identity import PHONE_PURPOSE
from circulation.readers.identity import was_card_shown
from library_net import vault
from library_net.errors import LibraryError


def set_phone(
    *,
    intent: Intent,
    patron_id: int,
    number: str,
    shown_card: int | None = None,
    now: datetime,
) -> Answer:
    """At a desk, with a card on the table or where the reader registered.

    The number opens the first sign-in, so a reader cannot set it by herself without a code.
    Raises ``phone_wrong_form``, ``unknown_patron``, ``outside_your_agency``.
    """
    text = checked_phone(number)

    def work(journal: Journal) -> Answer:
        patron = Patron.objects.filter(pk=patron_id, merged_into=None).first()
        if patron is None:
            raise LibraryError("unknown_patron")
        if not (intent.scope.agency_ids and was_card_shown(shown_card, patron_id=patron_id)):
            intent.require_agency(patron.registered_at_agency_id)
        phone = keep_phone(text, patron=patron, confirmed_at=journal.now)
        return {"patron": patron.number, "phone": phone.masked}

    asked = {"patron": patron_id, "phone": vault.fingerprint(text, purpose=PHONE_PURPOSE)}
    return run_once(intent=intent, action="set_phone", asked=asked, now=now, work=work)
