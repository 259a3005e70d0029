"""REST addresses of circulation, below /api/v1/."""

from django.urls import path

from circulation import api, api_readers, api_requests

urlpatterns = [
    path("patrons/", api.Patrons.as_view()),
    path("merges/", api_readers.Merges.as_view()),
    path("merges/<int:merge_id>/undo/", api_readers.MergeUndo.as_view()),
    path("checkouts/", api.Checkouts.as_view()),
    path("checkins/", api.Checkins.as_view()),
    path("renewals/", api.Renewals.as_view()),
    path("requests/", api_requests.Requests.as_view()),
    path("requests/<int:request_id>/", api_requests.RequestDetail.as_view()),
    path("requests/<int:request_id>/cancel/", api_requests.RequestCancel.as_view()),
    path("requests/<int:request_id>/pause/", api_requests.RequestPause.as_view()),
    path("requests/<int:request_id>/resume/", api_requests.RequestResume.as_view()),
    path("requests/<int:request_id>/pickup/", api_requests.RequestPickup.as_view()),
    path("transits/", api.Transits.as_view()),
    path("transits/<int:transit_id>/dispatch/", api.TransitDispatch.as_view()),
    path("transits/<int:transit_id>/receive/", api.TransitReceive.as_view()),
    path("statements/", api.Statements.as_view()),
]
