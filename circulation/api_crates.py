"""Crates over REST: open, pack, close, send, receive, and the manifest."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions import crates
from circulation.api import intent_of, read
from circulation.models import Crate, Transit
from circulation.readers.crates import crates_for, manifest
from circulation.readers.reference import find_branch
from library_net.accounts.scope import scope_of
from library_net.api.paging import page_by_id
from library_net.errors import LibraryError

STEPS = {
    "close": crates.close_crate,
    "reopen": crates.reopen_crate,
    "dispatch": crates.dispatch_crate,
    "receive": crates.receive_crate,
    "empty": crates.empty_crate,
}


class Crates(APIView):
    """Crates that are under way from or to the caller's branches; open a new load."""

    class Body(serializers.Serializer[Any]):
        code = serializers.CharField(max_length=24)
        origin = serializers.CharField(max_length=40)
        destination = serializers.CharField(max_length=40)

    def get(self, request: Request) -> Response:
        return Response(page_by_id(request, crates_for(scope_of(request.user)), _row))

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = crates.open_crate(
            intent=intent,
            code=body["code"],
            origin_id=find_branch(body["origin"]).pk,
            destination_id=find_branch(body["destination"]).pk,
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class CrateDetail(APIView):
    """One crate with its manifest."""

    def get(self, request: Request, crate_id: int) -> Response:
        crate = crates_for(scope_of(request.user), state="any").filter(pk=crate_id).first()
        if crate is None:
            raise LibraryError("unknown_crate")
        return Response({**_row(crate), "manifest": [_line(t) for t in manifest(crate)]})


class CrateCopies(APIView):
    """Put a copy in."""

    class Body(serializers.Serializer[Any]):
        barcode = serializers.CharField(max_length=64)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)

    def post(self, request: Request, crate_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = crates.pack(
            intent=intent,
            crate_id=crate_id,
            barcode=body["barcode"],
            owner=body["owner"],
            now=timezone.now(),
        )
        return Response(answer)


class CrateStep(APIView):
    """close, reopen, dispatch, receive, empty."""

    def post(self, request: Request, crate_id: str, step: str) -> Response:
        intent = intent_of(request)
        return Response(STEPS[step](intent=intent, crate_id=int(crate_id), now=timezone.now()))


def _row(crate: Crate) -> dict[str, Any]:
    return {
        "id": crate.pk,
        "code": crate.code,
        "state": crate.state,
        "origin": crate.origin.code,
        "destination": crate.destination.code,
        "created_at": crate.created_at,
        "dispatched_at": crate.dispatched_at,
        "arrived_at": crate.arrived_at,
    }


def _line(transit: Transit) -> dict[str, Any]:
    manifestation = transit.item.source_record.manifestation
    return {
        "transit": transit.pk,
        "state": transit.state,
        "reason": transit.reason,
        "barcode": transit.item.barcode,
        "owner": transit.item.owning_agency.code,
        "title": manifestation.title if manifestation else "",
        "is_missing": transit.missed_at is not None,
    }
