"""Join two records of one person, and take them apart again exactly (ID-25 to ID-27)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from catalog.models import Item
from circulation.actions.cards import checked_reason
from circulation.actions.operations import Answer, Intent, Journal, LostRace, run_once
from circulation.actions.steps.joining import move_back, move_rows
from circulation.models import HoldRequest, Loan, Patron, PatronMerge
from circulation.models.requests import OPEN_STATES
from circulation.readers.identity import was_card_shown
from library_net.accounts.models import User
from library_net.errors import LibraryError

# What joining changes in the two rows themselves, and undoing gives back.
COLUMNS: Final = ("user_id", "is_blocked", "block_note", "suspensions", "merged_into_id")


def merge_patrons(
    *,
    intent: Intent,
    kept_id: int,
    absorbed_id: int,
    reason: str,
    kept_card: int | None = None,
    absorbed_card: int | None = None,
    now: datetime,
) -> Answer:
    """Everything of ``absorbed`` becomes ``kept``'s; its number and cards open ``kept`` from now.

    For staff of the institution where both registered, of one of them when the other's card was
    shown (``…_card``), or of the network. The absorbed record is blocked, so that an action that
    had found it a moment before is refused. Raises ``same_reader``, ``merge_of_staff``,
    ``merge_contested``, ``reason_missing``, ``unknown_patron``, ``outside_your_agency``.
    """
    why = checked_reason(reason)

    def work(journal: Journal) -> Answer:
        kept, absorbed = _locked(kept_id, absorbed_id)
        _require(intent, kept, card_id=kept_card)
        _require(intent, absorbed, card_id=absorbed_card)
        _refuse_what_cannot_be_joined(kept, absorbed)
        before = {"kept": _columns(kept), "absorbed": _columns(absorbed)}
        moved = move_rows(source=absorbed, target=kept)
        _join_columns(kept, absorbed)
        before["joined"] = _columns(kept)
        merge = PatronMerge.objects.create(
            kept=kept,
            absorbed=absorbed,
            moved=moved,
            before=before,
            reason=why,
            merged_at=journal.now,
            merged_by=intent.caller,
        )
        return _answer(merge, kept, absorbed, moved=moved)

    asked = {"kept": kept_id, "absorbed": absorbed_id}
    return run_once(intent=intent, action="merge_patrons", asked=asked, now=now, work=work)


def undo_merge(*, intent: Intent, merge_id: int, now: datetime) -> Answer:
    """Give every row back that the joining moved; what happened since stays with the kept record.

    Raises ``unknown_merge``, ``merge_not_last``, ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        merge = PatronMerge.objects.filter(pk=merge_id, undone_at=None).first()
        if merge is None:
            raise LibraryError("unknown_merge")
        kept, absorbed = _locked(merge.kept_id, merge.absorbed_id)
        _require(intent, kept, card_id=None, other=absorbed)
        if kept.merged_into_id is not None:
            raise LibraryError("merge_not_last")
        is_undone = PatronMerge.objects.filter(pk=merge_id, undone_at=None).update(
            undone_at=journal.now, undone_by=intent.caller
        )
        if not is_undone:
            raise LostRace
        returned = move_back(merge.moved, source=kept, target=absorbed)
        _part_columns(kept, absorbed, before=merge.before)
        return _answer(merge, kept, absorbed, moved=returned)

    return run_once(
        intent=intent, action="undo_merge", asked={"merge": merge_id}, now=now, work=work
    )


def _locked(first_id: int, second_id: int) -> tuple[Patron, Patron]:
    """Both readers, and every copy they have on loan: items first, then patrons, each by id."""
    ids = {first_id, second_id}
    on_loan = Loan.objects.filter(patron_id__in=ids, closed_at=None)
    items = set(on_loan.values_list("item_id", flat=True))
    list(Item.objects.select_for_update(no_key=True).filter(pk__in=items).order_by("pk"))
    rows = Patron.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids)
    found = {row.pk: row for row in rows.order_by("pk")}
    if found.keys() != ids or first_id == second_id:
        raise LibraryError("unknown_patron" if first_id != second_id else "same_reader")
    if set(on_loan.values_list("item_id", flat=True)) - items:
        raise LostRace  # lent between the two locks
    return found[first_id], found[second_id]


def _require(
    intent: Intent, patron: Patron, *, card_id: int | None, other: Patron | None = None
) -> None:
    covered = [patron.registered_at_agency_id, *([other.registered_at_agency_id] if other else [])]
    if any(intent.scope.covers(agency_id) for agency_id in covered):
        return
    if not (intent.scope.agency_ids and was_card_shown(card_id, patron_id=patron.pk)):
        intent.require_agency(patron.registered_at_agency_id)


def _refuse_what_cannot_be_joined(kept: Patron, absorbed: Patron) -> None:
    if kept.merged_into_id is not None or absorbed.merged_into_id is not None:
        raise LibraryError("same_reader")
    users = [patron.user_id for patron in (kept, absorbed) if patron.user_id is not None]
    if User.objects.filter(pk__in=users, is_staff=True).exists():
        raise LibraryError("merge_of_staff")
    waiting = HoldRequest.objects.filter(state__in=OPEN_STATES).select_related("pickup_branch")
    theirs = waiting.filter(patron=absorbed).values("anchor_id")
    if (twice := waiting.filter(patron=kept, anchor_id__in=theirs).first()) is not None:
        raise LibraryError("merge_contested", where=twice.pickup_branch.code)


def _join_columns(kept: Patron, absorbed: Patron) -> None:
    """One log-in, every block and suspension of both; the absorbed record can do nothing."""
    kept.is_blocked = kept.is_blocked or absorbed.is_blocked
    kept.block_note = kept.block_note or absorbed.block_note
    longest = {**kept.suspensions}
    for owner, until in absorbed.suspensions.items():
        longest[owner] = max(until, longest.get(owner, until))
    kept.suspensions = longest
    user_id = absorbed.user_id
    if kept.user_id is None:
        absorbed.user_id = None
    absorbed.merged_into, absorbed.is_blocked = kept, True
    absorbed.save(update_fields=list(COLUMNS))
    if kept.user_id is None:
        kept.user_id = user_id
    kept.save(update_fields=list(COLUMNS))
    if absorbed.user_id is not None:
        User.objects.filter(pk=absorbed.user_id).update(is_active=False)


def _part_columns(kept: Patron, absorbed: Patron, *, before: dict[str, Any]) -> None:
    """What somebody changed since the joining stays as it is now."""
    if absorbed.user_id is not None:
        User.objects.filter(pk=absorbed.user_id).update(is_active=True)
    for column, value in before["kept"].items():
        if getattr(kept, column) == before["joined"][column]:
            setattr(kept, column, value)
    kept.save(update_fields=list(COLUMNS))
    for column, value in before["absorbed"].items():
        setattr(absorbed, column, value)
    absorbed.save(update_fields=list(COLUMNS))


def _columns(patron: Patron) -> dict[str, Any]:
    return {column: getattr(patron, column) for column in COLUMNS}


def _answer(merge: PatronMerge, kept: Patron, absorbed: Patron, *, moved: Any) -> Answer:
    return {
        "merge": merge.pk,
        "patron": kept.number,
        "absorbed": absorbed.number,
        "moved": {key.split(".")[1]: len(ids) for key, ids in moved.items()},
    }
