"""What the plain views of `bench_checkout` read and tell."""

from rest_framework import serializers

from circulation.models import Loan


class CheckoutBody(serializers.Serializer):
    branch = serializers.CharField(max_length=40)
    patron = serializers.CharField(max_length=24)
    barcode = serializers.CharField(max_length=64)


class CardBody(serializers.Serializer):
    branch = serializers.CharField(max_length=40)
    card = serializers.CharField(max_length=64)
    barcode = serializers.CharField(max_length=64)


class CheckinBody(serializers.Serializer):
    branch = serializers.CharField(max_length=40)
    barcode = serializers.CharField(max_length=64)


class LoanAnswer(serializers.ModelSerializer):
    item = serializers.CharField(source="item.barcode")
    patron = serializers.CharField(source="patron.number")

    class Meta:
        model = Loan
        fields = ("id", "item", "patron", "checked_out_at", "due_at", "closed_at")
