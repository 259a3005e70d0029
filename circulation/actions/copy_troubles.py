"""What goes wrong with a copy that is here, or should be: damaged, or not found (LO-6, LO-9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db.models import Q

from catalog.models import Item
from circulation.actions.intake import back_to_queue, drop_moves, free_from_transit, item_answer
from circulation.actions.operations import Answer, Intent, Journal, refused, run_once
from circulation.domain.calendar import local_date
from circulation.domain.reasons import ReasonCode, reason
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.domain.states import ITEM_TRANSITIONS, ItemEventKind, MoveState
from circulation.models import Pick, StaffException
from circulation.readers.facts import copy_state, lock_item
from circulation.readers.identity import barcode_asked, copies_with_barcode
from circulation.readers.reference import load_branch, load_reference
from library_net.errors import LibraryError
from library_net.queue import after_commit

DAMAGED: Final = "damaged"  # the code of the exception
LONGEST_NOTE: Final = 300


def report_not_found(
    *, intent: Intent, branch_id: int, barcode: str, owner: str = "", now: datetime
) -> Answer:
    """It should stand here and does not: missing, until a scan finds it; rule LO-9.

    By staff of the branch. Raises ``Refused`` (``not_here``), ``unknown_item``,
    ``ambiguous_item``, ``unknown_branch``, ``outside_your_agency``.
    """

    def then(journal: Journal, item: Item) -> None:
        journal.happens(item, ItemEventKind.MISSED)

    return _trouble(
        "report_not_found",
        ItemEventKind.MISSED,
        intent=intent,
        branch_id=branch_id,
        barcode=barcode,
        owner=owner,
        now=now,
        then=then,
    )


def report_damaged(
    *, intent: Intent, branch_id: int, barcode: str, note: str, owner: str = "", now: datetime
) -> Answer:
    """Keep a damaged copy off the shelf, with a note for whoever mends or judges it; LO-6.

    What its last reader owes for it is another step (``charge_damage``). Raises as
    ``report_not_found``, and ``note_missing``.
    """
    text = " ".join(note.split())[:LONGEST_NOTE]
    if not text:
        raise LibraryError("note_missing")

    def then(journal: Journal, item: Item) -> None:
        journal.happens(item, ItemEventKind.DAMAGED)
        journal.ask_staff(
            StaffException(
                branch_id=item.current_branch_id,
                agency_id=item.current_branch.agency_id,
                code=DAMAGED,
                params={"barcode": item.barcode, "note": text},
                item=item,
                barcode=item.barcode,
                created_at=now,
            )
        )

    return _trouble(
        "report_damaged",
        ItemEventKind.DAMAGED,
        intent=intent,
        branch_id=branch_id,
        barcode=barcode,
        owner=owner,
        now=now,
        then=then,
        note=text,
    )


def _trouble(
    action: str,
    event: ItemEventKind,
    *,
    intent: Intent,
    branch_id: int,
    barcode: str,
    owner: str,
    now: datetime,
    then: Callable[[Journal, Item], None],
    note: str = "",
) -> Answer:
    """What both have in common: the copy is here and leaves whatever it was meant for."""

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        journal.intent.require_agency(branch.agency_id)
        reference = load_reference(today=local_date(now))
        item_id = _settle(clean_barcode(barcode), owner=owner, branch_id=branch_id)
        state = copy_state(lock_item(item_id), reference=reference)
        is_here = state.item.current_branch_id == branch_id and state.loan is None
        if not is_here or (state.facts.status, event) not in ITEM_TRANSITIONS:
            raise refused((reason(ReasonCode.NOT_HERE, barcode=state.item.barcode),))
        if state.transit is not None:
            free_from_transit(state.transit)
        if state.assigned is not None:
            back_to_queue(state.assigned)
        drop_moves(Q(item=state.item, state=MoveState.APPROVED))
        Pick.objects.filter(item=state.item).delete()
        then(journal, state.item)
        after_commit("circulation.allocate")
        return {"item": item_answer(state.item, reference=reference), "branch": branch.code}

    asked = {
        "branch": branch_id,
        "barcode": barcode_asked(barcode),
        "owner": owner,
        "note": note,
    }
    return run_once(intent=intent, action=action, asked=asked, now=now, work=work)


def _settle(text: str, *, owner: str, branch_id: int) -> int:
    settled = settle_return(copies_with_barcode(text, branch_id=branch_id), owner=owner)
    if isinstance(settled, Unknown):
        raise LibraryError("unknown_item", barcode=text)
    if isinstance(settled, Ambiguous):
        raise LibraryError("ambiguous_item", barcode=text, owners=", ".join(settled.owners))
    return settled
