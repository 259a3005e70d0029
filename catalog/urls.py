"""REST addresses of the catalogue, below /api/v1/."""

from django.urls import path

from catalog.api import batches, items, reading

urlpatterns = [
    path("batches/", batches.Batches.as_view()),
    path("batches/<uuid:public_id>/", batches.BatchDetail.as_view()),
    path("batches/<uuid:public_id>/rejects/", batches.BatchRejects.as_view()),
    path("items/", items.Items.as_view()),
    path("items/<str:owner_code>/<str:barcode>/", items.ItemDetail.as_view()),
    path("records/<slug:public_id>/", reading.Records.as_view()),
    path("search/", reading.Search.as_view()),
    path("changes/", reading.Changes.as_view()),
]
