"""Send what waits, once: claimed → sending → sent, failed or unknown.

All notices of one kind that wait for one reader go out as one message. The state ``sending`` is
committed before the first byte leaves; whoever finds it later without an outcome (a crash, a line
cut in the middle) must assume that it arrived: it goes to staff and never out again (NT-2).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from circulation.actions.notices.channels import Mail, Message, Outcome, Webhook, ways_out
from circulation.actions.notices.words import Line, still_true, words
from circulation.domain.notices import (
    QUIET_FROM,
    QUIET_TO,
    channel_for,
    may_be_sent_at,
    retry_after,
)
from circulation.models import Notice, NoticeAddress, NoticeChoice, Patron
from circulation.models.notices import ChannelKind, NoticeKind, NoticeState
from circulation.readers.notices import phone_of
from library_net.db import claim

log = logging.getLogger(__name__)
LEASE: Final = timedelta(minutes=2)
MOST_ATTEMPTS: Final = 6
BATCH: Final = 200
Ways = dict[str, Webhook | Mail]


def due_groups(*, now: datetime) -> list[tuple[int, str]]:
    """Readers and kinds with something to send. Queries: 1."""
    rows = Notice.objects.filter(state=NoticeState.WAITING, not_before__lte=now)
    groups = rows.order_by("not_before").values_list("patron_id", "kind")[: BATCH * 5]
    return list(dict.fromkeys(groups))[:BATCH]


def give_up_lost(*, now: datetime) -> int:
    """What a dead worker left: unwritten ones wait again, half-sent ones go to staff."""
    stale = Notice.objects.filter(lease_until__lt=now)
    stale.filter(state=NoticeState.CLAIMED).update(state=NoticeState.WAITING, lease_until=None)
    return stale.filter(state=NoticeState.SENDING).update(
        state=NoticeState.UNKNOWN, lease_until=None, error="interrupted"
    )


def deliver_group(*, patron_id: int, kind: str, now: datetime) -> bool:
    """Send one reader everything of one kind; whether something left."""
    message_id = uuid.uuid4()
    waiting = Notice.objects.filter(
        patron_id=patron_id, kind=kind, state=NoticeState.WAITING, not_before__lte=now
    )
    waiting.update(state=NoticeState.CLAIMED, message_id=message_id, lease_until=now + LEASE)
    mine = list(Notice.objects.filter(message_id=message_id, state=NoticeState.CLAIMED))
    if not mine:
        return False
    patron = Patron.objects.get(pk=patron_id)
    choice = NoticeChoice.objects.filter(patron=patron).first() or NoticeChoice(patron=patron)
    later = _quiet_until(kind, choice=choice, now=now)
    if later > now:
        _update(mine, state=NoticeState.WAITING, not_before=later, lease_until=None)
        return False
    lines = still_true(mine, language=patron.language)
    _drop([notice for notice in mine if notice.pk not in lines], reason="no longer true")
    mine = [notice for notice in mine if notice.pk in lines]
    if not mine:
        return False
    if kind in choice.silent_kinds:
        _drop(mine, reason="not wanted")
        return False
    ways = ways_out()
    addresses = _addresses(patron, ways=ways)
    channel = channel_for(chosen=choice.channels, reachable=addresses)
    if not channel:
        _drop(mine, reason="no address")
        return False
    message = _message(
        patron, mine, lines=[lines[n.pk] for n in mine], to=addresses[channel], now=now
    )
    return _send(mine, ways[channel], channel=channel, message=message, now=now)


def _send(
    mine: Sequence[Notice],
    way: Webhook | Mail,
    *,
    channel: str,
    message: Message,
    now: datetime,
) -> bool:
    """The point of no return is committed first; then the message; then what came of it."""
    with transaction.atomic(durable=True):
        for notice in mine:
            unsent = Notice.objects.filter(
                pk=notice.pk, state=NoticeState.CLAIMED, message_id=notice.message_id
            )
            if not claim(
                unsent, state=NoticeState.SENDING, channel=channel, attempts=notice.attempts + 1
            ):
                transaction.set_rollback(True)  # our lease ran out: somebody else has it
                return False
    outcome, error = way.send(message)
    if outcome == Outcome.SENT:
        _update(mine, state=NoticeState.SENT, sent_at=now, lease_until=None, error="")
        return True
    log.warning("notice %s by %s: %s %s", message.kind, channel, outcome, error)
    attempts = max(notice.attempts for notice in mine) + 1
    if outcome == Outcome.NOT_TAKEN and attempts < MOST_ATTEMPTS:
        _update(
            mine,
            state=NoticeState.WAITING,
            not_before=now + retry_after(attempts - 1),
            lease_until=None,
            error=error[:80],
        )
        return False
    state = NoticeState.UNKNOWN if outcome == Outcome.UNKNOWN else NoticeState.FAILED
    _update(mine, state=state, lease_until=None, error=error[:80])
    return outcome == Outcome.UNKNOWN


def _message(
    patron: Patron, mine: Sequence[Notice], *, lines: Sequence[Line], to: str, now: datetime
) -> Message:
    kind = mine[0].kind
    said = words(patron=patron, kind=kind, lines=lines, now=now, language=patron.language)
    return Message(
        message_id=str(mine[0].message_id),
        kind=kind,
        to=to,
        subject=said.subject,
        text=said.text,
    )


def _quiet_until(kind: str, *, choice: NoticeChoice, now: datetime) -> datetime:
    """NT-5: the proof of a return comes at once, its reader stands at the machine."""
    if kind == NoticeKind.RETURNED:
        return now
    return may_be_sent_at(
        now, quiet_from=choice.quiet_from or QUIET_FROM, quiet_to=choice.quiet_to or QUIET_TO
    )


def _addresses(patron: Patron, *, ways: Ways) -> dict[str, str]:
    """Where this reader can be reached by the ways there are. Queries: 2."""
    found = {
        row.kind: row.clear()
        for row in NoticeAddress.objects.filter(patron=patron, kind__in=list(ways))
    }
    if ChannelKind.SMS in ways and (number := phone_of(patron.pk)):
        found[ChannelKind.SMS] = number
    return found


def _drop(notices: Sequence[Notice], *, reason: str) -> None:
    _update(notices, state=NoticeState.DROPPED, lease_until=None, error=reason)


def _update(notices: Sequence[Notice], **new: object) -> None:
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(**new)
