"""Circulation over REST: thin doors to the actions.

Every write needs an ``Idempotency-Key``; sent again, it gets the same answer. Cards travel in the
body, never in an address. A member key acts for its own agency's branches only.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circulation.actions.checkin import checkin
from circulation.actions.checkout import checkout, checkout_by_card
from circulation.actions.dispatch_transit import dispatch_transit
from circulation.actions.operations import Intent
from circulation.actions.present_card import document_shown, is_plain, present_card
from circulation.actions.receive_transit import receive_transit
from circulation.actions.register_patron import register_patron
from circulation.actions.renew import renew
from circulation.domain.calendar import local_date
from circulation.domain.credentials import DOCUMENT_KINDS, CredentialKind, mask_document
from circulation.domain.scans import Ambiguous, Unknown, clean_barcode, settle_return
from circulation.models import Transit
from circulation.readers.identity import card, copies_with_barcode
from circulation.readers.lists import find_loan, transits_for
from circulation.readers.reference import find_branch
from circulation.readers.statements import Statement, parse_period, statement
from library_net.accounts.scope import scope_of
from library_net.api.idempotency import operation_id
from library_net.api.paging import page_by_id
from library_net.api.renderers import OrjsonRenderer
from library_net.errors import LibraryError
from library_net.network.models import Agency

CARD_LENGTH = 400  # a code shown by a phone is longer than any number on plastic


def intent_of(request: Request) -> Intent:
    """The caller, their operation id, and what they may act for."""
    scope = scope_of(request.user)
    key = getattr(request.user, "member_key", None)
    caller = f"agency:{key.agency_id}" if key is not None else f"user:{request.user.pk}"
    return Intent(caller=caller, operation_id=operation_id(request), scope=scope)


def actor_of(request: Request) -> int | None:
    """The person who calls; None: an institution's own software, by its member key."""
    return None if getattr(request.user, "member_key", None) is not None else request.user.pk


