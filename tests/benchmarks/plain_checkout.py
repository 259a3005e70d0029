"""What most people would write: one DRF view with the ORM, a lock on the copy, the same tables.

It checks less than we do (no rules by scope, no repeats, no waiting readers, one reason at a time)
and is the yardstick of `bench_checkout`, nothing else. Served with `plain_settings`.
"""

from datetime import timedelta

from django.db import transaction
from django.urls import path
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Item
from circulation.models import ItemEvent, Loan, Patron
from library_net.network.models import Branch

MAX_LOANS = 100_000
LOAN_DAYS = 30


class CheckoutBody(serializers.Serializer):
    branch = serializers.CharField(max_length=40)
    patron = serializers.CharField(max_length=24)
    barcode = serializers.CharField(max_length=64)


class LoanAnswer(serializers.ModelSerializer):
    item = serializers.CharField(source="item.barcode")
    patron = serializers.CharField(source="patron.number")

    class Meta:
        model = Loan
        fields = ("id", "item", "patron", "checked_out_at", "due_at")


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


urlpatterns = [path("plain/", PlainCheckout.as_view())]
