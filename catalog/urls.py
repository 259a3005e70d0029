"""REST addresses of the catalogue, below /api/v1/."""

from django.urls import path

from catalog import api

urlpatterns = [
    path("batches/", api.Batches.as_view()),
    path("batches/<uuid:public_id>/", api.BatchDetail.as_view()),
    path("batches/<uuid:public_id>/rejects/", api.BatchRejects.as_view()),
    path("items/", api.Items.as_view()),
    path("items/<str:owner_code>/<str:barcode>/", api.ItemDetail.as_view()),
    path("records/<slug:public_id>/", api.Records.as_view()),
    path("search/", api.Search.as_view()),
    path("changes/", api.Changes.as_view()),
]
