"""Batches over REST: a file of records in, its progress and its rejects out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import readers
from catalog.actions.receive_batch import receive_batch
from catalog.api.caller import PIECE, JsonOnly, StreamParser, agency_ids, agency_of, pieces
from catalog.models import Batch, BatchState, Reject
from catalog.problems import NOTES
from library_net.accounts.scope import scope_of
from library_net.api.paging import page_by_id
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.jobs.models import JobState


class Batches(APIView):
    """Send a file of records; see the batches sent so far."""

    parser_classes = [MultiPartParser, StreamParser]
    content_negotiation_class = JsonOnly

    def post(self, request: Request) -> Response:
        agency = agency_of(request)
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
        ids = agency_ids(scope_of(request.user))
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
    return pieces(body), ""


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
    ids = agency_ids(scope_of(request.user))
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
