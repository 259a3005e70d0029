"""Readers over REST: joining records, cards that are lost or replaced, guardians.

Cards travel in the body, never in an address; answers hold masked numbers only.
"""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.add_credential import add_credential
from circulation.actions.link_guardian import end_guardianship, link_guardian
from circulation.actions.mark_credential import CardEvent, mark_credential
from circulation.actions.merge_patrons import merge_patrons, undo_merge
from circulation.actions.operations import Intent
from circulation.actions.present_card import document_shown, is_plain, present_card
from circulation.api import CARD_LENGTH, intent_of, read
from circulation.domain.calendar import local_date
from circulation.domain.credentials import DOCUMENT_KINDS, CredentialKind
from circulation.readers.identity import Card, card
from circulation.readers.reference import find_branch, main_branch
from library_net.errors import LibraryError

BRANCH: Final[dict[str, Any]] = {
    "max_length": 40,
    "required": False,
    "default": "",
    "allow_blank": True,
}


def _card(intent: Intent, text: str, *, branch: str) -> Card:
    """Whatever was shown. A phone's code is made for a place: named, or any of the caller's own."""
    now = timezone.now()
    if is_plain(text) and not branch:
        return card(text, today=local_date(now), agency_id=intent.scope.home_agency_id)
    place = find_branch(branch) if branch else main_branch(intent.scope.home_agency_id or 0)
    intent.require_agency(place.agency_id)
    return present_card(intent=intent, text=text, branch=place, now=now)


class Merges(APIView):
    """Join two records of one person."""

    class Body(serializers.Serializer[Any]):
        keep = serializers.CharField(max_length=CARD_LENGTH)
        absorb = serializers.CharField(max_length=CARD_LENGTH)
        branch = serializers.CharField(**BRANCH)
        reason = serializers.CharField(max_length=200, allow_blank=True)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        kept = _card(intent, body["keep"], branch=body["branch"])
        absorbed = _card(intent, body["absorb"], branch=body["branch"])
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


class Credentials(APIView):
    """Give a reader another card, or a new one for an old; she shows one that works."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        card = serializers.CharField(max_length=CARD_LENGTH)
        kind = serializers.ChoiceField(choices=[str(kind) for kind in DOCUMENT_KINDS])
        number = serializers.CharField(max_length=CARD_LENGTH)
        replaces = serializers.IntegerField(required=False, default=None, allow_null=True)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body, now = read(self.Body(data=request.data)), timezone.now()
        branch = find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        shown = present_card(intent=intent, text=body["card"], branch=branch, now=now)
        kind, number = document_shown(
            CredentialKind(body["kind"]), body["number"], today=local_date(now)
        )
        answer = add_credential(
            intent=intent,
            branch_id=branch.pk,
            patron_id=shown.patron_id,
            kind=kind,
            number=number,
            replaces_id=body["replaces"],
            shown_card=shown.credential_id,
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class CredentialLost(APIView):
    """Block the card with this number, or the phone that is shown; the reader's others work on."""

    class Body(serializers.Serializer[Any]):
        card = serializers.CharField(max_length=CARD_LENGTH)
        branch = serializers.CharField(**BRANCH)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        found = _card(intent, body["card"], branch=body["branch"])
        if found.credential_id is None:
            raise LibraryError("unknown_credential")
        return _mark(intent, found.credential_id, CardEvent.LOST)


class CredentialMark(APIView):
    """The same for a card named by its id, and back again."""

    def post(self, request: Request, credential_id: int, event: str) -> Response:
        return _mark(intent_of(request), credential_id, CardEvent(event))


def _mark(intent: Intent, credential_id: int, event: CardEvent) -> Response:
    now = timezone.now()
    return Response(
        mark_credential(intent=intent, credential_id=credential_id, event=event, now=now)
    )


class Guardians(APIView):
    """Link a minor to a guardian; both show a card."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        ward = serializers.CharField(max_length=CARD_LENGTH)
        guardian = serializers.CharField(max_length=CARD_LENGTH)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        branch = find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        answer = link_guardian(
            intent=intent,
            branch_id=branch.pk,
            ward_id=_card(intent, body["ward"], branch=branch.code).patron_id,
            guardian_id=_card(intent, body["guardian"], branch=branch.code).patron_id,
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class GuardianEnd(APIView):
    def post(self, request: Request, link_id: int) -> Response:
        intent = intent_of(request)
        return Response(end_guardianship(intent=intent, link_id=link_id, now=timezone.now()))
