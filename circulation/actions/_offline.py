"""Writing a copy's story as it is told now: loans, where the copy stands, what people must see.

For the one action that records off-line acts. The copy is locked before anything here runs, the
readers concerned are locked here, and rows are changed, never deleted. What the story costs is
brought in line last, in ``_offline_books``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from catalog.domain.items import ItemStatus
from circulation.actions._offline_books import Booked, correct_books, seen
from circulation.actions._offline_limits import set_terms
from circulation.actions.intake import (
    back_to_queue,
    change_request,
    drop_moves,
    free_from_transit,
    take_in,
)
from circulation.actions.operations import Answer, Journal
from circulation.domain.offline import Act, Happening, Spell, Story, tell
from circulation.domain.states import ITEM_TRANSITIONS, ItemEventKind, MoveState, RequestEvent
from circulation.models import ItemEvent, Loan, OfflineConflict, OfflineEvent
from circulation.readers.facts import (
    CopyState,
    copy_state,
    lock_item,
    lock_patron,
    own_waiting_request,
)
from circulation.readers.offline import happenings
from circulation.readers.reference import Reference, desk_at
from library_net.network.models import Branch

STORY_CODES = (
    "offline_still_on_loan",
    "offline_lent_on",
)


@dataclass(slots=True, kw_only=True)
class Settled:
    """What came of it."""

    next: Answer | None = None  # where a copy that was taken in goes
    exceptions: list[Answer] = field(default_factory=list)
    booked: Booked = field(default_factory=dict)  # fees of this operation, not in the books yet


def settle_copy(journal: Journal, *, item_id: int, reference: Reference) -> Settled:
    """Tell the story of a copy anew and make the rows agree with it (OF-2 to OF-7, OF-9)."""
    item = lock_item(item_id)
    known = tuple(happenings(item_id))
    story = tell(known)
    readers = sorted({h.patron_id for h in known if h.patron_id is not None})
    for patron_id in readers:
        lock_patron(patron_id)
    before = seen(item_id, readers=readers)
    loans = _write_spells(journal, story, item_id=item_id)
    _write_found(known, item_id=item_id)
    settled = Settled()
    last = story.last
    if last is not None and last.event_id is not None:
        state = copy_state(item, reference=reference)
        if last.act == Act.LENT:
            _stand_lent(journal, state=state, last=last, loan=loans[-1])
        elif not OfflineEvent.objects.filter(pk=last.event_id, stood=True).exists():
            settled = _stand_taken_in(journal, last=last, item_id=item_id, reference=reference)
        OfflineEvent.objects.filter(pk=last.event_id).update(stood=True)
    for patron_id in readers:
        set_terms(patron_id, reference=reference, now=journal.now)
    after = seen(item_id, readers=readers)
    changed = [pk for pk, facts in after.items() if facts != before.get(pk)]
    correct_books(journal, changed=changed, booked=settled.booked, reference=reference)
    return settled


def conflict(event_id: int, *, agency_id: int, code: str, now: datetime, **params: object) -> None:
    """Leave it for people, once; what one settled stays settled."""
    OfflineConflict.objects.get_or_create(
        event_id=event_id,
        code=code,
        defaults={"agency_id": agency_id, "params": params, "created_at": now},
    )


def _write_spells(journal: Journal, story: Story, *, item_id: int) -> list[Loan]:
    """One loan a spell. Ends are written first: only one loan of a copy may be open."""
    rows = _rows_of(story)
    is_last_taken_in = story.last is not None and story.last.act == Act.TAKEN_IN
    for spell, row in rows.items():
        is_open_end = is_last_taken_in and spell.end == story.last
        if row is not None:
            _end(row, spell=spell, leave_open=is_open_end and _will_be_taken_in(story.last))
    found: list[Loan] = []
    for spell, row in rows.items():
        row = row or _begin(spell, item_id=item_id, story=story)  # noqa: PLW2901
        if spell.is_offline:
            _begin_as_told(row, first=spell.first)
        _link(spell, row)
        found.append(row)
    _note_conflicts(journal, story.spells)
    return found


def _begin_as_told(row: Loan, *, first: Happening) -> None:
    if (row.checked_out_at, row.checkout_branch_id) == (first.at, first.branch_id):
        return
    branch = _branch(first.branch_id)
    row.checkout_branch, row.checkout_agency_id = branch, branch.agency_id
    row.checked_out_at = first.at
    row.save(update_fields=["checked_out_at", "checkout_branch", "checkout_agency"])


def _rows_of(story: Story) -> dict[Spell, Loan | None]:
    """The row each spell has already; one that was cut in two keeps it for the first half."""
    rows: dict[Spell, Loan | None] = {}
    for spell in story.spells:
        row = _row_of(spell)
        rows[spell] = row if row not in rows.values() else None
    return rows


def _row_of(spell: Spell) -> Loan | None:
    """The on-line loan, else the loan these off-line acts were said to begin before."""
    if spell.loan_id is not None:
        return Loan.objects.get(pk=spell.loan_id)
    ids = [h.event_id for h in spell.openers if h.event_id is not None]
    known = OfflineEvent.objects.filter(pk__in=ids, began=True).select_related("loan")
    row = known.order_by("happened_at", "caller", "operation_id").first()
    return row.loan if row is not None else None


def _will_be_taken_in(last: Happening | None) -> bool:
    """The taking in itself will close the loan, with its fee and all."""
    return (
        last is not None
        and last.event_id is not None
        and not OfflineEvent.objects.filter(pk=last.event_id, stood=True).exists()
    )


def _end(row: Loan, *, spell: Spell, leave_open: bool) -> None:
    end = spell.end
    closed_at = None if end is None or leave_open else end.at
    if leave_open and row.closed_at is not None:
        closed_at = end.at if end else None  # closed by an earlier telling: no second taking in
    if end is None and row.closed_at is not None:
        return  # its end is known from elsewhere: not in our events
    if end is not None and end.lost_loan_id is not None:
        return  # it was given up, and that is written
    if row.closed_at != closed_at and closed_at is not None:
        branch_id = end.branch_id if end and not spell.is_cut_short else None
        row.closed_at, row.checkin_branch_id = closed_at, branch_id
        row.lost_at = row.found_at = None  # OF-9: it ended before anybody gave it up
        row.save(update_fields=["closed_at", "checkin_branch", "lost_at", "found_at"])
    if end is not None and end.event_id is not None:
        OfflineEvent.objects.filter(pk=end.event_id).update(ends=row)


def _write_found(known: Sequence[Happening], *, item_id: int) -> None:
    """A copy that was given up counts as found at the first moment anybody had it again."""
    for row in Loan.objects.filter(item_id=item_id).exclude(lost_at=None):
        later = [h.at for h in known if h.lost_loan_id is None and h.at > (row.lost_at or h.at)]
        if later and row.found_at != min(later):
            row.found_at = min(later)
            row.save(update_fields=["found_at"])


def _begin(spell: Spell, *, item_id: int, story: Story) -> Loan:
    """A loan nobody had written yet. Its terms are set when all rows stand."""
    first, end = spell.first, spell.end
    branch = _branch(first.branch_id)
    owner_id = lock_item(item_id).owning_agency_id
    leave_open = end is None or (end == story.last and _will_be_taken_in(end))
    row = Loan.objects.create(
        item_id=item_id,
        patron_id=first.patron_id,
        owning_agency_id=owner_id,
        checkout_branch=branch,
        checkout_agency_id=branch.agency_id,
        checked_out_at=first.at,
        due_at=first.at,
        closed_at=None if leave_open or end is None else end.at,
        checkin_branch_id=(
            None if leave_open or end is None or spell.is_cut_short else end.branch_id
        ),
    )
    if end is not None and end.event_id is not None:
        OfflineEvent.objects.filter(pk=end.event_id).update(ends=row)
    return row


def _link(spell: Spell, row: Loan) -> None:
    ids = [h.event_id for h in spell.openers if h.event_id is not None]
    OfflineEvent.objects.filter(pk__in=ids).update(loan=row, began=spell.is_offline)


def _note_conflicts(journal: Journal, told: Iterable[Spell]) -> None:
    """What the story leaves to people. A conflict that is no longer true goes."""
    true: set[tuple[int, str]] = set()
    seen: set[int] = set()
    for spell in told:
        parts = [h.event_id for h in (*spell.openers, spell.end) if h is not None]
        seen |= {pk for pk in parts if pk is not None}
        for event_id, code in _odd(spell):
            true.add((event_id, code))
            event = OfflineEvent.objects.select_related("branch").get(pk=event_id)
            conflict(
                event_id,
                agency_id=event.branch.agency_id,
                code=code,
                now=journal.now,
                barcode=event.barcode,
            )
    for told_before in OfflineConflict.objects.filter(
        event_id__in=seen, code__in=STORY_CODES, closed_at=None
    ):
        if (told_before.event_id, told_before.code) not in true:
            told_before.delete()


def _odd(spell: Spell) -> Iterable[tuple[int, str]]:
    end = spell.end
    if end is None or not spell.is_cut_short:
        return
    if end.event_id is not None:  # OF-4
        yield end.event_id, "offline_still_on_loan"
        return
    for opener in spell.openers:
        if opener.event_id is not None:
            yield opener.event_id, "offline_lent_on"


def _stand_lent(journal: Journal, *, state: CopyState, last: Happening, loan: Loan) -> None:
    """OF-6: the last we know is that it was lent: the copy is out, whatever waited for it."""
    item, where = state.item, loan.checkout_branch_id  # not where it was told a second time
    is_out = item.status == ItemStatus.ON_LOAN and item.current_branch_id == where
    if is_out and _is_told(item.pk, loan):
        return
    if state.transit is not None:
        free_from_transit(state.transit)
    if state.assigned is not None and state.assigned.patron_id != loan.patron_id:
        back_to_queue(state.assigned)
    own = state.assigned if state.assigned and state.assigned.patron_id == loan.patron_id else None
    own = own or own_waiting_request(item, patron_id=loan.patron_id or 0)
    if own is not None:
        change_request(own, RequestEvent.LENT, item=item, closed_at=last.at)
    drop_moves(Q(item=item, state=MoveState.APPROVED))
    if (ItemStatus(item.status), ItemEventKind.CHECKED_OUT) not in ITEM_TRANSITIONS:
        journal.happens(item, ItemEventKind.CHECKED_IN, branch_id=where)
    journal.happens(item, ItemEventKind.CHECKED_OUT, branch_id=where, loan_id=loan.pk)


def _is_told(item_id: int, loan: Loan) -> bool:
    """The item's last word is this very loan already."""
    last = ItemEvent.objects.filter(item_id=item_id, kind=ItemEventKind.CHECKED_OUT)
    newest = last.order_by("-pk").values_list("loan_id", flat=True).first()
    return newest in (loan.pk, None)


def _stand_taken_in(
    journal: Journal, *, last: Happening, item_id: int, reference: Reference
) -> Settled:
    """OF-7: the last we know is that it came back: taken in like any return, as of that moment."""
    branch = _branch(last.branch_id)
    desk = desk_at(branch, reference=reference)
    now, journal.now = journal.now, last.at
    try:
        done = take_in(
            journal,
            item_id=item_id,
            branch=branch,
            desk=desk,
            reference=reference,
            is_told_later=True,
        )
    finally:
        journal.now = now
    settled = Settled(next=done["next"], exceptions=done["exceptions"])
    if done["closed_loan"] is not None:
        rows = OfflineEvent.objects.filter(pk=last.event_id or 0)
        rows.update(ends_id=done["closed_loan"])
        settled.booked[done["closed_loan"]] = Decimal(done["fee"])
    return settled


def _branch(branch_id: int) -> Branch:
    """Where it happened, even if that branch takes no part any more."""
    return Branch.objects.select_related("agency").get(pk=branch_id)
