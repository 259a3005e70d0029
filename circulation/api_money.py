"""Money over REST: what a reader owes, payments, waivers, points, payouts, settlements."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.charge import charge_damage
from circulation.actions.note_look import note_look
from circulation.actions.operations import Intent
from circulation.actions.present_card import present_card
from circulation.actions.record_payment import pay_out, pay_with_points, record_payment
from circulation.actions.settle_month import confirm_transfer, settle_month
from circulation.api import CARD_LENGTH, actor_of, intent_of, read
from circulation.models import Patron
from circulation.readers.money import account_of
from circulation.readers.reference import find_branch
from circulation.readers.settlements import SettlementView, settlement, settlements
from circulation.statement_csv import settlement_csv
from library_net.accounts.scope import scope_of
from library_net.api.renderers import OrjsonRenderer
from library_net.errors import LibraryError
from library_net.network.models import Branch


class AtDesk(serializers.Serializer[Any]):
    """A reader at a desk; the card travels in the body, never in an address."""

    branch = serializers.CharField(max_length=40)
    card = serializers.CharField(max_length=CARD_LENGTH)


class ForOwner(AtDesk):
    owner = serializers.CharField(max_length=40)


def _reader(intent: Intent, body: dict[str, Any]) -> tuple[Branch, int]:
    branch = find_branch(body["branch"])
    intent.require_agency(branch.agency_id)
    shown = present_card(intent=intent, text=body["card"], branch=branch, now=timezone.now())
    return branch, shown.patron_id


class Accounts(APIView):
    """What the reader at this desk owes, to whom, why and where to pay."""

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(AtDesk(data=request.data))
        _, patron_id = _reader(intent, body)
        now = timezone.now()
        note_look(
            patron_id=patron_id,
            actor_id=actor_of(request),
            scope=intent.scope,
            purpose="money",
            now=now,
        )
        account = account_of(Patron.objects.get(pk=patron_id), now=now)
        points = [{"scheme": row.scheme, "balance": row.balance} for row in account.points]
        return Response(
            {
                "owed": account.owed,
                "debts": [asdict(debt) for debt in account.debts],
                "points": points,
                "suspensions": [asdict(row) for row in account.suspensions],
                "corrections": [asdict(row) for row in account.corrections],
            }
        )


class Payments(APIView):
    """Money collected for an owner; with ``with_points`` all of it is paid with points."""

    class Body(ForOwner):
        amount = serializers.DecimalField(max_digits=10, decimal_places=2, required=False)
        with_points = serializers.BooleanField(required=False, default=False)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if ("amount" in attrs) == attrs["with_points"]:
                raise serializers.ValidationError({"amount": ["amount_or_points"]})
            return attrs

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        branch, patron_id = _reader(intent, body)
        given = {
            "intent": intent,
            "branch_id": branch.pk,
            "patron_id": patron_id,
            "owner": body["owner"],
            "now": timezone.now(),
        }
        answer = (
            pay_with_points(**given)
            if body["with_points"]
            else record_payment(**given, amount=body["amount"])
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class Waivers(APIView):
    """The owner forgives a debt, with a reason."""

    class Body(ForOwner):
        amount = serializers.DecimalField(max_digits=10, decimal_places=2)
        reason = serializers.CharField(max_length=200)

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        branch, patron_id = _reader(intent, body)
        answer = record_payment(
            intent=intent,
            branch_id=branch.pk,
            patron_id=patron_id,
            owner=body["owner"],
            amount=body["amount"],
            is_waiver=True,
            reason=body["reason"],
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class Payouts(APIView):
    """What stands to the reader's credit is handed out."""

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(ForOwner(data=request.data))
        branch, patron_id = _reader(intent, body)
        answer = pay_out(
            intent=intent,
            branch_id=branch.pk,
            patron_id=patron_id,
            owner=body["owner"],
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class LoanDamage(APIView):
    """The copy of a loan came back damaged."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        damage = serializers.CharField(max_length=40)
        marks = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=1)

    def post(self, request: Request, loan_id: int) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = charge_damage(
            intent=intent,
            branch_id=find_branch(body["branch"]).pk,
            loan_id=loan_id,
            damage=body["damage"],
            marks=body["marks"],
            now=timezone.now(),
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class Settlements(APIView):
    """``GET ?month=YYYY-MM`` lists the caller's; ``POST {"month"}`` settles one (network only)."""

    class Body(serializers.Serializer[Any]):
        month = serializers.CharField(max_length=7)

    def get(self, request: Request) -> Response:
        text = request.query_params.get("month", "")
        found = settlements(scope_of(request.user), month=_month(text) if text else None)
        return Response({"settlements": [settlement_body(row) for row in found]})

    def post(self, request: Request) -> Response:
        intent, body = intent_of(request), read(self.Body(data=request.data))
        answer = settle_month(intent=intent, month=_month(body["month"]), now=timezone.now())
        return Response(answer, status=status.HTTP_201_CREATED)


class SettlementCsv(BaseRenderer):
    """What the view has written already."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        return OrjsonRenderer().render(data, accepted_media_type, renderer_context)


class SettlementDetail(APIView):
    """One settlement with its lines, as JSON or CSV; both sides see the same."""

    renderer_classes = [OrjsonRenderer, SettlementCsv]

    def get(self, request: Request, settlement_id: int) -> Response:
        found = settlement(scope_of(request.user), settlement_id=settlement_id)
        if isinstance(request.accepted_renderer, SettlementCsv):
            return Response(settlement_csv(found))
        return Response(settlement_body(found, with_lines=True))


class SettlementPaid(APIView):
    """The creditor has the money."""

    def post(self, request: Request, settlement_id: int) -> Response:
        intent = intent_of(request)
        answer = confirm_transfer(intent=intent, settlement_id=settlement_id, now=timezone.now())
        return Response(answer)


def settlement_body(row: SettlementView, *, with_lines: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": row.id,
        "month": row.month,
        "first": row.first.code,
        "second": row.second.code,
        "first_owes": str(row.first_owes),
        "second_owes": str(row.second_owes),
        "debtor": row.debtor.code,
        "creditor": row.creditor.code,
        "amount": str(row.amount),
        "is_paid": row.is_paid,
    }
    if with_lines:
        body["lines"] = [
            {**asdict(line), "date": line.date.isoformat(), "amount": str(line.amount)}
            for line in row.lines
        ]
    return body


def _month(text: str) -> date:
    """Raises ``bad_month``."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise LibraryError("bad_month") from error
