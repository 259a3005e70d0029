"""Record what a device did without a line: never refused, in any order, as often as it is sent.

RULES.md, OF-. An entry is kept first, then the story of its copy is told anew from all that is
known. What cannot be placed (a copy or a reader nobody knows) is kept as well and waits for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.domain.items import ItemStatus
from catalog.models import Item
from circulation.actions._offline import Settled, conflict, settle_copy
from circulation.actions.intake import item_answer
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.calendar import local_date
from circulation.domain.credentials import mask_document, normalise
from circulation.domain.scans import clean_barcode
from circulation.domain.states import ITEM_TRANSITIONS, ItemEventKind, advance
from circulation.models import Credential, OfflineConflict, OfflineEvent, Patron
from circulation.models.offline import OfflineEventKind
from circulation.models.patrons import CredentialStatus
from circulation.readers.identity import barcode_asked
from circulation.readers.offline import ACTION, copies_by_barcode
from circulation.readers.reference import Reference, load_branch, load_reference
from library_net import vault
from library_net.errors import LibraryError
from library_net.network.models import Branch

MOST_AHEAD = timedelta(minutes=10)  # a clock may be a little fast


class EntryKind(StrEnum):
    CHECKOUT = "checkout"
    CHECKIN = "checkin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a journal; ``happened_at`` is by our clock already."""

    operation_id: str
    kind: EntryKind
    happened_at: datetime
    barcode: str
    owner: str = ""
    card: str = ""  # as scanned; kept only masked, and only when nobody knows it
    patron_id: int | None = None
    credential_id: int | None = None


def record_offline(
    *,
    intent: Intent,
    device: str,
    branch_id: int,
    entries: Sequence[Entry],
    now: datetime,
) -> list[Answer]:
    """One answer for each entry, in their order; each is an operation of its own.

    An id used before for something else is told in its answer (``operation_reused``). Raises
    ``unknown_branch``, ``outside_your_agency`` before anything is written.
    """
    branch = load_branch(branch_id=branch_id)
    intent.require_agency(branch.agency_id)
    reference = load_reference(today=local_date(now))
    return [
        _record(intent, entry=entry, device=device, branch=branch, reference=reference, now=now)
        for entry in entries
    ]


def _record(
    intent: Intent,
    *,
    entry: Entry,
    device: str,
    branch: Branch,
    reference: Reference,
    now: datetime,
) -> Answer:
    asked = {
        "kind": str(entry.kind),
        "branch": branch.pk,
        "barcode": barcode_asked(entry.barcode),
        "owner": entry.owner,
        "patron": entry.patron_id,
        "card": vault.blind_index(normalise(entry.card), purpose="offline") if entry.card else "",
    }

    def work(journal: Journal) -> Answer:
        event = _keep(journal, entry=entry, device=device, branch=branch, reference=reference)
        settled = Settled()
        if event.item_id is not None:
            settled = settle_copy(journal, item_id=event.item_id, reference=reference)
        return _answer(event.pk, settled=settled, reference=reference)

    try:
        return run_once(
            intent=replace(intent, operation_id=entry.operation_id),
            action=ACTION,
            asked=asked,
            now=now,
            work=work,
        )
    except LibraryError as error:
        return {
            "operation_id": entry.operation_id,
            "state": "not_recorded",
            "code": error.code,
            "item": None,
            "loan": None,
            "due_at": None,
            "next": None,
            "exceptions": [],
            "conflicts": [],
        }


def _keep(
    journal: Journal, *, entry: Entry, device: str, branch: Branch, reference: Reference
) -> OfflineEvent:
    """The entry as a row, with what it means; what is odd about it by itself is noted."""
    text, now = clean_barcode(entry.barcode), journal.now
    copies = copies_by_barcode(text, owner=entry.owner)
    if len(copies) > 1:  # OF-5: the device's own institution first, else a person says whose
        copies = [c for c in copies if c[1] == reference.code(branch.agency_id)] or copies
    odd: list[tuple[str, dict[str, object]]] = []
    if len(copies) != 1:
        odd.append(("offline_unknown_item" if not copies else "offline_ambiguous_item", {}))
    elif _cannot_go_out(copies[0][0], kind=entry.kind):
        odd.append(("offline_withdrawn", {}))
    if entry.kind == EntryKind.CHECKOUT and entry.patron_id is None:
        odd.append(("offline_unknown_reader", {"card": mask_document(entry.card)[:40]}))
    if entry.happened_at > now + MOST_AHEAD:
        odd.append(("offline_clock", {}))
    if entry.patron_id is not None and (why := _blocked(entry)):
        odd.append((f"offline_{why}", {}))
    is_placed = len(copies) == 1 and all(code != "offline_withdrawn" for code, _params in odd)
    event = OfflineEvent.objects.create(
        caller=journal.intent.caller,
        operation_id=entry.operation_id,
        device=device[:60],
        kind=OfflineEventKind(str(entry.kind)),
        branch=branch,
        happened_at=min(entry.happened_at, now),
        received_at=now,
        barcode=(text if copies else mask_document(text))[:64],
        item_id=copies[0][0] if is_placed else None,
        patron_id=entry.patron_id if entry.kind == EntryKind.CHECKOUT else None,
        credential_id=entry.credential_id,
        card="" if entry.patron_id else mask_document(entry.card)[:40],
    )
    for code, params in odd:
        conflict(
            event.pk,
            agency_id=branch.agency_id,
            code=code,
            now=now,
            barcode=event.barcode,
            **params,
        )
    return event


def _cannot_go_out(item_id: int, *, kind: EntryKind) -> bool:
    """A withdrawn copy is its owner's matter: a loan of it is told to people, not written."""
    if kind == EntryKind.CHECKIN:
        return False
    status = ItemStatus(Item.objects.values_list("status", flat=True).get(pk=item_id))
    at_hand = advance(ITEM_TRANSITIONS, state=status, event=ItemEventKind.CHECKED_IN)
    return (at_hand, ItemEventKind.CHECKED_OUT) not in ITEM_TRANSITIONS


def _blocked(entry: Entry) -> str:
    """What a line would have said about the reader: recorded, and told to people."""
    if entry.credential_id is not None:
        card = Credential.objects.filter(pk=entry.credential_id)
        if not card.filter(status=CredentialStatus.ACTIVE).exists():
            return "card_lost"
    if Patron.objects.filter(pk=entry.patron_id or 0, is_blocked=True).exists():
        return "reader_blocked"
    return ""


def _answer(event_id: int, *, settled: Settled, reference: Reference) -> Answer:
    event = OfflineEvent.objects.select_related("loan").get(pk=event_id)
    item = (
        Item.objects.select_related("source_record__manifestation").get(pk=event.item_id)
        if event.item_id
        else None
    )
    conflicts = OfflineConflict.objects.filter(event=event).order_by("pk")
    return {
        "operation_id": event.operation_id,
        "state": "recorded" if event.item_id and (event.loan_id or event.is_return) else "waiting",
        "item": item_answer(item, reference=reference) if item else None,
        "loan": event.loan_id,
        "due_at": event.loan.due_at.isoformat() if event.loan else None,
        "over_limit": event.is_over_limit,
        "next": settled.next,
        "exceptions": settled.exceptions,
        "conflicts": [{"code": row.code, "params": row.params} for row in conflicts],
    }
