"""What most people would write, and the least a server can do: yardsticks of `bench_checkout`.

Plain: a DRF view with the ORM and a lock on the copy, on the same tables. It checks less than we do
(no rules by scope, no repeats, no waiting readers, one reason at a time); the view that has the
same duties as ours is in `plain_duties`. Function: a bare Django
view that calls one stored function, which locks, checks a few things and writes the loan. Served
with `plain_settings`, by the same server with the same options.
"""

from datetime import timedelta

import orjson
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from circulation.models import ItemEvent, Loan, Patron
from library_net.network.models import Branch
from tests.benchmarks.plain_bodies import CheckinBody, CheckoutBody, LoanAnswer
from tests.benchmarks.plain_duties import DutyCheckin, DutyCheckout

MAX_LOANS = 100_000
LOAN_DAYS = 30


class PlainCheckout(APIView):
    def post(self, request):
        body = CheckoutBody(data=request.data)
        body.is_valid(raise_exception=True)
        given, now = body.validated_data, timezone.now()
        with transaction.atomic():
            branch = Branch.objects.select_related("agency").get(code=given["branch"])
            item = Item.objects.select_for_update().get(barcode=given["barcode"])
            patron = Patron.objects.select_for_update().get(number=given["patron"])
            if item.status != "available" or patron.is_blocked:
                return Response({"detail": "not now"}, status=status.HTTP_409_CONFLICT)
            if Loan.objects.filter(patron=patron, closed_at=None).count() >= MAX_LOANS:
                return Response({"detail": "too many"}, status=status.HTTP_409_CONFLICT)
            loan = Loan.objects.create(
                item=item,
                patron=patron,
                owning_agency_id=item.owning_agency_id,
                checkout_branch=branch,
                checkout_agency=branch.agency,
                checked_out_at=now,
                due_at=now + timedelta(days=LOAN_DAYS),
            )
            item.status, item.status_changed_at = "on_loan", now
            item.save()
            ItemEvent.objects.create(
                item=item, kind="lent", at=now, branch=branch, status="on_loan", loan_id=loan.pk
            )
        return Response(LoanAnswer(loan).data, status=status.HTTP_201_CREATED)


class PlainCheckin(APIView):
    def post(self, request):
        body = CheckinBody(data=request.data)
        body.is_valid(raise_exception=True)
        given, now = body.validated_data, timezone.now()
        with transaction.atomic():
            branch = Branch.objects.select_related("agency").get(code=given["branch"])
            item = Item.objects.select_for_update().get(barcode=given["barcode"])
            loan = Loan.objects.select_related("patron").filter(item=item, closed_at=None).first()
            if loan is None:
                return Response({"detail": "not on loan"}, status=status.HTTP_409_CONFLICT)
            loan.closed_at, loan.checkin_branch = now, branch
            loan.save()
            item.status, item.status_changed_at = "available", now
            item.current_branch = branch
            item.save()
            ItemEvent.objects.create(
                item=item, kind="back", at=now, branch=branch, status="available", loan_id=loan.pk
            )
        return Response(LoanAnswer(loan).data)


@csrf_exempt
def function_checkout(request):
    given = orjson.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bench_lend(%s, %s, %s)", [given["patron"], given["barcode"], given["branch"]]
        )
        return _told(cursor.fetchone()[0], status=201)


@csrf_exempt
def function_checkin(request):
    given = orjson.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute("SELECT bench_take(%s, %s)", [given["barcode"], given["branch"]])
        return _told(cursor.fetchone()[0], status=200)


def _told(loan, *, status):
    body = orjson.dumps({"loan": loan})
    return HttpResponse(body, status=status if loan else 409, content_type="application/json")


urlpatterns = [
    path("plain/checkouts/", PlainCheckout.as_view()),
    path("plain/checkins/", PlainCheckin.as_view()),
    path("duties/checkouts/", DutyCheckout.as_view()),
    path("duties/checkins/", DutyCheckin.as_view()),
    path("function/checkouts/", function_checkout),
    path("function/checkins/", function_checkin),
]
