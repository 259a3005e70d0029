"""The catalogue over REST: members send records and copies, everyone may search and look.

A member key acts for its own agency and sees its own batches only; uploads are streamed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.utils import timezone
from rest_framework import status
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import readers
from catalog.actions.receive_batch import receive_batch
from catalog.actions.save_item_list import save_item_list
from catalog.domain.query import Filters
from catalog.models import Batch, BatchState, Item, Reject
from catalog.models.feed import number_changes
from catalog.problems import NOTES
from catalog.search.query import Sort
from library_net.accounts.scope import Scope, scope_of
from library_net.api.paging import make_cursor, page_by_id, page_size, read_cursor
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.jobs.models import JobState
from library_net.network.models import Agency

PIECE = 64 * 1024
MAX_LIST_BYTES = 16 * 1024 * 1024


class StreamParser(BaseParser):
    """Leaves the body unread, whatever it is called: the view streams it."""

    media_type = "*/*"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Any = None,  # noqa: ARG002
    ) -> Any:
        return stream


class JsonOnly(BaseContentNegotiation):
    """Answers JSON, so that ``?format=`` can name the MARC dialect and not a renderer."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's signature
        renderers: Any,
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> Any:
        return renderers[0], renderers[0].media_type


def _agency(request: Request) -> Agency:
    """The institution the caller acts for: the key's own, or ``?agency=`` within the role."""
    scope = scope_of(request.user)
    if code := request.query_params.get("agency", ""):
        found = Agency.objects.filter(code=code).first()
        if found is None or not scope.covers(found.pk):
            raise LibraryError("outside_your_agency")
        return found
    found = Agency.objects.filter(pk=scope.home_agency_id or 0).first()
    if found is None:
        raise LibraryError("no_agency")
    return found


def _agency_ids(scope: Scope) -> Iterable[int] | None:
    return None if scope.everywhere else scope.agency_ids


# --- batches -------------------------------------------------------------------------------------


class Batches(APIView):
    """Send a file of records; see the batches sent so far."""

    parser_classes = [MultiPartParser, StreamParser]
    content_negotiation_class = JsonOnly

    def post(self, request: Request) -> Response:
        agency = _agency(request)
        asked = request.query_params
        content, name = _content(request)
        batch = receive_batch(
            agency=agency,
            content=content,
            now=timezone.now(),
            mode=asked.get("mode", "delta"),
            sequence=_sequence(asked.get("sequence", "0")),
            file_name=asked.get("filename", name),
            format_hint=asked.get("format", ""),
            encoding_hint=asked.get("encoding", ""),
        )
        where = f"{request.path}{batch.public_id}/"
        return Response(_batch(batch), status=status.HTTP_202_ACCEPTED, headers={"Location": where})

    def get(self, request: Request) -> Response:
        ids = _agency_ids(scope_of(request.user))
        rows = readers.batches(agency_ids=None if ids is None else list(ids))
        return Response(page_by_id(request, rows, _batch))


def _content(request: Request) -> tuple[Iterator[bytes], str]:
    """The file in pieces and its name, from a form field or as the body itself."""
    body = request.data
    upload = request.FILES.get("file") if hasattr(body, "getlist") else None
    if upload is not None:
        return upload.chunks(PIECE), upload.name or ""
    if not hasattr(body, "read"):
        return iter(()), ""
    return _pieces(body), ""


def _pieces(body: Any) -> Iterator[bytes]:
    while piece := body.read(PIECE):
        yield piece


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise LibraryError("bad_batch_sequence")
    return int(text)


class BatchDetail(APIView):
    def get(self, request: Request, public_id: str) -> Response:
        return Response(_batch(_find_batch(request, public_id)))


class BatchRejects(APIView):
    """What could not be used, in the order of the file, with reasons in the caller's language."""

    def get(self, request: Request, public_id: str) -> Response:
        batch = _find_batch(request, public_id)
        return Response(page_by_id(request, readers.rejects(batch_id=batch.pk), _reject))


def _find_batch(request: Request, public_id: str) -> Batch:
    """A batch of another institution is as good as none."""
    ids = _agency_ids(scope_of(request.user))
    rows = readers.batches(agency_ids=None if ids is None else list(ids))
    batch = rows.filter(public_id=public_id).first()
    if batch is None:
        raise LibraryError("not_found")
    return batch


