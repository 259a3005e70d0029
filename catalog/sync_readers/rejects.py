"""What members sent that could not be used, until somebody mends it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from catalog.models import Reject


def open_rejects(*, agency_ids: Collection[int] | None) -> QuerySet[Reject]:
    """Rejects of these agencies (None: of all) not mended yet, batch loaded, without the bytes."""
    rows = Reject.objects.filter(resolved_at=None).select_related("batch").defer("raw")
    return rows if agency_ids is None else rows.filter(batch__agency_id__in=agency_ids)
