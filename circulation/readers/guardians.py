"""Who answers for whom today."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from circulation.models import Guardianship


def links_today(*, today: date) -> QuerySet[Guardianship]:
    """Links in force: begun, not revoked, not outlived (ID-15)."""
    return Guardianship.objects.filter(
        Q(until=None) | Q(until__gte=today), revoked_at=None
    ).select_related("ward__category", "guardian")


def wards_of(guardian_id: int, *, today: date) -> list[Guardianship]:
    """The minors an adult may see and act for. Queries: 1."""
    rows = links_today(today=today).filter(guardian_id=guardian_id, ward__merged_into=None)
    return list(rows.order_by("ward__birth_date", "pk"))


def guardians_of(ward_id: int, *, today: date) -> list[Guardianship]:
    """Who may see and act for this reader. Queries: 1."""
    return list(links_today(today=today).filter(ward_id=ward_id).order_by("pk"))


def may_act_for(guardian_id: int, *, ward_id: int, today: date) -> bool:
    """Queries: 1."""
    return links_today(today=today).filter(guardian_id=guardian_id, ward_id=ward_id).exists()
