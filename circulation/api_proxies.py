"""Proxies over REST: named, revoked, and what they collect."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.present_card import present_card
from circulation.actions.proxies import collect_for_another, name_proxy, revoke_proxy
from circulation.api import CARD_LENGTH, intent_of, read
from circulation.readers.reference import find_branch


class Proxies(APIView):
    """Let another reader collect for the one whose card is shown."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        card = serializers.CharField(max_length=CARD_LENGTH)
        proxy = serializers.CharField(max_length=24)
        valid_from = serializers.DateField()
        valid_until = serializers.DateField()

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        now, branch = timezone.now(), find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        reader = present_card(intent=intent, text=body["card"], branch=branch, now=now)
        answer = name_proxy(
            intent=intent,
            patron_id=reader.patron_id,
            proxy_number=body["proxy"],
            valid_from=body["valid_from"],
            valid_until=body["valid_until"],
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class ProxyRevoke(APIView):
    def post(self, request: Request, proxy_id: int) -> Response:
        intent = intent_of(request)
        return Response(revoke_proxy(intent=intent, proxy_id=proxy_id, now=timezone.now()))


class Collections(APIView):
    """A proxy shows their own card and takes what waits for another (PX-2)."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        card = serializers.CharField(max_length=CARD_LENGTH)
        barcode = serializers.CharField(max_length=64)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        now, branch = timezone.now(), find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        proxy = present_card(intent=intent, text=body["card"], branch=branch, now=now)
        answer = collect_for_another(
            intent=intent,
            branch_id=branch.pk,
            proxy_id=proxy.patron_id,
            barcode=body["barcode"],
            owner=body["owner"],
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)
