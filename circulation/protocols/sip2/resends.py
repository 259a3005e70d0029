"""Was this asked before? A terminal that got no answer asks again, often on a new connection.

Note [Resends]. A request is a repeat of an earlier one of the same terminal when sequence number
and message are the same, byte for byte, its transaction date included, and life has not gone on:

1. The earlier one was done. What was refused is simply judged again.
2. Nothing happened to that copy since: it was not lent, renewed or taken in, by anybody.
3. A terminal whose clock cannot be believed (no date, or a day and more away from ours) sends
   equal messages for different acts. Its repeats count for five minutes only.

Everything else is a new act, even when the number has come round and the words are the same.
A repeat gets the operation id of the first, so the stored answer, and nothing is done twice.
The memory is the ``Operation`` rows themselves: it survives every restart, and any server process
knows it. Ids hold a keyed digest, because a message may hold the number of an ID card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from circulation.domain.states import ItemEventKind
from circulation.models import ItemEvent, Operation
from library_net import vault

WINDOW: Final = timedelta(minutes=5)
BELIEVED: Final = timedelta(days=1)
GENERATIONS: Final = ("", ".1", ".2", ".3")
LIFE: Final = (ItemEventKind.CHECKED_OUT, ItemEventKind.CHECKED_IN, ItemEventKind.RENEWED)


MOST_REMEMBERED: Final = 200


@dataclass(slots=True)
class Seen:
    """The requests of one connection: how far its clock has come, and the last of them."""

    latest: datetime | None = None
    requests: dict[str, None] = field(default_factory=dict)

    def is_surely_new(self, base: str, *, said_at: datetime) -> bool:
        """Whether it cannot have been asked on an earlier connection.

        A repeat bears an older date than what this connection has said since. Should it be one
        after all, its id is the same and so its answer.
        """
        is_new = self.latest is not None and said_at >= self.latest and base not in self.requests
        self.latest = max(said_at, self.latest or said_at)
        self.requests[base] = None
        if len(self.requests) > MOST_REMEMBERED:
            del self.requests[next(iter(self.requests))]
        return is_new


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The operation a request is: a new one, or one done before, at that moment."""

    operation_id: str
    done_at: datetime | None = None

    def at(self, now: datetime) -> datetime:
        """What the answer gives as its time: a repeat is told the time of the first."""
        return self.done_at or now


def recognise(
    *,
    caller: str,
    sequence: str,
    body: bytes,
    said_at: datetime | None,
    now: datetime,
    suffixes: Sequence[str] = ("",),
    memory: Seen,
) -> Claim:
    """The operation id of this request. Queries: none when it is surely new, else 1 or 2.

    ``suffixes`` name the parts of a request that is several operations (renew all, a payment to
    several owners).
    """
    digest = vault.blind_index(body.hex(), purpose="sip2")[:40]
    base = f"sip2-{sequence or 'x'}-{digest}"
    is_believed = said_at is not None and abs(said_at - now) < BELIEVED
    if is_believed and said_at is not None and memory.is_surely_new(base, said_at=said_at):
        return Claim(operation_id=base)
    buckets = [""] if is_believed else _buckets(now)
    known = _known(caller, base, buckets=buckets, suffixes=suffixes)
    if known is None:
        return Claim(operation_id=base + buckets[0])
    operation_id = known.operation_id.partition("/")[0]
    is_old = not is_believed and now - known.at > WINDOW
    if not (is_old or known.was_refused or _life_went_on(known)):
        return Claim(operation_id=operation_id, done_at=known.at)
    return Claim(operation_id=_following(operation_id, start=base + buckets[0], now=now))


def part(operation_id: str, suffix: object) -> str:
    """The id of one part of a request that is several operations."""
    return f"{operation_id}/{suffix}"


def _known(
    caller: str, base: str, *, buckets: Sequence[str], suffixes: Sequence[str]
) -> Operation | None:
    ids = [
        base + bucket + generation + (f"/{suffix}" if suffix else "")
        for bucket in buckets
        for generation in GENERATIONS
        for suffix in suffixes
    ]
    rows = Operation.objects.filter(caller=caller, operation_id__in=ids)
    return rows.order_by("was_refused", "-pk").first()


def _buckets(now: datetime) -> list[str]:
    number = int(now.timestamp() // WINDOW.total_seconds())
    return [f"@{number}", f"@{number - 1}"]


def _following(operation_id: str, *, start: str, now: datetime) -> str:
    """The next generation; after the last a moment, which no repeat will be recognised by."""
    if not operation_id.startswith(start):
        return start
    generation = operation_id.removeprefix(start)
    known = generation in GENERATIONS[:-1]
    return start + (
        GENERATIONS[GENERATIONS.index(generation) + 1] if known else f".{now.timestamp()}"
    )


def _life_went_on(known: Operation) -> bool:
    item = known.answer.get("item")
    if not isinstance(item, dict):
        return False
    later = ItemEvent.objects.filter(item_id=item["id"], kind__in=LIFE)
    return later.filter(operation_id__gt=known.pk).exists()
