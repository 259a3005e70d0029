"""Where apps reach a reader, over REST: the city's app or an official account sets it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.operations import Intent
from circulation.actions.present_card import is_plain, present_card
from circulation.actions.set_notice_address import PUSHED, set_notice_address
from circulation.api import CARD_LENGTH, actor_of, intent_of, read
from circulation.models.notices import ChannelKind
from circulation.readers.reference import find_branch


class _Which(serializers.Serializer[Any]):
    branch = serializers.CharField(max_length=40)
    card = serializers.CharField(max_length=CARD_LENGTH)
    channel = serializers.ChoiceField(choices=[str(kind) for kind in PUSHED])


class NoticeAddresses(APIView):
    """Keep the address messages are pushed to, in place of any before."""

    class Body(_Which):
        address = serializers.CharField(max_length=400)

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = _set(request, intent, body, address=body["address"])
        return Response(answer, status=status.HTTP_201_CREATED)


class NoticeAddressForget(APIView):
    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(_Which(data=request.data))
        return Response(_set(request, intent, body, address=""))


def _set(request: Request, intent: Intent, body: dict[str, Any], *, address: str) -> dict[str, Any]:
    branch, now = find_branch(body["branch"]), timezone.now()
    intent.require_agency(branch.agency_id)
    shown = present_card(intent=intent, text=body["card"], branch=branch, now=now)
    return set_notice_address(
        intent=intent,
        patron_id=shown.patron_id,
        channel=ChannelKind(body["channel"]),
        address=address,
        is_present=not is_plain(body["card"]),
        actor_id=actor_of(request),
        now=now,
    )