def _batch(batch: Batch) -> dict[str, Any]:
    job = batch.job
    is_failed = job is not None and job.state == JobState.FAILED
    state = BatchState.FAILED if is_failed else batch.state
    is_lossy = batch.mode == "full" and batch.quarantined and state == BatchState.DONE
    return {
        "id": str(batch.public_id),
        "agency": batch.agency.code,
        "state": str(state),
        "mode": batch.mode,
        "sequence": batch.sequence,
        "file_name": batch.file_name,
        "sha256": batch.digest,
        "progress": {"done": batch.next_offset, "total": batch.byte_count, "unit": "bytes"},
        "counts": {
            "records": batch.records,
            "created": batch.created,
            "updated": batch.updated,
            "unchanged": batch.unchanged,
            "deleted": batch.deleted,
            "quarantined": batch.quarantined,
            "repeated": batch.repeated,
            "outdated": batch.outdated,
            "merged": batch.merged,
            "items_created": batch.items_created,
            "items_updated": batch.items_updated,
        },
        "message": job.message if is_failed and job else "",
        "note": NOTES["nothing_withdrawn"] if is_lossy else "",
        "received_at": batch.created_at,
        "finished_at": batch.finished_at,
    }


def _reject(reject: Reject) -> dict[str, Any]:
    return {
        "position": reject.position,
        "offset": reject.offset,
        "length": reject.length,
        "code": reject.code,
        "message": sentence(reject.code, reject.params),
        "params": reject.params,
    }


# --- items ---------------------------------------------------------------------------------------


class Items(APIView):
    """Send a list of copies (JSON array, bare or as ``items``, or CSV); find one by barcode."""

    parser_classes = [StreamParser]

    def post(self, request: Request) -> Response:
        saved = save_item_list(agency=_agency(request), rows=_rows(request), now=timezone.now())
        problems = [
            {
                "row": problem.row,
                "barcode": problem.barcode,
                "code": problem.code,
                "message": sentence(problem.code, problem.params),
                "is_refused": problem.is_refused,
            }
            for problem in saved.problems
        ]
        return Response(
            {
                "created": saved.created,
                "updated": saved.updated,
                "unchanged": saved.unchanged,
                "refused": sum(problem.is_refused for problem in saved.problems),
                "problems": problems,
            }
        )

    def get(self, request: Request) -> Response:
        barcode = request.query_params.get("barcode", "").strip()
        if not barcode:
            raise LibraryError("barcode_needed")
        found = readers.find_items(
            barcode=barcode, owner_code=request.query_params.get("owner", "")
        )
        return Response({"results": [_item(item) for item in found]})


class ItemDetail(APIView):
    def get(self, request: Request, owner_code: str, barcode: str) -> Response:  # noqa: ARG002
        found = readers.find_items(barcode=barcode, owner_code=owner_code)
        if not found:
            raise LibraryError("not_found")
        return Response(_item(found[0]))


def _rows(request: Request) -> list[Any]:
    data = b"".join(_limited(request.data)) if hasattr(request.data, "read") else b""
    try:
        if "csv" in str(request.content_type):
            text = data.decode("utf-8-sig")
            return list(csv.DictReader(io.StringIO(text, newline="")))
        rows = orjson.loads(data)
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise LibraryError("bad_item_list") from error
    if isinstance(rows, dict):
        rows = rows.get("items")
    if not isinstance(rows, list):
        raise LibraryError("bad_item_list")
    return rows


def _limited(body: Any) -> Iterator[bytes]:
    size = 0
    for piece in _pieces(body):
        size += len(piece)
        if size > MAX_LIST_BYTES:
            raise LibraryError("batch_too_large", limit_mb=MAX_LIST_BYTES // 2**20)
        yield piece


def _item(item: Item) -> dict[str, Any]:
    manifestation_id = getattr(item, "manifestation_id", None)
    return {
        "owner": item.owning_agency.code,
        "barcode": item.barcode,
        "status": item.status,
        "status_changed_at": item.status_changed_at,
        "home_branch": item.home_branch.code,
        "current_branch": item.current_branch.code,
        "location": item.location,
        "call_number": item.call_number,
        "volume": item.volume,
        "material": item.material_type,
        "price": item.price,
        "is_lendable": item.is_lendable,
        "record": f"m{manifestation_id}" if manifestation_id else "",
    }


# --- reading the catalogue -----------------------------------------------------------------------


class Records(APIView):
    """One work with its editions: the union record, whose it is, why, and where copies are."""

    permission_classes = [AllowAny]

    def get(self, request: Request, public_id: str) -> Response:  # noqa: ARG002 - DRF's signature
        page = readers.find_record_page(public_id=public_id)
        if page is None:
            raise LibraryError("not_found")
        if page.is_withdrawn:
            raise LibraryError("record_withdrawn")
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
                "items": [_item(item) for item in place.items],
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
