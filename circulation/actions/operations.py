"""One operation, one answer: what every circulation action runs in.

``run_once`` opens the transaction, answers a repeat from the stored ``Operation``, and otherwise
lets the action load, decide and write through a ``Journal``. What the journal collected (item
events, the copies' new standing, money, exceptions, changes for the index) is written once, at
the end, together with the answer. A refusal is an answer too and is stored like one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson
from django.db import IntegrityError, OperationalError, transaction

from catalog.domain.items import ItemStatus
from catalog.models import Item
from catalog.models.feed import ChangeKind, note_changes
from circulation.domain.reasons import Reason
from circulation.domain.states import ITEM_TRANSITIONS, ItemEventKind, advance
from circulation.ledgers import Standing, ledger_of
from circulation.models import ItemEvent, LedgerEntry, Operation, StaffException
from circulation.readers.facts import last_act_at
from circulation.readers.reference import KnownKey
from library_net.accounts.scope import NOTHING, Scope
from library_net.errors import LibraryError, Refused

Answer = dict[str, Any]  # JSON: what the caller is told, and told again

ATTEMPTS: Final = 4
MOMENT: Final = timedelta(microseconds=1)
FORGOTTEN: Final = ("bad_member_key",)  # who is not let in leaves no operation behind


class LostRace(Exception):  # noqa: N818 - not an error: somebody was faster, look again
    """A compare-and-set found another state than the facts did; the action starts over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Who wants something done, under which id, and for whom they may act."""

    caller: str  # "agency:12", "user:7", "terminal:…": ids of two callers never collide
    operation_id: str
    scope: Scope = NOTHING
    patron_id: int | None = None  # a reader who acts for themself
    key_prefix: str = ""  # the member key shown, where it was checked against the process's memory

    def is_in_force(self, keys: Mapping[str, KnownKey]) -> bool:
        """Whether the key still opens the door, by what this transaction sees of the keys."""
        return not self.key_prefix or self.key_prefix in keys

    def require_key(self, keys: Mapping[str, KnownKey]) -> None:
        """Raises ``bad_member_key``."""
        if not self.is_in_force(keys):
            raise LibraryError("bad_member_key")

    def require_agency(self, agency_id: int) -> None:
        """Raises ``outside_your_agency``."""
        self.scope.require(agency_id)

    def require_patron_or_agency(self, *, patron_id: int | None, agency_id: int) -> None:
        """The reader in person, or staff of that agency. Raises ``outside_your_agency``."""
        if self.patron_id is None or self.patron_id != patron_id:
            self.scope.require(agency_id)


class Journal:
    """What one operation changes, kept in order until its row can be written."""

    def __init__(self, *, intent: Intent, now: datetime) -> None:
        self.intent = intent
        self.now = now
        self.events: list[ItemEvent] = []
        self._entries: list[LedgerEntry] = []
        self._exceptions: list[StaffException] = []
        self._items: dict[int, tuple[Item, Standing]] = {}
        self._works: set[int] = set()

    @property
    def is_empty(self) -> bool:
        return not (self.events or self._entries or self._exceptions)

    def come_after(self, item: Item) -> None:
        """From here on it is later than the last act on this locked copy (OF-10). Queries: 0 or 1.

        Who arrived first may have waited longest for the lock. The acts on a copy are told in the
        order of time (OF-2), so that must be the order they were done in.
        """
        if self.now < item.status_changed_at:  # or it was only added since
            last = last_act_at(item.pk)
            if last is not None and self.now < last:
                self.now = last + MOMENT

    def happens(
        self,
        item: Item,
        kind: ItemEventKind,
        *,
        branch_id: int | None = None,
        loan_id: int | None = None,
        request_id: int | None = None,
        transit_id: int | None = None,
    ) -> None:
        """An event of a locked copy: its status by the table, its place as given (or as it was)."""
        before = Standing(status=ItemStatus(item.status), branch_id=item.current_branch_id)
        self._items.setdefault(item.pk, (item, before))
        status = advance(ITEM_TRANSITIONS, state=before.status, event=kind)
        item.status = str(status)
        item.current_branch_id = branch_id if branch_id is not None else before.branch_id
        self.events.append(
            ItemEvent(
                item=item,
                kind=str(kind),
                at=self.now,
                branch_id=item.current_branch_id,
                status=str(status),
                loan_id=loan_id,
                request_id=request_id,
                transit_id=transit_id,
            )
        )

    def charge(self, entry: LedgerEntry) -> None:
        self._entries.append(entry)

    def ask_staff(self, exception: StaffException) -> StaffException:
        """Leave an odd case for a person; it has its id at once, for the answer."""
        exception.save()
        self._exceptions.append(exception)
        return exception

    def write(self, operation: Operation) -> None:
        """Everything collected, under this operation. Raises ``LostRace``.

        The change feed is the announcement: its followers look for themselves, so a loan wakes
        nobody by message.
        """
        for item, seen in self._items.values():
            self._write_standing(item, seen=seen, operation_id=operation.operation_id)
        for event in self.events:
            event.operation = operation
        ItemEvent.objects.bulk_create(self.events)
        for entry in self._entries:
            entry.operation = operation
        LedgerEntry.objects.bulk_create(self._entries)
        if self._works:
            note_changes(work_ids=self._works, kind=ChangeKind.AVAILABILITY, now=self.now)

    def _write_standing(self, item: Item, *, seen: Standing, operation_id: str) -> None:
        new = Standing(status=ItemStatus(item.status), branch_id=item.current_branch_id)
        if new == seen:
            # An act all the same: whoever waited for the copy meanwhile comes after it (OF-10).
            older = Item.objects.filter(pk=item.pk, status_changed_at__lt=self.now)
            older.update(status_changed_at=self.now)
            return
        is_home = new.status == ItemStatus.AVAILABLE and new.branch_id == item.home_branch_id
        ledger = ledger_of(item.ledger)
        write = ledger.release if is_home else ledger.claim
        if not write(item_id=item.pk, seen=seen, new=new, operation_id=operation_id, now=self.now):
            raise LostRace
        manifestation = item.source_record.manifestation
        if manifestation is not None:
            self._works.add(manifestation.work_id)


def run_once(
    *,
    intent: Intent,
    action: str,
    asked: Mapping[str, Any],
    now: datetime,
    work: Callable[[Journal], Answer],
) -> Answer:
    """Do ``work`` in one transaction, or repeat the answer it got before.

    ``asked`` is what identifies the request: ids and codes, never a document number. Raises what
    ``work`` refuses with, ``operation_reused`` when the id was used for something else, and
    ``busy`` when others were faster several times over.
    """
    return run_as(intent=intent, action=action, digest=digest_of(action, asked), now=now, work=work)


def run_as(
    *,
    intent: Intent,
    action: str,
    digest: str,
    now: datetime,
    work: Callable[[Journal], Answer],
) -> Answer:
    """As ``run_once``, where the digest of what was asked is known already."""
    for _attempt in range(ATTEMPTS):
        try:
            operation = _run(intent, action=action, digest=digest, now=now, work=work)
        except (LostRace, IntegrityError, OperationalError) as error:
            # A unique index, a deadlock or a compare-and-set: somebody else acted meanwhile.
            last = error
            continue
        if operation.digest != digest or operation.action != action:
            raise LibraryError("operation_reused")
        outcome = recalled(operation.answer, was_refused=operation.was_refused)
        if isinstance(outcome, LibraryError):
            raise outcome
        return outcome
    raise LibraryError("busy") from last


def refused(reasons: tuple[Reason, ...]) -> Refused:
    """The domain's refusal as the error every door can tell."""
    return Refused(
        reasons=[(str(r.code), {name: _plain(value) for name, value in r.params}) for r in reasons]
    )


