"""What goes wrong, over REST: claims, losses, recalls, damage, copies not found, odd cases."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.copy_troubles import report_damaged, report_not_found
from circulation.actions.loan_troubles import claim_returned, recall, report_lost
from circulation.actions.settle_exception import settle_exception
from circulation.api import intent_of, read
from circulation.models import StaffException
from circulation.problems import exception_text
from circulation.readers.lists import open_exceptions
from circulation.readers.reference import find_branch
from library_net.accounts.scope import scope_of
from library_net.api.paging import page_by_id


class LoanClaim(APIView):
    """The reader says it was returned."""

    def post(self, request: Request, loan_id: int) -> Response:
        intent = intent_of(request)
        return Response(claim_returned(intent=intent, loan_id=loan_id, now=timezone.now()))


class LoanLost(APIView):
    """The copy is lost; with ``same_edition`` the reader brings another of the same edition."""

    class Body(serializers.Serializer[Any]):
        same_edition = serializers.BooleanField(required=False, default=False)

    def post(self, request: Request, loan_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = report_lost(
            intent=intent,
            loan_id=loan_id,
            brings_same_edition=body["same_edition"],
            now=timezone.now(),
        )
        return Response(answer)


class LoanRecall(APIView):
    """Ask for it back sooner."""

    def post(self, request: Request, loan_id: int) -> Response:
        intent = intent_of(request)
        return Response(recall(intent=intent, loan_id=loan_id, now=timezone.now()))


class CopyBody(serializers.Serializer[Any]):
    branch = serializers.CharField(max_length=40)
    barcode = serializers.CharField(max_length=64)
    owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class NotFoundCopies(APIView):
    """A copy that should stand here and does not."""

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(CopyBody(data=request.data))
        answer = report_not_found(
            intent=intent,
            branch_id=find_branch(body["branch"]).pk,
            barcode=body["barcode"],
            owner=body["owner"],
            now=timezone.now(),
        )
        return Response(answer)


class DamagedCopies(APIView):
    """A copy that must not go back to the shelf as it is."""

    class Body(CopyBody):
        note = serializers.CharField(max_length=300)

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = report_damaged(
            intent=intent,
            branch_id=find_branch(body["branch"]).pk,
            barcode=body["barcode"],
            owner=body["owner"],
            note=body["note"],
            now=timezone.now(),
        )
        return Response(answer)


class Exceptions(APIView):
    """Odd cases that wait for the caller's staff, each with its next step in words."""

    def get(self, request: Request) -> Response:
        return Response(page_by_id(request, open_exceptions(scope_of(request.user)), _row))


class ExceptionSettle(APIView):
    class Body(serializers.Serializer[Any]):
        note = serializers.CharField(max_length=300)

    def post(self, request: Request, exception_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = settle_exception(
            intent=intent, exception_id=exception_id, note=body["note"], now=timezone.now()
        )
        return Response(answer)


def _row(case: StaffException) -> dict[str, Any]:
    return {
        "id": case.pk,
        "code": case.code,
        "text": exception_text(case.code, case.params),
        "branch": case.branch.code,
        "barcode": case.barcode,
        "created_at": case.created_at,
    }
