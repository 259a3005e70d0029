"""Batches over REST: a file of records in, its progress and its rejects out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import readers
from catalog.actions.confirm_withdrawal import confirm_withdrawal
from catalog.actions.receive_batch import receive_batch
from catalog.actions.receive_changes import receive_changes
from catalog.actions.resubmit_reject import resubmit_reject
from catalog.api.caller import (
    PIECE,
    JsonOnly,
    StreamParser,
    agency_ids,
    agency_of,
    limited,
    pieces,
)
from catalog.models import Batch, BatchState, Reject
from catalog.problems import note_on
from catalog.sync_readers.rejects import open_rejects
from library_net.accounts.scope import scope_of
from library_net.api.paging import page_by_id
from library_net.api.problems import sentence
from library_net.errors import LibraryError
from library_net.jobs.models import JobState

MAX_MENDED_BYTES = 8 * 1024 * 1024  # of one record


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
        return _accepted(batch)

    def get(self, request: Request) -> Response:
        ids = agency_ids(scope_of(request.user))
        rows = readers.batches(agency_ids=None if ids is None else list(ids))
        return Response(page_by_id(request, rows, _batch))


class RecordChanges(APIView):
    """Send single changes, JSON lines or an array; they are read as a batch."""

    parser_classes = [StreamParser]
    content_negotiation_class = JsonOnly

    def post(self, request: Request) -> Response:
        content, _name = _content(request)
        agency = agency_of(request)
        return _accepted(receive_changes(agency=agency, content=content, now=timezone.now()))


def _accepted(batch: Batch) -> Response:
    """202 with the place where the batch's progress can be asked for."""
    where = reverse("api-batch", args=[batch.public_id])
    return Response(_batch(batch), status=status.HTTP_202_ACCEPTED, headers={"Location": where})


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


class BatchWithdrawal(APIView):
    """POST: what this full file lacked is really gone; withdraw it."""

    def post(self, request: Request, public_id: str) -> Response:
        batch = _find_batch(request, public_id)
        return _accepted(
            confirm_withdrawal(batch=batch, user_id=request.user.pk, now=timezone.now())
        )


class BatchRejects(APIView):
    """What could not be used, in the order of the file, with reasons in the caller's language."""

    def get(self, request: Request, public_id: str) -> Response:
        batch = _find_batch(request, public_id)
        rows = readers.rejects(batch_id=batch.pk).select_related("batch")
        return Response(page_by_id(request, rows, _reject))


class Rejects(APIView):
    """Everything of the caller's institutions that still waits for being mended."""

    def get(self, request: Request) -> Response:
        ids = agency_ids(scope_of(request.user))
        rows = open_rejects(agency_ids=None if ids is None else list(ids))
        return Response(page_by_id(request, rows, _reject))


class RejectDetail(APIView):
    """One reject with its bytes; POST sends the mended record in its place."""

    parser_classes = [StreamParser]
    content_negotiation_class = JsonOnly

    def get(self, request: Request, reject_id: int) -> Response:
        reject = _find_reject(request, reject_id)
        raw = base64.b64encode(bytes(reject.raw)).decode()
        return Response({**_reject(reject), "record": raw})

    def post(self, request: Request, reject_id: int) -> Response:
        reject = _find_reject(request, reject_id)
        pieces_sent, _name = _content(request)
        content = b"".join(limited(pieces_sent, MAX_MENDED_BYTES))
        return _accepted(resubmit_reject(reject=reject, content=content, now=timezone.now()))


def _find_reject(request: Request, reject_id: int) -> Reject:
    scope = scope_of(request.user)
    reject = Reject.objects.select_related("batch__agency").filter(pk=reject_id).first()
    if reject is None or not scope.covers(reject.batch.agency_id):
        raise LibraryError("not_found")
    return reject


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
    return {
        "id": str(batch.public_id),
        "agency": batch.agency.code,
        "state": str(state),
        "kind": batch.kind,
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
            "lost": batch.lost,
            "withheld": batch.withheld,
            "mended": batch.mended,
            "repeated": batch.repeated,
            "outdated": batch.outdated,
            "merged": batch.merged,
            "items_created": batch.items_created,
            "items_updated": batch.items_updated,
        },
        "message": job.message if is_failed and job else "",
        "withdrawal": batch.withdrawal,
        "withdrawal_confirmed_at": batch.confirmed_at,
        "note": note_on(batch),
        "received_at": batch.created_at,
        "finished_at": batch.finished_at,
    }


def _reject(reject: Reject) -> dict[str, Any]:
    return {
        "id": reject.pk,
        "batch": str(reject.batch.public_id),
        "position": reject.position,
        "offset": reject.offset,
        "length": reject.length,
        "code": reject.code,
        "message": sentence(reject.code, reject.params),
        "params": reject.params,
        "mended_at": reject.resolved_at,
    }