def _run(
    intent: Intent,
    *,
    action: str,
    digest: str,
    now: datetime,
    work: Callable[[Journal], Answer],
) -> Operation:
    with transaction.atomic(durable=True):
        known = Operation.objects.filter(
            caller=intent.caller, operation_id=intent.operation_id
        ).first()
        if known is not None:
            return known
        journal = Journal(intent=intent, now=now)
        was_refused = False
        try:
            answer = work(journal)
        except LibraryError as error:
            if error.code in FORGOTTEN:
                raise
            if not journal.is_empty:
                message = f"{action} refused after it had begun to write"
                raise AssertionError(message) from error
            answer, was_refused = as_answer(error), True
        operation = Operation.objects.create(
            caller=intent.caller,
            operation_id=intent.operation_id,
            action=action,
            digest=digest,
            answer=answer,
            was_refused=was_refused,
            at=now,
        )
        journal.write(operation)
    return operation


def recalled(answer: Answer, *, was_refused: bool) -> Answer | LibraryError:
    """What a stored operation tells its caller, again."""
    return _as_error(answer) if was_refused else in_order(answer)


def in_order(answer: Answer) -> Answer:
    """The same answer in the same order: PostgreSQL stores JSON in an order of its own."""
    ordered: Answer = orjson.loads(orjson.dumps(answer, option=orjson.OPT_SORT_KEYS))
    return ordered


def digest_of(action: str, asked: Mapping[str, Any]) -> str:
    """What was asked, as 64 hex digits."""
    canonical = json.dumps([action, asked], sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def as_answer(error: LibraryError) -> Answer:
    """A refusal as an operation keeps it."""
    params = {name: _plain(value) for name, value in error.params.items()}
    answer: Answer = {"code": error.code, "params": params}
    if isinstance(error, Refused):
        answer["reasons"] = [[code, dict(params)] for code, params in error.reasons]
    return answer


def _as_error(answer: Answer) -> LibraryError:
    if "reasons" in answer:
        return Refused(reasons=[(code, params) for code, params in answer["reasons"]])
    return LibraryError(answer["code"], **answer["params"])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
