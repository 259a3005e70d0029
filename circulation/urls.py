"""REST addresses of circulation, below /api/v1/."""

from django.urls import path, re_path

from circulation import api, api_crates, api_quick, api_readers, api_requests, api_troubles

urlpatterns = [
    path("patrons/", api.Patrons.as_view()),
    path("merges/", api_readers.Merges.as_view()),
    path("merges/<int:merge_id>/undo/", api_readers.MergeUndo.as_view()),
    path("credentials/", api_readers.Credentials.as_view()),
    path("credentials/lost/", api_readers.CredentialLost.as_view()),
    re_path(
        r"^credentials/(?P<credential_id>\d{1,18})/(?P<event>lost|found)/$",
        api_readers.CredentialMark.as_view(),
    ),
    path("guardians/", api_readers.Guardians.as_view()),
    path("guardians/<int:link_id>/end/", api_readers.GuardianEnd.as_view()),
    path("checkouts/", api_quick.checkouts),
    path("checkins/", api_quick.checkins),
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
    path("loans/<int:loan_id>/claim/", api_troubles.LoanClaim.as_view()),
    path("loans/<int:loan_id>/lost/", api_troubles.LoanLost.as_view()),
    path("loans/<int:loan_id>/recall/", api_troubles.LoanRecall.as_view()),
    path("copies/not-found/", api_troubles.NotFoundCopies.as_view()),
    path("copies/damaged/", api_troubles.DamagedCopies.as_view()),
    path("exceptions/", api_troubles.Exceptions.as_view()),
    path("exceptions/<int:exception_id>/settle/", api_troubles.ExceptionSettle.as_view()),
    path("crates/", api_crates.Crates.as_view()),
    path("crates/<int:crate_id>/", api_crates.CrateDetail.as_view()),
    path("crates/<int:crate_id>/copies/", api_crates.CrateCopies.as_view()),
    re_path(
        r"^crates/(?P<crate_id>\d{1,15})/(?P<step>close|reopen|dispatch|receive|empty)/$",
        api_crates.CrateStep.as_view(),
    ),
    path("statements/", api.Statements.as_view()),
]
