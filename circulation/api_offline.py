"""Journals of devices that worked without a line: sent when it is back, as often as need be.

Every event bears an id of its device's own, so a journal needs no ``Idempotency-Key``: whatever was
recorded before is answered again. The device says how far its clock is off, by which its moments
are corrected.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.operations import Intent
from circulation.actions.present_card import is_plain, present_card
from circulation.actions.record_offline import Entry, EntryKind, record_offline
from circulation.api import CARD_LENGTH
from circulation.readers.identity import Card
from circulation.readers.reference import find_branch
from library_net.accounts.scope import scope_of
from library_net.api.idempotency import kept_key
from library_net.errors import LibraryError
from library_net.network.models import Branch
from library_net.relay import is_electronic_card

MOST_EVENTS = 1000
MOST_OFFSET_S = 400 * 24 * 3600  # a clock that lost its battery begins in another year


class Journals(APIView):
    """Record what one device did without a line."""

    class Body(serializers.Serializer[Any]):
        class Event(serializers.Serializer[Any]):
            operation_id = serializers.CharField(max_length=80)
            kind = serializers.ChoiceField(choices=[str(kind) for kind in EntryKind])
            at = serializers.DateTimeField()
            barcode = serializers.CharField(max_length=64)
            owner = serializers.CharField(
                max_length=40, required=False, default="", allow_blank=True
            )
            card = serializers.CharField(max_length=CARD_LENGTH, required=False, default="")

            def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
                if attrs["kind"] == EntryKind.CHECKOUT and not attrs["card"]:
                    raise serializers.ValidationError({"card": ["required"]})
                return attrs

        device = serializers.RegexField(r"^[\w.-]{1,40}$")
        branch = serializers.CharField(max_length=40)
        clock_offset_s = serializers.FloatField(
            min_value=-MOST_OFFSET_S, max_value=MOST_OFFSET_S, default=0
        )
        events = serializers.ListField(child=Event(), max_length=MOST_EVENTS)

    def post(self, request: Request) -> Response:
        serializer = self.Body(data=request.data)
        serializer.is_valid(raise_exception=True)
        body, now = dict(serializer.validated_data), timezone.now()
        branch = find_branch(body["branch"])
        offset = timedelta(seconds=body["clock_offset_s"])
        intent = _intent(request, device=body["device"])
        intent.require_agency(branch.agency_id)
        entries = [_entry(e, intent=intent, offset=offset, branch=branch) for e in body["events"]]
        answers = record_offline(
            intent=intent,
            device=body["device"],
            branch_id=branch.pk,
            entries=entries,
            now=now,
        )
        return Response({"device": body["device"], "results": answers})


def _intent(request: Request, *, device: str) -> Intent:
    """Ids of two devices never collide."""
    key = getattr(request.user, "member_key", None)
    who = f"agency:{key.agency_id}" if key is not None else f"user:{request.user.pk}"
    return Intent(
        caller=f"{who}/{device}"[:60], operation_id="journal", scope=scope_of(request.user)
    )


def _entry(event: dict[str, Any], *, intent: Intent, offset: timedelta, branch: Branch) -> Entry:
    """A phone's code is judged by the moment it was scanned; a relay cannot be asked so late."""
    operation_id, at = kept_key(event["operation_id"]), event["at"] + offset
    card: Card | None = None
    if event["card"] and not is_electronic_card(event["card"]):
        with suppress(LibraryError):  # nobody's card, or several people's: for people to settle
            own = replace(intent, operation_id=operation_id)
            card = present_card(
                intent=own,
                text=event["card"],
                branch=branch,
                now=timezone.now() if is_plain(event["card"]) else at,
            )
    return Entry(
        operation_id=operation_id,
        kind=EntryKind(event["kind"]),
        happened_at=at,
        barcode=event["barcode"],
        owner=event["owner"],
        card=event["card"],
        patron_id=card.patron_id if card else None,
        credential_id=card.credential_id if card else None,
    )
