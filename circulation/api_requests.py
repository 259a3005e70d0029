"""Requests over REST: ask, look, pause, go on, collect elsewhere, cancel."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.adjust_request import move_request, pause_request, resume_request
from circulation.actions.cancel_request import cancel_request
from circulation.actions.place_request import place_request
from circulation.actions.present_card import present_card
from circulation.api import CARD_LENGTH, find_copy, intent_of, read
from circulation.models import HoldRequest
from circulation.readers.lists import anchor_for, anchor_of_copy, requests_at
from circulation.readers.outlook import outlooks
from circulation.readers.reference import find_branch
from library_net.accounts.scope import scope_of
from library_net.api.paging import page_by_id
from library_net.errors import LibraryError


class Requests(APIView):
    """List what is to be collected here; let a reader wait for a title or one copy."""

    class Body(serializers.Serializer[Any]):
        card = serializers.CharField(max_length=CARD_LENGTH)
        pickup_branch = serializers.CharField(max_length=40)
        manifestation = serializers.RegexField(r"^m\d{1,18}$", required=False)
        barcode = serializers.CharField(max_length=64, required=False)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
        needed_until = serializers.DateField(required=False, default=None, allow_null=True)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if ("manifestation" in attrs) == ("barcode" in attrs):
                raise serializers.ValidationError({"manifestation": ["title_or_copy"]})
            return attrs

    def get(self, request: Request) -> Response:
        query = request.query_params
        rows = requests_at(
            scope_of(request.user), state=query.get("state", ""), branch=query.get("branch", "")
        )
        return Response(page_by_id(request, rows, _row))

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body, now = read(self.Body(data=request.data)), timezone.now()
        pickup = find_branch(body["pickup_branch"])
        intent.require_agency(pickup.agency_id)
        reader = present_card(intent=intent, text=body["card"], branch=pickup, now=now)
        item_id = None
        if "barcode" in body:
            item_id = find_copy(body["barcode"], owner=body["owner"])
            anchor_id = anchor_of_copy(item_id=item_id)
        else:
            manifestation_id = int(body["manifestation"][1:])
            anchor_id = anchor_for(manifestation_id=manifestation_id, agency_id=pickup.agency_id).pk
        answer = place_request(
            intent=intent,
            patron_id=reader.patron_id,
            pickup_branch_id=pickup.pk,
            anchor_id=anchor_id,
            item_id=item_id,
            needed_until=body["needed_until"],
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class RequestDetail(APIView):
    """One request, with its place in the queue and the days it may be ready."""

    def get(self, request: Request, request_id: int) -> Response:
        row = requests_at(scope_of(request.user), state="any").filter(pk=request_id).first()
        if row is None:
            raise LibraryError("unknown_request")
        outlook = outlooks([row], now=timezone.now()).get(row.pk)
        return Response({**_row(row), "outlook": asdict(outlook) if outlook else None})


class RequestCancel(APIView):
    def post(self, request: Request, request_id: int) -> Response:
        intent = intent_of(request)
        return Response(cancel_request(intent=intent, request_id=request_id, now=timezone.now()))


class RequestPause(APIView):
    """Be passed over until a day, or until told to go on."""

    class Body(serializers.Serializer[Any]):
        until = serializers.DateField(required=False, default=None, allow_null=True)

    def post(self, request: Request, request_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = pause_request(
            intent=intent, request_id=request_id, until=body["until"], now=timezone.now()
        )
        return Response(answer)


class RequestResume(APIView):
    def post(self, request: Request, request_id: int) -> Response:
        intent = intent_of(request)
        return Response(resume_request(intent=intent, request_id=request_id, now=timezone.now()))


class RequestPickup(APIView):
    """Collect it at another branch."""

    class Body(serializers.Serializer[Any]):
        pickup_branch = serializers.CharField(max_length=40)

    def post(self, request: Request, request_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = move_request(
            intent=intent,
            request_id=request_id,
            pickup_branch_id=find_branch(body["pickup_branch"]).pk,
            now=timezone.now(),
        )
        return Response(answer)


def _row(row: HoldRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "state": row.state,
        "title": row.anchor.manifestation.title if row.anchor.manifestation else "",
        "patron": row.patron.number,
        "pickup_branch": row.pickup_branch.code,
        "barcode": row.item.barcode if row.item else None,
        "placed_at": row.placed_at,
        "expires_at": row.expires_at,
        "needed_until": row.needed_until,
        "paused_until": row.suspended_until,
    }
