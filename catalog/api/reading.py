"""Reading over REST: records with their sources, search, the change feed."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import readers
from catalog.api import formats
from catalog.api.items import item_as_json
from catalog.domain.query import Filters
from catalog.linked_data import as_json_ld
from catalog.models.feed import number_changes
from catalog.search.query import Sort
from library_net.api.paging import make_cursor, page_size, read_cursor
from library_net.api.renderers import OrjsonRenderer
from library_net.errors import LibraryError


class Records(APIView):
    """One work with its editions: the union record, whose it is, why, and where copies are.

    JSON; MARCXML, ISO 2709 or JSON-LD by ``Accept`` or ``?format=marcxml|marc|jsonld``, MARC in the
    ``?dialect=`` marc21 or cnmarc: the edition asked for, or every edition of the work.
    """

    permission_classes = [AllowAny]
    renderer_classes = formats.RENDERERS
    content_negotiation_class = formats.ByFormatOrAccept

    def get(self, request: Request, public_id: str) -> Response:
        page = readers.find_record_page(public_id=public_id)
        if page is None:
            raise LibraryError("not_found")
        if page.is_withdrawn:
            raise LibraryError("record_withdrawn")
        form = request.accepted_renderer.format
        if form == formats.JsonLdRenderer.format:
            root = request.build_absolute_uri("/").rstrip("/")
            return Response(as_json_ld(page, root=root))
        if form != OrjsonRenderer.format:
            dialect = request.query_params.get("dialect", "")
            return Response(formats.as_marc(page, form=form, dialect=dialect))
        return Response(
            {
                "id": page.public_id,
                "title": page.title,
                "author": page.author,
                "chosen": page.chosen,
                "available": page.available,
                "copies": page.copies,
                "editions": [_edition(edition) for edition in page.editions],
            }
        )


def _edition(edition: readers.EditionPage) -> dict[str, Any]:
    return {
        "id": edition.public_id,
        "title": edition.title,
        "publisher": edition.publisher,
        "year": edition.year,
        "updated_at": edition.updated_at,
        "record": edition.record,
        "provenance": edition.provenance,
        "sources": [_source(source) for source in edition.sources],
        "evidence": [_evidence(line) for line in edition.evidence],
        "availability": [
            {
                "branch": place.branch.code,
                "name": place.branch.name,
                "available": place.available,
                "items": [item_as_json(item) for item in place.items],
            }
            for place in edition.branches
        ],
    }


def _source(source: readers.SourceLine) -> dict[str, Any]:
    return {
        "source": source.source_id,
        "agency": source.agency.code,
        "agency_name": source.agency.name,
        "control_number": source.source_key,
        "format": source.format,
        "encoding": source.encoding,
        "flags": list(source.flags),
        "received_at": source.received_at,
        "is_withdrawn": source.is_withdrawn,
    }


def _evidence(line: readers.EvidenceLine) -> dict[str, Any]:
    names = ("field", "verdict", "score", "left", "right")
    return {
        "left": line.left_id,
        "right": line.right_id,
        "score": line.score,
        "fields": [dict(zip(names, row, strict=True)) for row in line.fields],
    }


class Search(APIView):
    """``?q=``: one page of works with availability by branch, and counts to narrow it down."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        asked = request.query_params
        sort = asked.get("sort", "")
        found = readers.search_works(
            typed=asked.get("q", ""),
            filters=Filters(
                is_available=asked.get("available", "") in ("1", "true"),
                available_at=frozenset(asked.getlist("branch")),
                languages=frozenset(asked.getlist("language")),
                materials=frozenset(asked.getlist("material")),
            ),
            page=_page_number(asked.get("page", "")),
            per_page=page_size(request, default=20),
            sort=Sort(sort) if sort in set(Sort) else Sort.RELEVANCE,
        )
        return Response(
            {
                "total": found.total,
                "page": found.page,
                "pages": found.pages,
                "is_ready": found.is_ready,
                "results": [_card(card) for card in found.cards],
                "facets": {
                    name: [{"value": c.value, "count": c.count, "name": c.name} for c in choices]
                    for name, choices in found.facets.items()
                },
            }
        )


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _card(card: readers.WorkCard) -> dict[str, Any]:
    return {
        "id": card.public_id,
        "title": card.title,
        "author": card.author,
        "publisher": card.publisher,
        "year": card.year,
        "available": card.available,
        "copies": card.copies,
        "editions": [
            {"id": e.public_id, "title": e.title, "publisher": e.publisher, "year": e.year}
            for e in card.editions
        ],
        "availability": [
            {
                "branch": place.branch.code,
                "name": place.branch.name,
                "available": place.available,
                "total": place.total,
            }
            for place in card.availability
        ],
    }


class Changes(APIView):
    """The change feed in commit order: keep ``next`` and ask again with it."""

    def get(self, request: Request) -> Response:
        number_changes()
        after = read_cursor(request)
        size = page_size(request)
        lines = readers.changes(after=after, limit=size)
        return Response(
            {
                "results": [
                    {
                        "position": line.position,
                        "kind": line.kind,
                        "record": f"w{line.work_id}",
                        "changed_at": line.changed_at,
                    }
                    for line in lines
                ],
                # Never null: the feed has no end, and an empty page is asked for again later.
                "next": make_cursor(lines[-1].position if lines else after),
                "has_more": len(lines) == size,
            }
        )
