"""REST addresses of the catalogue, below /api/v1/."""

from django.urls import path

from catalog.api import batches, items, reading, reconciliation, report

urlpatterns = [
    path("batches/", batches.Batches.as_view()),
    path("batches/<uuid:public_id>/", batches.BatchDetail.as_view(), name="api-batch"),
    path("batches/<uuid:public_id>/withdrawal/", batches.BatchWithdrawal.as_view()),
    path("batches/<uuid:public_id>/rejects/", batches.BatchRejects.as_view()),
    path("rejects/", batches.Rejects.as_view()),
    path("rejects/<int:reject_id>/", batches.RejectDetail.as_view()),
    path("report/", report.Report.as_view()),
    path("reconciliation/", reconciliation.Reconciliation.as_view()),
    path("items/", items.Items.as_view()),
    path("items/<str:owner_code>/<str:barcode>/", items.ItemDetail.as_view()),
    path("records/changes/", batches.RecordChanges.as_view()),
    path("records/<slug:public_id>/", reading.Records.as_view()),
    path("search/", reading.Search.as_view()),
    path("changes/", reading.Changes.as_view()),
]
