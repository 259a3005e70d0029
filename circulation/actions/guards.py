"""Steps about guardians that registering a child and linking a family share (ID-14, ID-15)."""

from __future__ import annotations

from datetime import date, datetime

from circulation.domain.credentials import (
    MINOR_BELOW_YEARS,
    age_on,
    last_day_of_guard,
    needs_guardian,
)
from circulation.models import Guardianship, Patron
from library_net.errors import LibraryError


def require_guardian(guardian_id: int | None, *, today: date) -> None:
    """Raises ``guardian_missing``, ``guardian_unfit`` (a minor herself, or blocked). Queries: 1."""
    if guardian_id is None:
        raise LibraryError("guardian_missing")
    guardian = Patron.objects.select_related("category").filter(pk=guardian_id).first()
    if guardian is None:
        raise LibraryError("guardian_missing")
    is_minor = (
        age_on(guardian.birth_date, day=today) < MINOR_BELOW_YEARS
        if guardian.birth_date is not None
        else needs_guardian(born_on=None, category=guardian.category.code, today=today)
    )
    if is_minor or guardian.is_blocked:
        raise LibraryError("guardian_unfit")


def give_guardian(
    *, ward: Patron, guardian_id: int, agency_id: int, caller: str, now: datetime
) -> Guardianship:
    """Link them, or find the link they have. The consent is dated and says who took it."""
    link, _is_new = Guardianship.objects.get_or_create(
        ward=ward,
        guardian_id=guardian_id,
        revoked_at=None,
        defaults={
            "since": now,
            "agency_id": agency_id,
            "taken_by": caller,
            "until": last_day_of_guard(ward.birth_date) if ward.birth_date else None,
        },
    )
    return link
