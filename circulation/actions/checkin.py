"""Take a copy back at any desk of the network. A return is never refused."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.intake import take_in
from circulation.actions.operations import Answer, Intent, Journal, run_once
from circulation.domain.calendar import local_date
from circulation.domain.checkin import Oddity
from circulation.domain.credentials import mask_document
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.models import StaffException
from circulation.readers.identity import barcode_asked, copies_with_barcode
from circulation.readers.reference import desk_at, load_branch, load_reference
from library_net.network.models import Branch


def checkin(
    *, intent: Intent, branch_id: int, barcode: str, owner: str = "", now: datetime
) -> Answer:
    """Close what can be closed and say where the copy goes next; rules CI-1 to CI-12.

    An unknown or ambiguous barcode is accepted too and leaves an exception that says what to do;
    an ID number scanned for a book is kept masked only (ID-12).
    Raises only ``unknown_branch``, ``outside_your_agency``, ``operation_reused``.
    """

    def work(journal: Journal) -> Answer:
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        text = clean_barcode(barcode)
        copies = copies_with_barcode(text, branch_id=branch_id)
        settled = settle_return(copies, owner=owner)
        if isinstance(settled, Unknown):
            told = text if copies else mask_document(text)
            return _put_aside(journal, Oddity.UNKNOWN_BARCODE, branch=branch, barcode=told)
        if isinstance(settled, Ambiguous):
            return _put_aside(
                journal,
                Oddity.AMBIGUOUS_BARCODE,
                branch=branch,
                barcode=text,
                owners=settled.owners,
            )
        reference = load_reference(today=local_date(now))
        desk = desk_at(branch, reference=reference)
        return take_in(journal, item_id=settled, branch=branch, desk=desk, reference=reference)

    asked = {"branch": branch_id, "barcode": barcode_asked(barcode), "owner": owner}
    return run_once(intent=intent, action="checkin", asked=asked, now=now, work=work)


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
