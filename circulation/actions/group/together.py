"""Ordinary loans or returns, many in one transaction.

Two statements lock and read, the fold decides, one statement writes. A call that is anything but
ordinary gets ``None`` and goes the general way by itself. Both ways ask the same ``decide_*`` and
must leave the same rows: whoever adds to the one (``checkout``, ``intake``) adds to the other or
makes the case extraordinary in ``readers/together.py``; tests compare them, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import DatabaseError, transaction

from circulation.actions.group.sheet import Outcome, Sheet, Wider
from circulation.actions.operations import Intent, LostRace, recalled
from circulation.domain.calendar import local_date
from circulation.domain.facts import DeskFacts
from circulation.ledgers import is_column_of_item
from circulation.readers.identity import CardAsked
from circulation.readers.reference import Reference, latest_reference, reference_at
from circulation.readers.together import Copy, Reader, Together, Wanted, load_together
from library_net import round_trip
from library_net.errors import LibraryError
from library_net.lines import SharedLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one caller wants at one desk; without a reader it is a return."""

    intent: Intent
    action: str
    digest: str
    branch: int | str  # id or code
    barcode: str
    owner: str
    patron_id: int | None = None
    credential_id: int | None = None
    card: CardAsked | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call whose copy and reader are ordinary and locked."""

    place: int  # of the call in its batch
    call: Call
    reference: Reference
    desk: DeskFacts
    copy: Copy
    reader: Reader | None
    credential_blocked: bool = False


def every_issuer(*, now: datetime) -> frozenset[str]:
    """Whose cards there may be, as far as the process knows."""
    known = latest_reference(today=local_date(now))
    return _issuers(known) if known else frozenset()


def _issuers(reference: Reference) -> frozenset[str]:
    return frozenset(lineage[0] for lineage in reference.lineages.values())


def own_code(branch: int | str, *, now: datetime) -> str:
    """Whose desk it is, as far as the process knows; only a hint where to look for a card first."""
    known = latest_reference(today=local_date(now))
    branch_id = known.branches.get(branch) if known and isinstance(branch, str) else branch
    desk = known.desks.get(branch_id) if known and isinstance(branch_id, int) else None
    return desk.agency[0] if desk else ""


Decide = Callable[[Sequence[Case], Sheet], None]


def commit_together(
    calls: Sequence[Call], *, decide: Decide, line: SharedLine
) -> list[Outcome | None]:
    """One transaction for all; ``None`` for each when it could not be."""
    try:
        with line.in_use():
            round_trip.skip_health_check()
            with transaction.atomic(durable=True):
                return _run(calls, decide=decide)
    except (LostRace, DatabaseError):
        return [None] * len(calls)


def _run(calls: Sequence[Call], *, decide: Decide) -> list[Outcome | None]:
    rows = load_together(_wanted(calls))
    sheet = Sheet(calls, new=rows.new)
    cases: list[Case] = []
    values: dict[date, Together] = {}
    for place, call in enumerate(calls):
        known = rows.known.get((call.intent.caller, call.intent.operation_id))
        if known is not None:
            is_same = known.digest == call.digest and known.action == call.action
            sheet.outcomes[place] = (
                recalled(known.answer, was_refused=known.was_refused)
                if is_same
                else LibraryError("operation_reused")
            )
            continue
        today = local_date(call.now)
        reference = reference_at(rows.stamp, today=today)
        if not call.intent.is_in_force(reference.keys):
            sheet.outcomes[place] = LibraryError("bad_member_key")  # not an answer to remember
            continue
        if today not in values:
            values[today] = rows.values(reference)
        try:
            case = _case(place, call, reference=reference, found=values[today])
        except LibraryError as error:
            sheet.refuse(place, error)
            continue
        if isinstance(case, Wider):
            sheet.outcomes[place] = case
        elif case is not None:
            cases.append(case)
    decide(cases, sheet)
    sheet.write()
    return sheet.outcomes


def _case(place: int, call: Call, *, reference: Reference, found: Together) -> Case | Wider | None:
    branch_id = reference.branch_id(call.branch)
    call.intent.require_agency(reference.agency_of[branch_id])
    desk = reference.desks[branch_id]
    copy = found.copies.get(call.barcode)
    if copy is None or not is_column_of_item(copy.ledger) or call.now < copy.changed_at:
        return None
    if call.owner and call.owner != reference.code(copy.owner_id):
        return None
    person = _person(call, own=desk.agency[0], all_issuers=_issuers(reference), found=found)
    if isinstance(person, Wider):
        return person
    patron_id, is_blocked = person
    is_return = call.patron_id is None and call.card is None
    reader = found.people.get(patron_id) if patron_id is not None else None
    if reader is None and not is_return:
        return None
    return Case(
        place=place,
        call=call,
        reference=reference,
        desk=desk,
        copy=copy,
        reader=reader,
        credential_blocked=is_blocked,
    )


def _person(
    call: Call, *, own: str, all_issuers: frozenset[str], found: Together
) -> tuple[int | None, bool] | Wider:
    """Whom the call means, and whether the card shown opens nothing; ``None``: look closer."""
    if call.patron_id is not None:
        card = found.cards.get(call.credential_id or 0)
        proves = card is not None and card.is_active and card.patron_id == call.patron_id
        return call.patron_id, call.credential_id is not None and not proves
    if call.card is None:
        return None, False
    if (by_number := found.numbers.get(call.card.number)) is not None:
        return by_number, False
    by_id = {card.id: card for index in call.card.indexes if (card := found.by_index.get(index))}
    cards = [by_id[pk] for pk in sorted(by_id)]
    # ID-10: a card of this desk's institution stands before everybody else's; without one, the
    # others count, all of them: an institution this process had not heard of may have issued one.
    if any(card.is_reader_card and card.issuer == own for card in cards):
        cards = [card for card in cards if not card.is_reader_card or card.issuer == own]
    elif call.card.issuers == frozenset({own}):
        return Wider()
    elif call.card.issuers != all_issuers:
        cards = []
    if len({card.patron_id for card in cards}) != 1:
        return None, False
    return cards[0].patron_id, not cards[0].is_active


def _wanted(calls: Sequence[Call]) -> Wanted:
    wanted = Wanted()
    for call in calls:
        wanted.operations.add((call.intent.caller, call.intent.operation_id))
        wanted.barcodes.add(call.barcode)
        if call.patron_id is not None:
            wanted.patron_ids.add(call.patron_id)
        if call.credential_id is not None:
            wanted.card_ids.add(call.credential_id)
        if call.card is not None:
            wanted.numbers.add(call.card.number)
            wanted.indexes.update(call.card.indexes)
    return wanted
