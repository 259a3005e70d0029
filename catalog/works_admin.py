"""Works in the admin: the other editions of a record's work, and librarians' word on them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from catalog.actions.resolve_work import join_works, part_works, take_out_of_work
from catalog.models import Manifestation, SourceRecord
from catalog.readers import find_record_page
from library_net.errors import LibraryError
from library_net.scoped_admin import who_decides

MOST_SHOWN = 40  # editions of one work


def other_editions(record: SourceRecord) -> list[Manifestation]:
    """Of the record's work, newest first."""
    living = Manifestation.objects.filter(
        work__manifestations__sources=record, absorbed_by=None, deleted_at=None
    )
    return list(living.exclude(sources=record).order_by("-year", "pk")[:MOST_SHOWN])


def take_out(request: HttpRequest, record: SourceRecord) -> object:
    reason = request.POST.get("work_reason", "")
    return take_out_of_work(source_id=record.pk, reason=reason, **who_decides(request))


def join(request: HttpRequest, record: SourceRecord) -> object:
    return _decide(join_works, request, record)


def part(request: HttpRequest, record: SourceRecord) -> object:
    return _decide(part_works, request, record)


def _decide(action: Callable[..., object], request: HttpRequest, record: SourceRecord) -> object:
    """With the work or edition whose public id was typed (w12, m34, or the address of its page)."""
    public_id = request.POST.get("other", "").strip().rstrip("/").rpartition("/")[2]
    page = find_record_page(public_id=public_id)
    editions = page.editions if page else ()
    chosen = [one for one in editions if page and page.chosen in ("", one.public_id)]
    sources = [line for one in chosen for line in one.sources if not line.is_withdrawn]
    if not sources:
        raise LibraryError("unknown_work_or_edition", public_id=public_id)
    return action(
        left_id=record.pk,
        right_id=sources[0].source_id,
        reason=request.POST.get("work_reason", ""),
        **who_decides(request),
    )
