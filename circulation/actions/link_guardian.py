"""Link a minor to a guardian, and end the link (ID-14, ID-15)."""

from __future__ import annotations

from datetime import datetime

from circulation.actions.guards import give_guardian, require_guardian
from circulation.actions.operations import Answer, Intent, Journal, LostRace, run_once
from circulation.domain.calendar import local_date
from circulation.domain.credentials import CHILD_BELOW_YEARS, MINOR_BELOW_YEARS, age_on
from circulation.models import Guardianship, Patron
from circulation.readers.reference import load_branch
from library_net.db import claim
from library_net.errors import LibraryError


def link_guardian(
    *, intent: Intent, branch_id: int, ward_id: int, guardian_id: int, now: datetime
) -> Answer:
    """Both are at this desk with their cards.

    Raises ``guardian_unfit``, ``not_a_minor``, ``unknown_patron``, ``unknown_branch``,
    ``outside_your_agency``.
    """

    def work(journal: Journal) -> Answer:
        today = local_date(now)
        branch = load_branch(branch_id=branch_id)
        intent.require_agency(branch.agency_id)
        ward = Patron.objects.filter(pk=ward_id, merged_into=None).first()
        if ward is None:
            raise LibraryError("unknown_patron")
        born = ward.birth_date
        if born is not None and age_on(born, day=today) >= MINOR_BELOW_YEARS:
            raise LibraryError("not_a_minor")
        if ward_id == guardian_id:
            raise LibraryError("guardian_unfit")
        require_guardian(guardian_id, today=today)
        link = give_guardian(
            ward=ward,
            guardian_id=guardian_id,
            agency_id=branch.agency_id,
            caller=intent.caller,
            now=journal.now,
        )
        return _answer(link)

    asked = {"branch": branch_id, "ward": ward_id, "guardian": guardian_id}
    return run_once(intent=intent, action="link_guardian", asked=asked, now=now, work=work)


def end_guardianship(*, intent: Intent, link_id: int, now: datetime) -> Answer:
    """By staff where either is registered, by the guardian, or by the ward from fourteen on.

    Raises ``unknown_guardianship``, ``ward_too_young``.
    """

    def work(journal: Journal) -> Answer:
        rows = Guardianship.objects.select_related("ward", "guardian")
        link = rows.filter(pk=link_id, revoked_at=None).first()
        if link is None:
            raise LibraryError("unknown_guardianship")
        _require(intent, link, now=now)
        if not claim(Guardianship.objects.filter(pk=link.pk, revoked_at=None), revoked_at=now):
            raise LostRace
        link.revoked_at = journal.now
        return _answer(link)

    return run_once(
        intent=intent, action="end_guardianship", asked={"link": link_id}, now=now, work=work
    )


def _require(intent: Intent, link: Guardianship, *, now: datetime) -> None:
    ward, guardian = link.ward, link.guardian
    if intent.patron_id is not None and intent.patron_id == ward.pk:
        born = ward.birth_date
        if born is None or age_on(born, day=local_date(now)) < CHILD_BELOW_YEARS:
            raise LibraryError("ward_too_young")
        return
    agencies = (ward.registered_at_agency_id, guardian.registered_at_agency_id)
    is_staff = any(intent.scope.covers(agency_id) for agency_id in agencies)
    if not is_staff and intent.patron_id != guardian.pk:
        raise LibraryError("unknown_guardianship")


def _answer(link: Guardianship) -> Answer:
    return {
        "guardianship": link.pk,
        "until": link.until.isoformat() if link.until else None,
        "revoked": link.revoked_at is not None,
    }
