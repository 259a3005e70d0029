"""Readers over REST: joining records, cards that are lost or replaced, guardians.

Cards travel in the body, never in an address; answers hold masked numbers only.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.merge_patrons import merge_patrons, undo_merge
from circulation.actions.operations import Intent
from circulation.api import CARD_LENGTH, intent_of, read
from circulation.domain.calendar import local_date
from circulation.readers.identity import Card, card


def _card(intent: Intent, text: str) -> Card:
    return card(text, today=local_date(timezone.now()), agency_id=intent.scope.home_agency_id)


class Merges(APIView):
    """Join two records of one person."""

    class Body(serializers.Serializer[Any]):
        keep = serializers.CharField(max_length=CARD_LENGTH)
        absorb = serializers.CharField(max_length=CARD_LENGTH)
        reason = serializers.CharField(max_length=200, allow_blank=True)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        kept, absorbed = _card(intent, body["keep"]), _card(intent, body["absorb"])
        answer = merge_patrons(
            intent=intent,
            kept_id=kept.patron_id,
            absorbed_id=absorbed.patron_id,
            kept_card=kept.credential_id,
            absorbed_card=absorbed.credential_id,
            reason=body["reason"],
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class MergeUndo(APIView):
    def post(self, request: Request, merge_id: int) -> Response:
        intent = intent_of(request)
        return Response(undo_merge(intent=intent, merge_id=merge_id, now=timezone.now()))
