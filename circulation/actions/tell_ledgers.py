"""Tell members' own systems what happened to their copies: waiting → sending → taken or refused.

Unlike a notice to a reader, a message may arrive twice: it carries an id, and the same id is the
same message (LG-2). So whatever has no certain outcome is simply told again, until it is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, QuerySet

from circulation.ledgers import Outcome, Remote, Telling, ledger_of
from circulation.models import LedgerMessage
from circulation.models.ledger_messages import LedgerMessageState as State
from library_net.db import claim

log = logging.getLogger(__name__)
LEASE: Final = timedelta(minutes=2)
LONGEST_PAUSE: Final = timedelta(minutes=15)
BATCH: Final = 200


def give_up_leases(*, now: datetime) -> int:
    """What a dead worker was about to tell, or had told without noting it, waits again."""
    stale = LedgerMessage.objects.filter(state=State.SENDING, lease_until__lt=now)
    return stale.update(state=State.WAITING, lease_until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How many messages were offered, and how many of them taken."""

    asked: int
    taken: int


def tell_ledgers(*, now: datetime) -> Run:
    """Tell a batch of what can be told now.

    A copy's messages are told in their order (LG-3). A system that is down is asked once in a run,
    and its other messages wait as long as the one that was asked.
    """
    outcomes: list[Outcome | None] = []
    down: set[tuple[str, int]] = set()
    for message in _due(now=now):
        system = (message.ledger, message.item.owning_agency_id)
        if system in down:
            continue
        outcome = _tell(message, now=now)
        outcomes.append(outcome)
        if outcome == Outcome.NOT_NOW:
            down.add(system)
    return Run(asked=len(outcomes), taken=outcomes.count(Outcome.TAKEN))


def pause(attempts: int) -> timedelta:
    """15 s, 30 s, 1 min … at most a quarter of an hour."""
    return min(timedelta(seconds=15 * 2 ** min(attempts, 10)), LONGEST_PAUSE)


def _due(*, now: datetime) -> Iterable[LedgerMessage]:
    left = LedgerMessage.objects.filter(state__in=(State.WAITING, State.SENDING))
    earlier = left.filter(item=OuterRef("item"), pk__lt=OuterRef("pk"))
    same_system = left.filter(
        ledger=OuterRef("ledger"), item__owning_agency=OuterRef("item__owning_agency")
    )
    pausing = same_system.filter(attempts__gt=0, not_before__gt=now)
    due: QuerySet[LedgerMessage] = LedgerMessage.objects.filter(
        ~Exists(earlier), ~Exists(pausing), state=State.WAITING, not_before__lte=now
    )
    return list(due.select_related("item__owning_agency", "branch").order_by("pk")[:BATCH])


def _tell(message: LedgerMessage, *, now: datetime) -> Outcome | None:
    """``None``: another worker has it."""
    waiting = LedgerMessage.objects.filter(pk=message.pk, state=State.WAITING)
    lease = now + LEASE
    if not claim(
        waiting, state=State.SENDING, lease_until=lease, attempts=F("attempts") + 1, error=""
    ):
        return None
    outcome, error = _deliver(message)
    told: dict[str, object] = {"state": State.TAKEN, "told_at": now}
    if outcome == Outcome.NOT_NOW:
        told = {"state": State.WAITING, "not_before": now + pause(message.attempts)}
    elif outcome == Outcome.REFUSED:
        told = {"state": State.REFUSED}
    if outcome != Outcome.TAKEN:
        log.warning("ledger message %s: %s %s", message.pk, outcome, error)
    mine = LedgerMessage.objects.filter(pk=message.pk, state=State.SENDING, lease_until=lease)
    claim(mine, lease_until=None, error=error[:80], **told)
    return outcome


def _deliver(message: LedgerMessage) -> tuple[Outcome, str]:
    ledger = ledger_of(message.ledger)
    if not isinstance(ledger, Remote):
        return Outcome.REFUSED, "nobody to tell"
    item = message.item
    telling = Telling(
        message_id=str(message.message_id),
        call=message.call,
        operation_id=message.operation_id,
        owner=item.owning_agency.code,
        barcode=item.barcode,
        status=message.status,
        branch=message.branch.code,
        happened_at=message.happened_at,
    )
    try:
        return ledger.deliver(telling)
    except Exception as error:
        # An adapter's mistake must not stop the messages of other members.
        log.exception("the adapter %s failed", message.ledger)
        return Outcome.NOT_NOW, type(error).__name__
