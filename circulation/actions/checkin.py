"""Take a copy back at any desk of the network. A return is never refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from circulation.actions.group.lane import Lane
from circulation.actions.group.sheet import Outcome, Sheet
from circulation.actions.group.together import Call, Case, commit_together
from circulation.actions.intake import checkin_answer, copy_answer, take_in, transit_answer
from circulation.actions.operations import Answer, Intent, Journal, digest_of, run_as
from circulation.domain.calendar import local_date
from circulation.domain.checkin import (
    Accepted,
    CheckinFacts,
    Oddity,
    ToShelf,
    ToTransit,
    decide_checkin,
)
from circulation.domain.credentials import mask_document
from circulation.domain.policies import Context, Place, resolve
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.domain.states import ItemEventKind
from circulation.ledgers import Standing
from circulation.models import StaffException
from circulation.readers.identity import barcode_asked, copies_with_barcode
from circulation.readers.reference import desk_at, load_branch, load_reference
from library_net.errors import LibraryError
from library_net.lines import SharedLine
from library_net.network.models import Branch

ACTION = "checkin"


def checkin(
    *, intent: Intent, branch_id: int | str, barcode: str, owner: str = "", now: datetime
) -> Answer:
    """Close what can be closed and say where the copy goes next; rules CI-1 to CI-12.

    The branch is given by its id or its code. An unknown or ambiguous barcode is accepted too and
    leaves an exception that says what to do; an ID number scanned for a book is kept masked only
    (ID-12). Raises only ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """
    call = _call(intent=intent, branch=branch_id, barcode=barcode, owner=owner, now=now)
    answer = _take_in_lane(call)
    return answer if answer is not None else _take_alone(call)


def checkin_if_ordinary(
    *, intent: Intent, branch: str, barcode: str, owner: str = "", now: datetime
) -> Answer | None:
    """As ``checkin``, in a batch or not at all: then none, and nothing was done.

    On PostgreSQL it needs no connection of the thread's own.
    """
    return _take_in_lane(_call(intent=intent, branch=branch, barcode=barcode, owner=owner, now=now))


def _call(*, intent: Intent, branch: int | str, barcode: str, owner: str, now: datetime) -> Call:
    asked = {"branch": branch, "barcode": barcode_asked(barcode), "owner": owner}
    return Call(
        intent=intent,
        action=ACTION,
        digest=digest_of(ACTION, asked),
        branch=branch,
        barcode=clean_barcode(barcode),
        owner=owner,
        now=now,
    )


def _take_in_lane(call: Call) -> Answer | None:
    outcome = _LANE.run(call)
    if isinstance(outcome, LibraryError):
        raise outcome
    return outcome if isinstance(outcome, dict) else None


# --- together ------------------------------------------------------------------------------------


def _take_together(cases: Sequence[Case], sheet: Sheet) -> None:
    """CI-8, nothing owed: what most returns are. Without a request or a move, home is the way."""
    facts = [_facts(case) for case in cases]
    for case, accepted in zip(cases, map(decide_checkin, facts), strict=True):
        is_plain = isinstance(accepted.next, ToShelf | ToTransit) and not accepted.oddities
        if is_plain and not (accepted.days_late or accepted.fee):
            _write_together(sheet, case=case, accepted=accepted)


def _facts(case: Case) -> CheckinFacts:
    copy, desk, now = case.copy.facts, case.desk, case.call.now
    loan, place = copy.loan, case.copy.place
    if loan is None or place is None:
        place = Place(
            owner=copy.owner, visited=desk.agency, branch=desk.branch, material=copy.material
        )
    return CheckinFacts(
        copy=copy,
        desk=desk,
        terms=resolve(
            rules=case.reference.rules,
            context=Context(place=place, category=case.copy.category),
            on=desk.calendar.local_date(loan.lent_at if loan else now),
        ),
        now=now,
    )


def _write_together(sheet: Sheet, *, case: Case, accepted: Accepted) -> None:
    copy, call, facts = case.copy, case.call, case.copy.facts
    here, operation = case.desk.branch_id, sheet.begin()
    if accepted.closes_loan is not None:
        sheet.close(accepted.closes_loan, at=call.now, branch_id=here)
    happens = partial(
        sheet.happens,
        operation,
        item_id=facts.id,
        branch_id=here,
        work_id=copy.work_id,
        at=call.now,
    )
    seen = Standing(status=facts.status, branch_id=copy.current_id)
    status = happens(ItemEventKind.CHECKED_IN, seen=seen, loan_id=accepted.closes_loan)
    seen, where = Standing(status=status, branch_id=here), {"kind": "shelf"}
    if isinstance(accepted.next, ToTransit):
        transit = sheet.send(
            item_id=facts.id,
            here=here,
            destination_id=accepted.next.destination_id,
            reason=accepted.next.reason,
            at=call.now,
        )
        status = happens(ItemEventKind.SET_ASIDE, seen=seen, transit_id=transit)
        to = case.reference.branch_codes[accepted.next.destination_id]
        where = transit_answer(accepted.next, transit=transit, destination=to)
    elif here != facts.home_id:
        status = happens(ItemEventKind.FLOATED, seen=seen)
    item = copy_answer(
        item_id=facts.id,
        barcode=facts.barcode,
        owner=facts.owner[0],
        title=copy.title,
        status=str(status),
        home=case.reference.branch_codes[facts.home_id],
    )
    answer = checkin_answer(
        item,
        branch=case.desk.branch,
        accepted=accepted,
        fee_owner=None,
        where=where,
        exceptions=[],
    )
    sheet.answer(operation, case.place, answer)


_LANE: Lane[Call, Outcome] = Lane(
    partial(commit_together, decide=_take_together, line=SharedLine()),
    keys=lambda call: [(call.intent.caller, call.intent.operation_id), call.barcode],
)


# --- alone ---------------------------------------------------------------------------------------


def _take_alone(call: Call) -> Answer:
    def work(journal: Journal) -> Answer:
        reference = load_reference(today=local_date(call.now))
        call.intent.require_key(reference.keys)
        branch = load_branch(branch_id=reference.branch_id(call.branch))
        call.intent.require_agency(branch.agency_id)
        copies = copies_with_barcode(call.barcode, branch_id=branch.pk)
        settled = settle_return(copies, owner=call.owner)
        if isinstance(settled, Unknown):
            told = call.barcode if copies else mask_document(call.barcode)
            return _put_aside(journal, Oddity.UNKNOWN_BARCODE, branch=branch, barcode=told)
        if isinstance(settled, Ambiguous):
            return _put_aside(
                journal,
                Oddity.AMBIGUOUS_BARCODE,
                branch=branch,
                barcode=call.barcode,
                owners=settled.owners,
            )
        desk = desk_at(branch, reference=reference)
        return take_in(journal, item_id=settled, branch=branch, desk=desk, reference=reference)

    return run_as(
        intent=call.intent, action=call.action, digest=call.digest, now=call.now, work=work
    )


def _put_aside(
    journal: Journal,
    oddity: Oddity,
    *,
    branch: Branch,
    barcode: str,
    owners: tuple[str, ...] = (),
) -> Answer:
    """CI-2: the book stays with staff; the exception tells them why."""
    exception = journal.ask_staff(
        StaffException(
            branch=branch,
            agency_id=branch.agency_id,
            code=str(oddity),
            params={"barcode": barcode, "owners": ", ".join(owners)},
            barcode=barcode[:64],
            created_at=journal.now,
        )
    )
    return {
        "item": None,
        "branch": branch.code,
        "barcode": barcode,
        "owners": list(owners),
        "closed_loan": None,
        "days_late": 0,
        "fee": "0.00",
        "fee_owner": None,
        "next": {"kind": "staff"},
        "exceptions": [{"code": exception.code, "id": exception.pk}],
    }