def read(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class Patrons(APIView):
    """Open an account by document, or find the one it already opens."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        name = serializers.CharField(max_length=80)
        kind = serializers.ChoiceField(
            choices=[str(kind) for kind in DOCUMENT_KINDS], default=str(CredentialKind.RESIDENT_ID)
        )
        number = serializers.CharField(max_length=CARD_LENGTH)
        category = serializers.CharField(max_length=24, required=False, default="")
        born_on = serializers.DateField(required=False, default=None, allow_null=True)
        guardian = serializers.CharField(max_length=CARD_LENGTH, required=False, default="")
        phone = serializers.CharField(max_length=24, required=False, default="")

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body, now = read(self.Body(data=request.data)), timezone.now()
        branch = find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        guardian = (
            present_card(intent=intent, text=body["guardian"], branch=branch, now=now)
            if body["guardian"]
            else None
        )
        kind, number = document_shown(
            CredentialKind(body["kind"]), body["number"], today=local_date(now)
        )
        answer = register_patron(
            intent=intent,
            branch_id=branch.pk,
            name=body["name"],
            number=number,
            kind=kind,
            category=body["category"],
            born_on=body["born_on"],
            guardian_id=guardian.patron_id if guardian else None,
            phone=body["phone"],
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class Checkouts(APIView):
    """Lend one copy."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        card = serializers.CharField(max_length=CARD_LENGTH)
        barcode = serializers.CharField(max_length=64)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body, now = read(self.Body(data=request.data)), timezone.now()
        if is_plain(body["card"]):
            answer = checkout_by_card(intent=intent, now=now, **body)
            return Response(answer, status=status.HTTP_201_CREATED)
        branch = find_branch(body["branch"])
        intent.require_agency(branch.agency_id)
        reader = present_card(intent=intent, text=body["card"], branch=branch, now=now)
        answer = checkout(
            intent=intent,
            branch_id=branch.pk,
            patron_id=reader.patron_id,
            credential_id=reader.credential_id,
            barcode=body["barcode"],
            owner=body["owner"],
            now=now,
        )
        return Response(answer, status=status.HTTP_201_CREATED)


class Checkins(APIView):
    """Take one copy back."""

    class Body(serializers.Serializer[Any]):
        branch = serializers.CharField(max_length=40)
        barcode = serializers.CharField(max_length=64)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        answer = checkin(
            intent=intent,
            branch_id=body["branch"],
            barcode=body["barcode"],
            owner=body["owner"],
            now=timezone.now(),
        )
        return Response(answer)


class Renewals(APIView):
    """Prolong a loan, named by its id or by the copy."""

    class Body(serializers.Serializer[Any]):
        loan = serializers.IntegerField(required=False)
        barcode = serializers.CharField(max_length=64, required=False)
        owner = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
        # The reader stands at this desk (PX-5); without them only what this agency lent.
        branch = serializers.CharField(max_length=40, required=False)
        card = serializers.CharField(max_length=64, required=False)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if ("loan" in attrs) == ("barcode" in attrs):
                raise serializers.ValidationError({"loan": ["loan_or_barcode"]})
            return attrs

    def post(self, request: Request) -> Response:
        intent = intent_of(request)
        body = read(self.Body(data=request.data))
        loan_id = body.get("loan")
        if loan_id is None:
            item_id = find_copy(body["barcode"], owner=body["owner"])
            loan_id = find_loan(item_id=item_id)
        if loan_id is None:
            raise LibraryError("unknown_loan")
        now = timezone.now()
        if "card" not in body or "branch" not in body:
            return Response(renew(intent=intent, loan_id=loan_id, now=now))
        desk = find_branch(body["branch"])
        intent.require_agency(desk.agency_id)
        reader = card(body["card"], today=local_date(now), agency_id=desk.agency_id)
        answer = renew(
            intent=intent, loan_id=loan_id, reader_id=reader.patron_id, desk_id=desk.pk, now=now
        )
        return Response(answer)


class Transits(APIView):
    """What leaves or comes: ``?direction=in|out&state=&branch=``."""

    def get(self, request: Request) -> Response:
        query = request.query_params
        rows = transits_for(
            scope_of(request.user),
            direction=query.get("direction", ""),
            state=query.get("state", ""),
            branch=query.get("branch", ""),
        )
        return Response(page_by_id(request, rows, _transit_row))


class TransitDispatch(APIView):
    def post(self, request: Request, transit_id: int) -> Response:
        intent = intent_of(request)
        return Response(dispatch_transit(intent=intent, transit_id=transit_id, now=timezone.now()))


class TransitReceive(APIView):
    def post(self, request: Request, transit_id: int) -> Response:
        intent = intent_of(request)
        return Response(receive_transit(intent=intent, transit_id=transit_id, now=timezone.now()))


class StatementCsv(BaseRenderer):
    """The rows of a statement as a spreadsheet opens them: UTF-8 with a mark, CRLF."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"
    columns: ClassVar = ("date", "kind", "loan", "barcode", "title", "owner", "partner")

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        if "rows" not in data:  # a problem document
            return OrjsonRenderer().render(data, accepted_media_type, renderer_context)
        out = io.StringIO()
        lines = csv.writer(out)
        lines.writerow(self.columns)
        lines.writerows([_cell(row[name]) for name in self.columns] for row in data["rows"])
        return out.getvalue().encode("utf-8-sig")


class Statements(APIView):
    """Cross-agency loans and returns of a period: ``?from=&to=``, as JSON or CSV."""

    renderer_classes = [OrjsonRenderer, StatementCsv]

    def get(self, request: Request) -> Response:
        agency = _own_agency(request)
        query = request.query_params
        period = parse_period(query.get("from", ""), query.get("to", ""))
        result = statement(agency_id=agency.pk, agency=agency.code, period=period)
        return Response(_statement_body(result))


def _statement_body(result: Statement) -> dict[str, Any]:
    return {
        "agency": result.agency,
        "from": result.period.first.isoformat(),
        "to": result.period.last.isoformat(),
        "rows": [asdict(row) for row in result.rows],
        "totals": [asdict(total) for total in result.totals],
    }


def _own_agency(request: Request) -> Agency:
    """The caller's agency, or the one named by ``?agency=`` when it is theirs to act for."""
    scope = scope_of(request.user)
    code = request.query_params.get("agency", "")
    found = (
        Agency.objects.filter(code=code).first()
        if code
        else Agency.objects.filter(pk=scope.home_agency_id or 0).first()
    )
    if found is None:
        raise LibraryError("unknown_agency", agency=code)
    scope.require(found.pk)
    return found


def find_copy(barcode: str, *, owner: str) -> int:
    text = clean_barcode(barcode)
    copies = copies_with_barcode(text, branch_id=0)
    settled = settle_return(copies, owner=owner)
    if isinstance(settled, Unknown):
        raise LibraryError("unknown_item", barcode=text if copies else mask_document(text))
    if isinstance(settled, Ambiguous):
        raise LibraryError("ambiguous_item", barcode=text, owners=", ".join(settled.owners))
    return settled


def _transit_row(row: Transit) -> dict[str, Any]:
    manifestation = row.item.source_record.manifestation
    return {
        "id": row.pk,
        "state": row.state,
        "reason": row.reason,
        "barcode": row.item.barcode,
        "owner": row.item.owning_agency.code,
        "title": manifestation.title if manifestation else "",
        "origin": row.origin.code,
        "destination": row.destination.code,
        "request": row.request_id,
        "created_at": row.created_at,
        "dispatched_at": row.dispatched_at,
    }


def _cell(value: object) -> str:
    """A text that begins like a formula is no formula when a spreadsheet opens it."""
    text = str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
