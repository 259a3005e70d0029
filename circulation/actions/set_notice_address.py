"""Keep where the city app or a WeChat-style app reaches a reader (NT-6)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from circulation.actions.note_look import note_look
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.models import NoticeAddress, Patron
from circulation.models.notices import ChannelKind
from circulation.readers.facts import lock_patron
from library_net import vault
from library_net.errors import LibraryError

PUSHED: Final = (ChannelKind.APP, ChannelKind.WECHAT)  # a phone and an e-mail have their own doors
LONGEST: Final = 200
PURPOSE: Final = "notice address"


def set_notice_address(
    *,
    intent: Intent,
    patron_id: int,
    channel: ChannelKind,
    address: str,
    is_present: bool = False,
    actor_id: int | None = None,
    now: datetime,
) -> Answer:
    """Put the address in place of any before; an empty one is forgotten.

    Who sets it reads where a reader's books are, so a number alone is not enough: the institution
    the reader registered with, or any while she ``is_present`` (her phone's code or electronic card
    was shown). Kept sealed, answered masked, and noted for her to see. Raises
    ``notice_address_wrong_form``, ``unknown_patron``, ``outside_your_agency``,
    ``operation_reused``.
    """
    text = _checked(address)

    def work(_journal: Journal) -> Answer:
        patron = lock_patron(patron_id)
        if not (is_present and intent.scope.agency_ids):
            intent.require_agency(patron.registered_at_agency_id)
        masked = _keep(patron, channel=channel, text=text)
        note_look(
            patron_id=patron.pk, actor_id=actor_id, scope=intent.scope, purpose=PURPOSE, now=now
        )
        return {"patron": patron.number, "channel": str(channel), "address": masked}

    asked = {
        "patron": patron_id,
        "channel": str(channel),
        "address": vault.fingerprint(text, purpose=PURPOSE) if text else "",
    }
    return run_once(intent=intent, action="set_notice_address", asked=asked, now=now, work=work)


def _checked(address: str) -> str:
    text = address.strip()
    if len(text) > LONGEST or not text.isprintable() or " " in text:
        raise LibraryError("notice_address_wrong_form")
    return text


def _keep(patron: Patron, *, channel: ChannelKind, text: str) -> str:
    known = NoticeAddress.objects.filter(patron=patron, kind=channel)
    if not text:
        known.delete()
        return ""
    row = known.first() or NoticeAddress(patron=patron, kind=channel)
    row.set_clear(text)
    row.save()
    return row.masked
