"""The same duties as ours by the usual means: a DRF view and the ORM, question by question.

What `bench_checkout` divides by for `ratio`. Like ours it lets only a member key in, answers a
repeat from the stored operation, finds the reader by the card, asks the rules for terms and caps,
looks at blocks, debts, overdue loans, waiting readers, transits and moves, and writes the
operation, the event and the change the index follows. It stays simpler than ours: rules of the
owner or of everybody only, one reason at a time, no calendar, no second copy or former barcode, no
retry. It is written to be good of its kind: joined reads, `exists`, no query in a loop.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from catalog.models.feed import ChangeKind, note_changes
from circulation.actions.operations import digest_of
from circulation.domain.credentials import Credential as Number
from circulation.domain.credentials import guess_kinds, parse_credential
from circulation.models import (
    Credential,
    HoldRequest,
    ItemEvent,
    LedgerEntry,
    Loan,
    LoanRule,
    Move,
    Operation,
    Patron,
    Transit,
)
from circulation.readers.identity import blind_indexes_of
from library_net.api.idempotency import operation_id
from library_net.network.models import Branch
from tests.benchmarks.plain_bodies import CardBody, CheckinBody, LoanAnswer


class NotNow(APIException):
    status_code = status.HTTP_409_CONFLICT


class Duty(APIView):
    """One operation: its answer is kept, and told again."""

    action, body, done = "", CheckinBody, status.HTTP_200_OK

    def post(self, request):
        given = self.body(data=request.data)
        given.is_valid(raise_exception=True)
        caller, key = f"agency:{request.user.agency.pk}", operation_id(request)
        digest, now = digest_of(self.action, given.validated_data), timezone.now()
        with transaction.atomic():
            known = Operation.objects.filter(caller=caller, operation_id=key).first()
            if known is not None:
                if known.digest != digest:
                    raise NotNow("operation_reused")
                return Response(known.answer, status=self.done)
            branch = Branch.objects.select_related("agency").get(
                code=given.validated_data["branch"]
            )
            if branch.agency_id != request.user.agency.pk:
                raise PermissionDenied
            loan, item = self.act(given.validated_data, branch=branch, now=now)
            answer = dict(LoanAnswer(loan).data)
            operation = Operation.objects.create(
                caller=caller,
                operation_id=key,
                action=self.action,
                digest=digest,
                answer=answer,
                at=now,
            )
            ItemEvent.objects.create(
                item=item,
                kind=self.action,
                at=now,
                branch=branch,
                status=item.status,
                operation=operation,
                loan_id=loan.pk,
            )
            work = item.source_record.manifestation.work_id
            note_changes(work_ids=[work], kind=ChangeKind.AVAILABILITY, now=now)
        return Response(answer, status=self.done)


def locked_item(barcode):
    items = Item.objects.select_related("source_record__manifestation")
    return items.select_for_update(of=("self",)).get(barcode=barcode)


def is_wanted(item):
    """A transit, a waiting reader or a planned move."""
    record = item.source_record
    same = Q(anchor=record) | Q(anchor__manifestation=record.manifestation_id)
    return (
        Transit.objects.filter(item=item, state__in=["pending", "dispatched"]).exists()
        or HoldRequest.objects.filter(item=item, state__in=["in_transit", "ready"]).exists()
        or HoldRequest.objects.filter(same, state__in=["waiting", "suspended"]).exists()
        or Move.objects.filter(item=item, state="approved").exists()
    )


class DutyCheckout(Duty):
    action, body, done = "checkout", CardBody, status.HTTP_201_CREATED

    def act(self, given, *, branch, now):
        item = locked_item(given["barcode"])
        patron = self.patron(given["card"], branch=branch, now=now)
        rule = (
            LoanRule.objects.filter(Q(owner=None) | Q(owner=item.owning_agency_id))
            .exclude(loan_days=None)
            .order_by(F("owner").desc(nulls_last=True))
            .first()
        )
        if item.status != "available" or not item.is_lendable or is_wanted(item):
            raise NotNow("not this copy")
        if patron.is_blocked or patron.suspensions:
            raise NotNow("not this reader")
        loans = list(Loan.objects.filter(patron=patron, closed_at=None))
        most = rule.max_loans if rule and rule.max_loans is not None else 10
        if len(loans) >= most or any(loan.due_at < now for loan in loans):
            raise NotNow("too many, or too late")
        if (LedgerEntry.objects.filter(patron=patron).aggregate(all=Sum("owed"))["all"] or 0) > 0:
            raise NotNow("owes money")
        loan = Loan.objects.create(
            item=item,
            patron=patron,
            owning_agency_id=item.owning_agency_id,
            checkout_branch=branch,
            checkout_agency=branch.agency,
            checked_out_at=now,
            due_at=now + timedelta(days=rule.loan_days if rule else 30),
            terms={"loan_days": rule.code if rule else ""},
        )
        item.status, item.status_changed_at = "on_loan", now
        item.save(update_fields=["status", "status_changed_at"])
        return loan, item

    def patron(self, text, *, branch, now):
        numbers = [parse_credential(kind=k, text=text, today=now.date()) for k in guess_kinds(text)]
        indexes = [
            index
            for number in numbers
            if isinstance(number, Number)
            for index in blind_indexes_of(number, issuer=branch.agency.code)
        ]
        shown = Credential.objects.filter(
            Q(blind_index__in=indexes) | Q(next_blind_index__in=indexes), status="active"
        ).first()
        if shown is None:
            raise NotNow("unknown card")
        patrons = Patron.objects.select_related("category").select_for_update(of=("self",))
        return patrons.get(pk=shown.patron_id)


class DutyCheckin(Duty):
    action = "checkin"

    def act(self, given, *, branch, now):
        item = locked_item(given["barcode"])
        loan = Loan.objects.select_related("patron").filter(item=item, closed_at=None).first()
        if loan is None or loan.due_at < now or is_wanted(item):
            raise NotNow("look closer")
        loan.closed_at, loan.checkin_branch = now, branch
        loan.save(update_fields=["closed_at", "checkin_branch"])
        item.status, item.status_changed_at, item.current_branch = "available", now, branch
        item.save(update_fields=["status", "status_changed_at", "current_branch"])
        return loan, item
